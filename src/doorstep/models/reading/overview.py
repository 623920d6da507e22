"""The whole installation at a glance: journeys by state, and what waits for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from doorstep.models.inbox import InboxEventRow, InboxStatus, InboxWebhookRow, WebhookStatus
from doorstep.models.journeys import JourneyRow

LATEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One webhook of which a part could not be read."""

    id: str
    connection: str
    topic: str
    received_at: datetime
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Counts, and the latest webhooks in quarantine."""

    journeys: dict[str, int]
    undelivered: int
    held: int
    quarantined: int
    webhooks: tuple[Quarantined, ...]


def overview(session: Session) -> Overview:
    """Everything at once; a count per state, not a scan of bodies."""
    by_status = select(col(JourneyRow.status), func.count()).group_by(col(JourneyRow.status))
    by_event = (
        select(col(InboxEventRow.status), func.count())
        .where(col(InboxEventRow.status).in_((InboxStatus.PENDING, InboxStatus.HELD)))
        .group_by(col(InboxEventRow.status))
    )
    stuck = col(InboxWebhookRow.status) == WebhookStatus.QUARANTINED
    connection = session.connection()
    events = {row.status: row[1] for row in connection.execute(by_event)}
    columns = (
        col(InboxWebhookRow.id),
        col(InboxWebhookRow.connection_id),
        col(InboxWebhookRow.topic),
        col(InboxWebhookRow.received_at),
        col(InboxWebhookRow.problems),
    )
    latest = select(*columns).where(stuck).order_by(col(InboxWebhookRow.received_at).desc()).limit(LATEST)
    return Overview(
        journeys={row.status: row[1] for row in connection.execute(by_status)},
        undelivered=events.get(InboxStatus.PENDING, 0),
        held=events.get(InboxStatus.HELD, 0),
        quarantined=connection.execute(
            select(func.count()).select_from(InboxWebhookRow).where(stuck)
        ).scalar_one(),
        webhooks=tuple(
            Quarantined(
                id=row.id,
                connection=row.connection_id,
                topic=row.topic,
                received_at=row.received_at,
                problems=tuple(str(problem) for problem in row.problems),
            )
            for row in connection.execute(latest)
        ),
    )
