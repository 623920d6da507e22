"""`POST /webhooks/{connection}`: what stores, carriers and providers tell us.

The way of one request: connection known (404) → body read up to a limit (413) → signature on the raw bytes (401) →
read into events (400 only for what is no JSON) → committed → 2xx. Whatever is signed and can be told from another is
kept and answered 2xx, readable or not: a 4xx there can cost the store its subscription. Temporal is not waited for.
Bodies and headers are never logged.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Protocol

import structlog
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from doorstep.api.wiring import utc_now
from doorstep.errors import BadInput, NotFound, PayloadTooLarge, SignatureInvalid, Unreadable
from doorstep.ingest import Accepted, Answer, Connected, Raw, Writer, connected
from doorstep.models.base import Database
from doorstep.settings import Settings
from doorstep.sources.base import Reading, Source, SourceContext
from doorstep.sources.registry import source

log = structlog.get_logger(__name__)

LARGE = 64 * 1024
"""Bodies above this are verified and read in a thread, not in the event loop."""
KNOWN_SECONDS = 5.0
"""How long a connection's row is believed: a disabled one stops within that."""


class Wakes(Protocol):
    """Who is told of what was committed: the gateway's courier."""

    def wake(self, told: Accepted) -> None: ...


class UnknownEncoding(BadInput):
    """A Content-Encoding that cannot be undone here."""

    code = "unknown_encoding"
    status = 415


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
class WebhookDeps:
    """What the endpoint needs: `database` to look connections up, `writer` to commit, `courier` to wake after it
    (None: everything is left to the sweep), `clock` answering aware UTC, `sources` by adapter name."""

    settings: Settings
    database: Database
    writer: Writer
    courier: Wakes | None = None
    clock: Callable[[], datetime] = utc_now
    sources: Callable[[str], Source] = source
    known: dict[str, tuple[float, Connected]] = field(default_factory=dict)

    async def connection(self, connection_id: str) -> Connected:
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

    def _look_up(self, connection_id: str) -> Connected | None:
        with self.database.read() as session:
            return connected(session, connection_id)


def build_webhooks(deps: WebhookDeps | None = None) -> APIRouter:
    """The router. Without `deps` they are `request.app.state.webhooks`, for an app that makes them when it starts."""
    router = APIRouter(tags=["webhooks"])

    @router.post(
        "/webhooks/{connection}",
        response_model=WebhookAnswer,
        summary="Take in a webhook of a store, carrier or provider",
        description="The body is the sender's own, signed as the connection's adapter expects (Shopify: "
        "`X-Shopify-Hmac-Sha256`; our own event API: Standard Webhooks 1.0). Answered once it is committed.",
        responses={
            400: {"description": "Not JSON."},
            401: {"description": "The signature is missing, wrong or too old."},
            404: {"description": "No such connection, or it is disabled."},
            413: {"description": "Larger than `DOORSTEP_MAX_BODY_BYTES`."},
            415: {"description": "A Content-Encoding other than gzip or deflate."},
            503: {"description": "Too much waits to be written; come back after `Retry-After` seconds."},
        },
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
        },
    )
    async def receive(
        connection: Annotated[str, Path(description="The connection's id.", max_length=200)], request: Request
    ) -> WebhookAnswer:
        parts: WebhookDeps = deps if deps is not None else request.app.state.webhooks
        told = await take(parts, connection, request)
        return WebhookAnswer(status=told.status, events=told.events, id=told.id)

    return router


async def take(deps: WebhookDeps, connection_id: str, request: Request) -> Accepted:
    """One request, from its bytes to the commit."""
    at = await deps.connection(connection_id)
    limit = deps.settings.max_body_bytes
    sent = await read_body(request, limit)
    headers = dict(request.headers.items())
    now = deps.clock()

    def understand() -> tuple[Raw, Reading]:
        return _understood(deps, at, headers, sent, limit, now)

    heavy = len(sent) > LARGE or "content-encoding" in headers
    raw, reading = await asyncio.to_thread(understand) if heavy else understand()
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
    return told


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body, refused as soon as it is known to be larger than `limit` bytes. Raises `PayloadTooLarge`."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The body is larger than {limit} bytes; nothing was stored.",
        mend="Send less at a time, or raise DOORSTEP_MAX_BODY_BYTES.",
    )


def _understood(
    deps: WebhookDeps, at: Connected, headers: Mapping[str, str], sent: bytes, limit: int, now: datetime
) -> tuple[Raw, Reading]:
    """Raises `SignatureInvalid`, `NotJson`, `PayloadTooLarge` or `UnknownEncoding`; nothing else of what is sent."""
    adapter = deps.sources(at.source)
    body = _verified(deps, adapter, at, headers, sent, limit, now)
    raw = Raw(
        external_id=adapter.delivery_id(headers, body),
        topic=adapter.topic(headers),
        headers=headers,
        body=body,
    )
    context = SourceContext(
        connection_id=at.id,
        store_id=at.store_id,
        received_at=now,
        currency=at.currency,
        country=at.country,
    )
    try:
        return raw, adapter.read(headers, body, context)
    except Unreadable as error:
        return raw, Reading(problems=(str(error),))


def _verified(
    deps: WebhookDeps,
    adapter: Source,
    at: Connected,
    headers: Mapping[str, str],
    sent: bytes,
    limit: int,
    now: datetime,
) -> bytes:
    """The body, decoded, once its signature fits. Senders sign what they wrote; a proxy on the way may have
    compressed that, so both spellings are tried."""
    secrets = deps.settings.connection_secrets(at.id)
    if not secrets:
        log.error("webhook.no_secret", connection=at.id)
        raise SignatureInvalid(
            "No secret is configured for this connection, so nothing can be verified.",
            mend="Set DOORSTEP_CONNECTION_SECRET_<ID>, or add it to the secrets file.",
        )
    body = decoded(sent, headers.get("content-encoding", ""), limit)
    try:
        adapter.verify(headers, sent, secrets, now)
    except SignatureInvalid:
        if body is sent:
            raise
        adapter.verify(headers, body, secrets, now)
    return body


def decoded(sent: bytes, encoding: str, limit: int) -> bytes:
    """The body without its Content-Encoding, at most `limit` bytes of it: a small upload must not unfold into a
    large memory. Raises `UnknownEncoding`, `PayloadTooLarge`, or `BadInput` for a damaged one."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return sent
    if name not in ("gzip", "x-gzip", "deflate"):
        raise UnknownEncoding("This Content-Encoding is not understood.", mend="Send it plain, or as gzip.")
    undo: Any = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, by its first bytes
    try:
        body: bytes = undo.decompress(sent, limit + 1)
    except zlib.error:
        raise BadInput("The compressed body is damaged.", mend="Send it again.") from None
    if len(body) > limit:
        raise _too_large(limit)
    if not undo.eof:
        raise BadInput("The compressed body is cut off.", mend="Send it again.")
    return body
