"""Beside the activities: shops that left are forgotten person by person, and erased rows leave the files too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import or_, select, update

from doorstep.ingest.forgetting import forget_person
from doorstep.models.base import Database
from doorstep.models.inbox import InboxWebhookRow, WebhookStatus
from doorstep.models.orders import OrderRow
from doorstep.models.people import IdentityRow, PersonRow
from doorstep.models.privacy import PrivacyRequestRow, RequestKind
from doorstep.models.tables import table
from doorstep.privacy.scrub import scrub_if_due

log = structlog.get_logger(__name__)

SECONDS = 20.0
AT_ONCE = 50
REST = 20
"""A rewrite of the files is followed by this many times its own duration without another."""

_requests, _persons, _identities = table(PrivacyRequestRow), table(PersonRow), table(IdentityRow)
_orders, _webhooks = table(OrderRow), table(InboxWebhookRow)


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


async def forget_forever(
    database: Database,
    secret: Callable[[], bytes],
    *,
    interval: float = SECONDS,
    clock: Callable[[], datetime] = utc_now,
) -> None:
    """Looks every `interval` seconds until cancelled; survives whatever it runs into. Several workers may."""
    rest_until = 0.0
    while True:
        try:
            gone = await asyncio.to_thread(forget_shops, database, secret, clock())
            if gone:
                log.info("people of shops that left are erased", people=gone)
            if time.monotonic() >= rest_until:
                began = time.monotonic()
                if await asyncio.to_thread(scrub_if_due, database, clock()):
                    log.info("the database's files are rid of what was erased")
                    rest_until = time.monotonic() + REST * (time.monotonic() - began)
        except Exception as error:  # noqa: BLE001 - tomorrow's erasures need tomorrow's sweep
            log.warning("forgetting failed", error=type(error).__name__)
        await asyncio.sleep(interval)


def forget_shops(database: Database, secret: Callable[[], bytes], now: datetime, most: int = AT_ONCE) -> int:
    """Erases up to `most` people of shops that left, each in a transaction of its own; how many. A shop with nobody
    left is done. Safe to run twice, side by side, and to be cut off."""
    done = 0
    with database.reading() as conn:
        open_ones = conn.execute(
            select(_requests)
            .where(_requests.c.kind == RequestKind.SHOP.value, _requests.c.done_at.is_(None))
            .order_by(_requests.c.asked_at)
        ).all()
    for request in open_ones:
        actor = f"connection:{request.connection_id}"
        people = _people_of(database, request, most - done)
        if people:
            _empty_webhooks(database, request)
        for person in people:
            with database.writing() as conn:
                done += forget_person(conn, person, actor=actor, at=now, secret=secret)
        if not _people_of(database, request, 1):
            _empty_webhooks(database, request)
            with database.writing() as conn:
                this = update(_requests).where(_requests.c.id == request.id, _requests.c.done_at.is_(None))
                conn.execute(this.values(done_at=now, done_by=actor))
        if done >= most:
            break
    return done


def _people_of(database: Database, request: Any, most: int) -> list[str]:
    """Not yet erased, known by the connection's own customer id or through an order that it told."""
    known = select(_identities.c.person_id).where(
        _identities.c.store_id == request.store_id,
        _identities.c.kind == "customer",
        _identities.c.value.startswith(f"{request.connection_id}:", autoescape=True),
    )
    ordered = select(_orders.c.person_id).where(
        _orders.c.store_id == request.store_id, _orders.c.connection_id == request.connection_id
    )
    query = (
        select(_persons.c.id)
        .where(_persons.c.erased_at.is_(None), or_(_persons.c.id.in_(known), _persons.c.id.in_(ordered)))
        .order_by(_persons.c.id)
        .limit(most)
    )
    with database.reading() as conn:
        return list(conn.execute(query).scalars())


def _empty_webhooks(database: Database, request: Any) -> None:
    """Every raw webhook of the connection: whoever is named in one is forgotten."""
    with database.writing() as conn:
        conn.execute(
            update(_webhooks)
            .where(
                _webhooks.c.connection_id == request.connection_id,
                _webhooks.c.status != WebhookStatus.ERASED.value,
            )
            .values(body=b"", headers={}, problems=[], status=WebhookStatus.ERASED.value)
        )
