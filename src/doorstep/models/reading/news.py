"""What a journey has heard, and what keeps it from hearing the rest."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from doorstep.domain.facts import ReviewSubmitted
from doorstep.domain.orders import BAD_RATING
from doorstep.models.inbox import InboxEventRow, InboxStatus, InboxWebhookRow, WebhookStatus
from doorstep.models.prepared import prepared
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.complaints import bad_review
from doorstep.models.reading.rows import ORDER_REFS, rows, whole
from doorstep.models.reading.views import EventView, Trouble

LATEST = 100
_STUCK_AFTER = 3  # failed tries; fewer are the ordinary hiccups that the sweep repairs


_EVENTS = whole(
    InboxEventRow,
    col(InboxEventRow.order_ref).in_(ORDER_REFS),
    order=(col(InboxEventRow.received_at).desc(), col(InboxEventRow.id)),
    limit=LATEST,
)
_WEBHOOKS = prepared(
    select(
        col(InboxWebhookRow.id),
        col(InboxWebhookRow.topic),
        col(InboxWebhookRow.received_at),
        col(InboxWebhookRow.problems),
        col(InboxWebhookRow.status),
    ).where(
        col(InboxWebhookRow.id).in_(
            select(col(InboxEventRow.webhook_id)).where(col(InboxEventRow.order_ref).in_(ORDER_REFS))
        )
    )
)
BY_ORDER = (_EVENTS, _WEBHOOKS)
"""What is asked of the journey's `order`."""


def news_of(
    session: Session, order_ref: str, clock: Clock
) -> tuple[list[EventView], list[Trouble], dict[str, str]]:
    """The latest events of that order's journey, newest first; what is held, stuck or in quarantine; and what those of
    them that are complaints are about, by fact."""
    found = rows(session, _EVENTS, order=order_ref)
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
    about = {row.fact_key: said for row in found if (said := _complained(row))}
    return views, troubles + _quarantined(session, order_ref), about


def _complained(row: Any) -> str:
    """A complaint's own words stay in the stored webhook; of a review its stars are known."""
    rating = row.data.get("rating") if row.type == ReviewSubmitted.type else None
    return bad_review(rating) if isinstance(rating, int) and rating <= BAD_RATING else ""


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


def _quarantined(session: Session, order_ref: str) -> list[Trouble]:
    """Webhooks of these events of which a part could not be read. The bodies stay where they are."""
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
        for row in rows(session, _WEBHOOKS, order=order_ref)
        if row.status == WebhookStatus.QUARANTINED
    ]
