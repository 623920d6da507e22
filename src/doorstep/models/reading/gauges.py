"""What a deployment's tables say of its state now, for metrics: counts and ages that one index answers each.

Everything is of the whole deployment, so one process tells it (the API); counts of one process are in `telemetry`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, false, func, or_, select

from doorstep.domain.outcomes import TouchState
from doorstep.models.inbox import InboxEventRow, InboxStatus, InboxWebhookRow, WebhookStatus
from doorstep.models.journeys import JourneyRow, JourneyStatus
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.tables import table

EVENTS, WEBHOOKS = table(InboxEventRow), table(InboxWebhookRow)
JOURNEYS, LEDGER = table(JourneyRow), table(LedgerRowModel)

IN_FLIGHT = timedelta(minutes=2)
"""As long as one attempt of a touch may be calling a provider (`touch.timing.RESERVATION`); older is nobody's."""
LATELY = timedelta(hours=24)
"""How long a touch of unknown fate is told of: it stays `unknown` for ever, an alarm must not."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one gauge."""

    name: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One cheap question: the gauges it answers (name → what it means), and the answer as of `now` (aware UTC)."""

    gauges: dict[str, str]
    ask: Callable[[Connection, datetime], list[Sample]]


def inbox(connection: Connection, now: datetime) -> list[Sample]:
    """Events on their way, and how long the oldest has been waiting. By the index on (status, due_at)."""
    waiting = (InboxStatus.PENDING.value, InboxStatus.HELD.value)
    asked = (
        select(EVENTS.c.status, func.count().label("n"), func.min(EVENTS.c.received_at).label("oldest"))
        .where(EVENTS.c.status.in_(waiting))
        .group_by(EVENTS.c.status)
    )
    found = {row.status: row for row in connection.execute(asked)}
    pending = found.get(InboxStatus.PENDING.value)
    held = found.get(InboxStatus.HELD.value)
    quarantined = select(func.count()).where(WEBHOOKS.c.status == WebhookStatus.QUARANTINED.value)
    return [
        Sample("doorstep_inbox_undelivered_events", pending.n if pending else 0),
        Sample("doorstep_inbox_undelivered_age_seconds", _age(now, pending.oldest if pending else None)),
        Sample("doorstep_inbox_held_events", held.n if held else 0),
        Sample("doorstep_inbox_quarantined_webhooks", connection.execute(quarantined).scalar_one()),
    ]


def journeys(connection: Connection, _now: datetime) -> list[Sample]:
    """Journeys that have not ended, by type and phase."""
    going_on = (JourneyStatus.PENDING.value, JourneyStatus.OPEN.value)
    asked = (
        select(
            JOURNEYS.c.type, JOURNEYS.c.phase, JOURNEYS.c.status, JOURNEYS.c.paused, func.count().label("n")
        )
        .where(JOURNEYS.c.status.in_(going_on))
        .group_by(JOURNEYS.c.type, JOURNEYS.c.phase, JOURNEYS.c.status, JOURNEYS.c.paused)
    )
    counts: dict[tuple[str, str], int] = {}
    paused = 0
    for row in connection.execute(asked):
        phase = "not started" if row.status == JourneyStatus.PENDING else row.phase
        counts[row.type, phase] = counts.get((row.type, phase), 0) + row.n
        paused += row.n if row.paused else 0
    return [
        *(
            Sample("doorstep_journeys_open", n, (("type", type_), ("phase", phase)))
            for (type_, phase), n in sorted(counts.items())
        ),
        Sample("doorstep_journeys_paused", paused),
    ]


def due(connection: Connection, now: datetime) -> list[Sample]:
    """How long the oldest step that is due has been waiting to be taken. By the index on (status, next_due_at);
    a paused journey waits on purpose."""
    asked = select(func.min(JOURNEYS.c.next_due_at)).where(
        JOURNEYS.c.status == JourneyStatus.OPEN.value,
        JOURNEYS.c.next_due_at < now,
        JOURNEYS.c.paused == false(),
    )
    return [Sample("doorstep_steps_oldest_due_age_seconds", _age(now, connection.execute(asked).scalar()))]


def ambiguous(connection: Connection, now: datetime) -> list[Sample]:
    """Touches of which nobody knows whether the provider took them. By the index on (state, sending_at)."""
    under_way = (TouchState.SENDING.value, TouchState.DEFERRED.value, TouchState.RESERVED.value)
    unknown = LEDGER.c.state == TouchState.UNKNOWN.value
    asked = (
        select(unknown.label("unknown"), func.count().label("n"))
        .where(
            or_(
                and_(LEDGER.c.state.in_(under_way), LEDGER.c.sending_at < now - IN_FLIGHT),
                and_(unknown, LEDGER.c.sending_at > now - LATELY),
            )
        )
        .group_by(unknown)
    )
    found = {bool(row.unknown): row.n for row in connection.execute(asked)}
    return [
        Sample("doorstep_touches_ambiguous", found.get(False, 0), (("state", "unsettled"),)),
        Sample("doorstep_touches_ambiguous", found.get(True, 0), (("state", "unknown"),)),
    ]


QUESTIONS = (
    Question(
        {
            "doorstep_inbox_undelivered_events": "Events that have not reached their journey.",
            "doorstep_inbox_undelivered_age_seconds": "Age of the oldest of them; 0 when there is none.",
            "doorstep_inbox_held_events": "Events that wait for their order to be heard of.",
            "doorstep_inbox_quarantined_webhooks": "Webhooks of which a part could not be read or delivered.",
        },
        inbox,
    ),
    Question(
        {
            "doorstep_journeys_open": "Journeys that have not ended, by workflow type and phase.",
            "doorstep_journeys_paused": "Journeys that an agent paused.",
        },
        journeys,
    ),
    Question(
        {"doorstep_steps_oldest_due_age_seconds": "How long the oldest due step of a running journey waits."},
        due,
    ),
    Question(
        {
            "doorstep_touches_ambiguous": "Touches that a provider may or may not have taken: unsettled (older than an "
            "attempt can be), unknown (of the last 24 hours)."
        },
        ambiguous,
    ),
)


def _age(now: datetime, oldest: datetime | None) -> float:
    return 0.0 if oldest is None else max((now - oldest).total_seconds(), 0.0)
