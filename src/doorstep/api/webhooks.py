"""`POST /webhooks/{connection}`: what stores, carriers and providers tell us.

The way of one request: connection known (404) → body read up to a limit (413) → signature on the raw bytes (401) →
read into events (400 only for what is no JSON) → committed → 2xx. Whatever is signed and can be told from another is
kept and answered 2xx, readable or not: a 4xx there can cost the store its subscription. Temporal is not waited for.
Bodies and headers are never logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Protocol

import structlog
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from doorstep.api.limits import Limits
from doorstep.api.webhook_bodies import address, decoded, read_body
from doorstep.api.wiring import utc_now
from doorstep.errors import DoorstepError, NotFound, SignatureInvalid, Unreadable
from doorstep.ingest import Accepted, Answer, Connected, Raw, Writer, connected
from doorstep.models.base import Database
from doorstep.settings import Settings
from doorstep.sources.base import URL, Reading, Replying, Source
from doorstep.sources.registry import source
from doorstep.telemetry import metrics, tracing

log = structlog.get_logger(__name__)

LARGE = 64 * 1024
"""Bodies above this are verified and read in a thread, not in the event loop."""
Reply = tuple[str, bytes]
"""(content type, body)"""
KNOWN_SECONDS = 5.0
"""How long a connection's row is believed: a disabled one stops within that."""


class Wakes(Protocol):
    """Who is told of what was committed: the gateway's courier."""

    def wake(self, told: Accepted) -> None: ...


class WebhookAnswer(BaseModel):
    """What became of a webhook. Any of these means: kept; do not send it again."""

    model_config = ConfigDict(extra="forbid")

    status: Answer = Field(
        description="`accepted`; `duplicate`: it was here before, nothing happened; `quarantined`: kept, but a part "
        "could not be read (what could went on); `ignored`: kept, and none of our business."
    )
    events: int = Field(description="How many new events it told.")
    id: str = Field(description="The stored webhook, for `doorstep redrive`.", examples=["whk_k3v…"])


@dataclass(slots=True, kw_only=True)
class Known:
    """A connection and the secrets it had when it was looked up; they are read anew when none of them fits."""

    at: Connected
    secrets: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class WebhookDeps:
    """What the endpoint needs: `database` to look connections up, `writer` to commit, `courier` to wake after it
    (None: everything is left to the sweep), `clock` answering aware UTC, `sources` by adapter name."""

    settings: Settings
    database: Database
    writer: Writer
    courier: Wakes | None = None
    clock: Callable[[], datetime] = utc_now
    sources: Callable[[str], Source] = source
    limits: Limits | None = None
    known: dict[str, tuple[float, Known]] = field(default_factory=dict)

    async def connection(self, connection_id: str) -> Known:
        """The connection, believed for `KNOWN_SECONDS`. Raises `NotFound` for an unknown or disabled one."""
        now = asyncio.get_running_loop().time()
        held = self.known.get(connection_id)
        if held is not None and now - held[0] < KNOWN_SECONDS:
            return held[1]
        found = await asyncio.to_thread(self._look_up, connection_id)
        if found is None:
            self.known.pop(connection_id, None)
            raise NotFound(
                "There is no such connection, or it is disabled.",
                mend="Check the address that the webhook is sent to.",
                code="unknown_connection",
            )
        self.known[connection_id] = (now, found)
        return found

    def source_of(self, connection_id: str) -> str:
        """The adapter of a connection that was looked up; `none` for one that is not there."""
        held = self.known.get(connection_id)
        return "none" if held is None else held[1].at.source

    def _look_up(self, connection_id: str) -> Known | None:
        with self.database.read() as session:
            found = connected(session, connection_id)
        return None if found is None else Known(at=found, secrets=self.secrets(found))

    def secrets(self, at: Connected) -> tuple[str, ...]:
        """The connection's own; Twilio signs with the account's token, which sending needs anyway."""
        own = self.settings.connection_secrets(at.id)
        shared = self.settings.provider_secret("TWILIO_AUTH_TOKEN") if at.source == "twilio" else ""
        return own or ((shared,) if shared else ())


