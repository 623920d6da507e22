"""What became of deliveries, written back to inbox and journeys. Conditional updates only, so that two processes
that delivered the same do no harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select

from doorstep.gateway.queue import Round, Waiting
from doorstep.ingest.sql import EVENTS, JOURNEYS, WEBHOOKS, setting
from doorstep.models.inbox import InboxStatus, WebhookStatus
from doorstep.models.journeys import JourneyStatus
from doorstep.models.prepared import prepared
from doorstep.models.tables import as_found
from doorstep.models.together import Step, together

GIVE_UP_AFTER = 6
"""Definite refusals of one event, after which it is kept on the record and its webhook quarantined."""
LONGEST_WAIT = timedelta(minutes=5)
SOON = timedelta(seconds=3)

_PENDING = (EVENTS.c.id == bindparam("event")) & (as_found(EVENTS.c.status) == InboxStatus.PENDING.value)
_DONE = setting(EVENTS, _PENDING, "status", "delivered_at", "error")
_LATER = setting(EVENTS, _PENDING, "attempts", "due_at", "error")
_GIVEN_UP = setting(EVENTS, _PENDING, "status", "attempts", "error")
_PROBLEMS = prepared(select(WEBHOOKS.c.problems).where(WEBHOOKS.c.id == bindparam("webhook")))
_QUARANTINE = setting(WEBHOOKS, WEBHOOKS.c.id == bindparam("webhook"), "status", "problems")
_THIS = JOURNEYS.c.id == bindparam("journey")
_TYPED = setting(JOURNEYS, _THIS & (as_found(JOURNEYS.c.type) == ""), "type")
_OPENED = setting(JOURNEYS, _THIS & (as_found(JOURNEYS.c.status) == JourneyStatus.PENDING.value), "status")
_CLOSED = setting(JOURNEYS, _THIS & (JOURNEYS.c.status != JourneyStatus.CLOSED.value), "status", "closed_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The journey has these events; `started` names the workflow type if it was started for them."""

    started: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """The journey has ended: its events stay on the order's record."""

    started: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Not delivered, and why (no personal data). `final`: asking again will not help; `away`: nobody answered;
    `soon`: a deployment is under way, so it is tried again every few seconds."""

    why: str
    final: bool = False
    away: bool = False
    soon: bool = False


Outcome = Heard | Over | Failed
Results = Mapping[str, Mapping[str, Outcome]]
"""Journey → event → what became of it there."""


@dataclass(slots=True, kw_only=True)
class Delivered:
    """How a round went, in events; `started` in journeys. `unavailable`: Temporal was not there for any."""

    delivered: int = 0
    kept: int = 0
    failed: int = 0
    started: int = 0
    unavailable: bool = False


def backoff(attempts: int) -> timedelta:
    """1 s, 2 s, 4 s … 5 min after that many failed attempts."""
    return min(timedelta(seconds=2 ** min(max(attempts, 1) - 1, 20)), LONGEST_WAIT)


def write(
    conn: Connection, round_: Round, results: Results, starts: Mapping[str, Outcome], now: datetime
) -> Delivered:
    """Writes one round. `starts`: journey → what starting (or finding it closed) came to."""
    told = Delivered()
    done: dict[InboxStatus, list[dict[str, Any]]] = {InboxStatus.KEPT: [], InboxStatus.DELIVERED: []}
    for event_id, waiting in round_.events.items():
        outcomes = [
            results.get(journey, {}).get(event_id, Failed(why="not tried"))
            for journey in round_.targets[event_id]
        ]
        if failures := [o for o in outcomes if isinstance(o, Failed)]:
            _failed(conn, waiting, failures, now, told)
            continue
        over = bool(outcomes) and all(isinstance(o, Over) for o in outcomes)
        status = InboxStatus.KEPT if over else InboxStatus.DELIVERED
        values = {"status": status.value, "delivered_at": None if over else now, "error": ""}
        done[status].append({"event": event_id, **values})
    opened = Step(_OPENED, [{"journey": j, "status": JourneyStatus.OPEN.value} for j in _started(starts)])
    kept, delivered = (Step(_DONE, done[status]) for status in (InboxStatus.KEPT, InboxStatus.DELIVERED))
    typed = Step(_TYPED, [{"journey": j, "type": kind} for j, kind in _started(starts).items()])
    ended = [journey for journey, outcome in starts.items() if isinstance(outcome, Over)]
    closing = {"status": JourneyStatus.CLOSED.value, "closed_at": now}
    closed = Step(_CLOSED, [{"journey": journey, **closing} for journey in ended])
    together(conn, [step for step in (typed, opened, closed, kept, delivered) if step.several])
    told.started, told.kept, told.delivered = opened.count, kept.count, delivered.count
    return told


def _started(starts: Mapping[str, Outcome]) -> dict[str, str]:
    """Journey → the workflow type it was started as."""
    return {
        journey: outcome.started
        for journey, outcome in starts.items()
        if not isinstance(outcome, Failed) and outcome.started
    }


def _failed(
    conn: Connection, waiting: Waiting, failures: list[Failed], now: datetime, told: Delivered
) -> None:
    attempts, why = waiting.attempts + 1, failures[0].why
    told.failed += 1
    if all(f.final for f in failures) and attempts >= GIVE_UP_AFTER:
        _GIVEN_UP.run(
            conn, {"event": waiting.id, "status": InboxStatus.KEPT.value, "attempts": attempts, "error": why}
        )
        row = _PROBLEMS.first(conn, {"webhook": waiting.webhook_id})
        sentence = f"'{waiting.envelope.type}' could not be delivered: {why}"
        problems = [*(row.problems if row else ()), sentence]
        _QUARANTINE.run(
            conn,
            {
                "webhook": waiting.webhook_id,
                "status": WebhookStatus.QUARANTINED.value,
                "problems": list(dict.fromkeys(problems)),
            },
        )
        return
    due = now + (SOON if all(f.soon for f in failures) else backoff(attempts))
    _LATER.run(conn, {"event": waiting.id, "attempts": attempts, "due_at": due, "error": why})
