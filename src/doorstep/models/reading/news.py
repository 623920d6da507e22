"""What a journey has heard, and what keeps it from hearing the rest."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from doorstep.models.inbox import InboxEventRow, InboxStatus, InboxWebhookRow, WebhookStatus
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.views import EventView, Trouble
from doorstep.models.tables import table

LATEST = 100
_STUCK_AFTER = 3  # failed tries; fewer are the ordinary hiccups that the sweep repairs


def news_of(session: Session, order_refs: list[str], clock: Clock) -> tuple[list[EventView], list[Trouble]]:
    """The latest events about these orders, newest first, and what is held, stuck or in quarantine."""
    about = col(InboxEventRow.order_ref).in_(order_refs)
    newest = (col(InboxEventRow.received_at).desc(), col(InboxEventRow.id))
    events = session.connection().execute(
        select(table(InboxEventRow)).where(about).order_by(*newest).limit(LATEST)
    )
    found = events.all()
    views = [
        EventView(
            id=row.id,
            type=row.type,
            subject=row.subject,
            connection=row.connection_id,
            status=row.status,
            occurred=clock.moment(row.occurred_at),
            received_at=row.received_at,
            attempts=row.attempts,
            error=row.error,
        )
        for row in found
    ]
    troubles = [made for row in found if (made := _troubled(row)) is not None]
    return views, troubles + _quarantined(session, sorted({row.webhook_id for row in found}))


def _troubled(row: Any) -> Trouble | None:
    if row.status == InboxStatus.HELD:
        kind, said = "held", f"'{row.type}' waits until its order has been heard of in full."
    elif row.status == InboxStatus.PENDING and row.attempts >= _STUCK_AFTER:
        kind = "undelivered"
        said = f"'{row.type}' could not be delivered to the journey {row.attempts} times; it is tried again."
    else:
        return None
    problems = [row.error] if row.error else []
    return Trouble(
        kind=kind, id=row.id, about=row.type, received_at=row.received_at, sentence=said, problems=problems
    )


def _quarantined(session: Session, webhook_ids: list[str]) -> list[Trouble]:
    """Webhooks of these events of which a part could not be read. The bodies stay where they are."""
    if not webhook_ids:
        return []
    hooks = col(InboxWebhookRow.id), col(InboxWebhookRow.topic), col(InboxWebhookRow.received_at)
    found = session.connection().execute(
        select(*hooks, col(InboxWebhookRow.problems))
        .where(col(InboxWebhookRow.id).in_(webhook_ids))
        .where(col(InboxWebhookRow.status) == WebhookStatus.QUARANTINED)
    )
    said = "A part of this webhook could not be read; mend the cause, then redrive it."
    return [
        Trouble(
            kind="quarantined",
            id=row.id,
            about=row.topic,
            received_at=row.received_at,
            sentence=said,
            problems=[str(problem) for problem in row.problems],
        )
        for row in found
    ]
