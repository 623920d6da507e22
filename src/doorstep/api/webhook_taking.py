"""One webhook from its bytes to the commit: signature on the raw bytes, decoded, read into events, written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

import structlog
from fastapi import Request

from doorstep.api.webhook_bodies import address, decoded, read_body
from doorstep.api.webhook_parts import Known, WebhookDeps
from doorstep.errors import SignatureInvalid, Unreadable
from doorstep.ingest import Accepted, Answer, Raw
from doorstep.sources.base import URL, Reading, Replying, Source
from doorstep.telemetry import tracing

log = structlog.get_logger(__name__)

LARGE = 64 * 1024
"""Bodies above this are verified and read in a thread, not in the event loop."""
Reply = tuple[str, bytes]
"""(content type, body)"""


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