def build_webhooks(deps: WebhookDeps | None = None) -> APIRouter:
    """The router. Without `deps` they are `request.app.state.webhooks`, for an app that makes them when it starts."""
    router = APIRouter(tags=["webhooks"])

    @router.post(
        "/webhooks/{connection}",
        response_model=WebhookAnswer,
        summary="Take in a webhook of a store, carrier or provider",
        description="The body is the sender's own, signed as the connection's adapter expects (Shopify: "
        "`X-Shopify-Hmac-Sha256`; our own event API: Standard Webhooks 1.0; SendGrid: ECDSA; Twilio: "
        "`X-Twilio-Signature` over a form, answered in TwiML). Answered once it is committed.",
        responses={
            400: {"description": "Not JSON."},
            401: {"description": "The signature is missing, wrong or too old."},
            404: {"description": "No such connection, or it is disabled."},
            413: {"description": "Larger than `DOORSTEP_MAX_BODY_BYTES`."},
            415: {"description": "A Content-Encoding other than gzip or deflate."},
            429: {
                "description": "More than this connection may send, or too many wrong signatures from one address."
            },
            503: {"description": "Too much waits to be written; come back after `Retry-After` seconds."},
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": {"type": "object"}},
                    "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
                },
            }
        },
    )
    async def receive(
        connection: Annotated[str, Path(description="The connection's id.", max_length=200)], request: Request
    ) -> WebhookAnswer | Response:
        parts: WebhookDeps = deps if deps is not None else request.app.state.webhooks
        with tracing.span("POST /webhooks/{connection}", "server"):
            try:
                told, reply = await take(parts, connection, request)
            except DoorstepError as error:
                metrics.webhooks(parts.source_of(connection), error.code)
                if isinstance(error, SignatureInvalid) and parts.limits is not None:
                    parts.limits.wrong_one(request, "signatures")
                raise
            tracing.note(webhook=told.id, source=parts.source_of(connection), answer=told.status.value)
        metrics.webhooks(parts.source_of(connection), told.status.value)
        if reply is not None:
            return Response(reply[1], media_type=reply[0])
        return WebhookAnswer(status=told.status, events=told.events, id=told.id)

    return router


async def take(deps: WebhookDeps, connection_id: str, request: Request) -> tuple[Accepted, Reply | None]:
    """One request, from its bytes to the commit; with what its sender wants to read, if not our own answer."""
    known = await deps.connection(connection_id)
    at = known.at
    limit = deps.settings.max_body_bytes
    sent = await read_body(request, limit)
    headers = {**request.headers, URL: address(request, deps.settings.links_url)}
    now = deps.clock()

    def understand() -> tuple[Raw, Reading]:
        return _understood(deps, known, headers, sent, limit, now)

    heavy = len(sent) > LARGE or "content-encoding" in headers
    raw, reading = await asyncio.to_thread(understand) if heavy else understand()
    if deps.limits is not None:
        deps.limits.webhook(at.id, at.source)
    told = await deps.writer.accept(at, reading, raw, now)
    if told.status is Answer.QUARANTINED:
        log.warning(
            "webhook.quarantined",
            connection=at.id,
            webhook=told.id,
            topic=raw.topic,
            problems=len(told.problems),
        )
    if deps.courier is not None and (told.journeys or told.persons):
        deps.courier.wake(told)
    adapter = deps.sources(at.source)
    return told, adapter.reply(headers, raw.body, at.context(now)) if isinstance(adapter, Replying) else None


def _understood(
    deps: WebhookDeps, known: Known, headers: Mapping[str, str], sent: bytes, limit: int, now: datetime
) -> tuple[Raw, Reading]:
    """Raises `SignatureInvalid`, `NotJson`, `PayloadTooLarge` or `UnknownEncoding`; nothing else of what is sent."""
    at = known.at
    adapter = deps.sources(at.source)
    body = _verified(deps, adapter, known, headers, sent, limit, now)
    raw = Raw(
        external_id=adapter.delivery_id(headers, body),
        topic=adapter.topic(headers),
        headers=headers,
        body=body,
        trace_parent=tracing.parent(),
    )
    try:
        return raw, adapter.read(headers, body, at.context(now))
    except Unreadable as error:
        return raw, Reading(problems=(str(error),))


def _verified(
    deps: WebhookDeps,
    adapter: Source,
    known: Known,
    headers: Mapping[str, str],
    sent: bytes,
    limit: int,
    now: datetime,
) -> bytes:
    """The body, decoded, once its signature fits. Senders sign what they wrote; a proxy on the way may have
    compressed that, so both spellings are tried; and a secret may have been added since they were read."""
    body = decoded(sent, headers.get("content-encoding", ""), limit)
    spellings = (sent,) if body is sent else (sent, body)
    if _fits(adapter, headers, spellings, known.secrets, now) is None:
        return body
    known.secrets = deps.secrets(known.at)
    if not known.secrets:
        log.error("webhook.no_secret", connection=known.at.id)
        raise SignatureInvalid(
            "No secret is configured for this connection, so nothing can be verified.",
            mend="Set DOORSTEP_CONNECTION_SECRET_<ID>, or add it to the secrets file.",
        )
    refused = _fits(adapter, headers, spellings, known.secrets, now)
    if refused is not None:
        raise refused
    return body


def _fits(
    adapter: Source,
    headers: Mapping[str, str],
    spellings: tuple[bytes, ...],
    secrets: tuple[str, ...],
    now: datetime,
) -> SignatureInvalid | None:
    """None if one of the secrets signed one of the spellings, else why not."""
    refused: SignatureInvalid | None = None
    for spelling in spellings:
        try:
            adapter.verify(headers, spelling, secrets, now)
        except SignatureInvalid as error:
            refused = error
        else:
            return None
    return refused
