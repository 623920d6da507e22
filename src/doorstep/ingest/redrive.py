"""Reads stored webhooks again, from their raw bytes, with the adapters of today.

For what was quarantined: after a deploy that knows the new field, type or status, the parts that could not be read
go on their way. Idempotent: events that are there already are not stored again, so it may be run at any time and
twice. Events that delivery gave up on (`kept`, with the error that stopped them) are put back on their way too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import col

from doorstep.errors import NotFound, NotJson, Unreadable
from doorstep.ingest.accept import take_in
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.inputs import Accepted, Answer, Connected, connected
from doorstep.ingest.sql import EVENTS, WEBHOOKS, setting
from doorstep.ingest.statements import Statements
from doorstep.models.base import Database
from doorstep.models.inbox import InboxEventRow, InboxStatus, InboxWebhookRow, WebhookStatus
from doorstep.sources.base import Reading, Source
from doorstep.sources.registry import source

_RECORD = setting(WEBHOOKS, WEBHOOKS.c.id == bindparam("webhook"), "status", "problems", "redriven_at")
_AGAIN = setting(EVENTS, EVENTS.c.id == bindparam("event"), "status", "attempts", "due_at", "error")
_STATUS = {
    Answer.QUARANTINED: WebhookStatus.QUARANTINED,
    Answer.IGNORED: WebhookStatus.IGNORED,
    Answer.ACCEPTED: WebhookStatus.READ,
}


@dataclass(slots=True, kw_only=True)
class Redriven:
    """What a redrive did. `still`: webhooks that remain in quarantine, with why."""

    webhooks: int = 0
    mended: int = 0
    events: int = 0
    requeued: int = 0
    still: dict[str, tuple[str, ...]] = field(default_factory=dict)
    journeys: set[str] = field(default_factory=set)
    persons: set[str] = field(default_factory=set)


def redrive(
    db: Database,
    now: datetime,
    webhook_id: str | None = None,
    *,
    status: WebhookStatus = WebhookStatus.QUARANTINED,
    store_id: str | None = None,
    sources: Callable[[str], Source] = source,
    limit: int = 10_000,
    secret: Callable[[], bytes] | None = None,
) -> Redriven:
    """Reads that webhook again, or all of that status (of that store), oldest first, each in a transaction of
    its own. `now` is aware UTC; `secret` as `accept_in` takes it. Raises `NotFound` for an unknown webhook; an
    erased one is left alone."""
    done = Redriven()
    for found in _chosen(db, webhook_id, status, store_id, limit):
        _again(db, found, now, sources, secret, done)
    return done


def _chosen(
    db: Database, webhook_id: str | None, status: WebhookStatus, store_id: str | None, limit: int
) -> list[str]:
    ids = select(col(InboxWebhookRow.id)).order_by(col(InboxWebhookRow.received_at), col(InboxWebhookRow.id))
    if webhook_id is not None:
        ids = ids.where(col(InboxWebhookRow.id) == webhook_id)
    else:
        ids = ids.where(col(InboxWebhookRow.status) == status)
    if store_id is not None:
        ids = ids.where(col(InboxWebhookRow.store_id) == store_id)
    with db.read() as session:
        found = list(session.execute(ids.limit(limit)).scalars())
    if webhook_id is not None and not found:
        raise NotFound(
            f"There is no webhook '{webhook_id}'.", mend="`doorstep status` lists those in quarantine."
        )
    return found


def _again(
    db: Database,
    webhook_id: str,
    now: datetime,
    sources: Callable[[str], Source],
    secret: Callable[[], bytes] | None,
    done: Redriven,
) -> None:
    with db.write() as session:
        row = session.get(InboxWebhookRow, webhook_id)
        if row is None or row.status in (WebhookStatus.ERASED, WebhookStatus.PURGED):
            return
        at = connected(session, row.connection_id, disabled_too=True)
        if at is None:
            return
        done.webhooks += 1
        reading = _read(row, at, sources)
        delivery = Delivery(
            statements=Statements(session.connection()),
            at=at,
            webhook_id=row.id,
            received_at=row.received_at,
            read_again_at=now,
            secret=secret,
        )
        told = take_in(delivery, reading, WebhookStatus(row.status))
        if not delivery.erasures and not delivery.of_the_erased:  # else it stays as the erasure left it
            _record(delivery, told, reading.ignored, now)
        done.requeued += _requeue(delivery, now)
        _count(done, row, told, delivery)


def _read(row: InboxWebhookRow, at: Connected, sources: Callable[[str], Source]) -> Reading:
    """The reading of today. What cannot be read at all stays a problem."""
    headers: Mapping[str, str] = row.headers
    try:
        return sources(at.source).read(headers, row.body, at.context(row.received_at))
    except (Unreadable, NotJson, NotFound) as error:
        return Reading(problems=(str(error),))


def _record(delivery: Delivery, told: Accepted, ignored: str, now: datetime) -> None:
    delivery.change(
        _RECORD,
        {
            "webhook": delivery.webhook_id,
            "status": _STATUS[told.status].value,
            "problems": list(told.problems) or ([ignored] if ignored else []),
            "redriven_at": now,
        },
    )


def _requeue(delivery: Delivery, now: datetime) -> int:
    given_up = delivery.conn.execute(
        select(col(InboxEventRow.id), col(InboxEventRow.order_ref), col(InboxEventRow.person_id)).where(
            col(InboxEventRow.webhook_id) == delivery.webhook_id,
            col(InboxEventRow.status) == InboxStatus.KEPT,
            col(InboxEventRow.error) != "",
        )
    ).all()
    values: dict[str, Any] = {"status": InboxStatus.PENDING.value, "attempts": 0, "due_at": now, "error": ""}
    for event in given_up:
        delivery.change(_AGAIN, {"event": event.id, **values})
    return len(given_up)


def _count(done: Redriven, row: InboxWebhookRow, told: Accepted, delivery: Delivery) -> None:
    done.events += told.events
    done.mended += row.status == WebhookStatus.QUARANTINED and told.status is not Answer.QUARANTINED
    if told.status is Answer.QUARANTINED:
        done.still[row.id] = told.problems
    done.journeys |= told.journeys
    done.persons |= told.persons
