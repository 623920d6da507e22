"""The workflow's own word beside the tables: what differs, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from doorstep.api.schemas.journeys import Difference, Live, LiveWait
from doorstep.contracts import JourneyView
from doorstep.domain.outcomes import OutcomeKind
from doorstep.models.reading.sentences import OPEN
from doorstep.models.reading.views import JourneyDetail

_GOING_ON = (OPEN, OutcomeKind.DEFERRED)


def compared(view: JourneyView, detail: JourneyDetail, at: datetime) -> tuple[Live, list[Difference]]:
    """The live word and every difference. `at` (aware UTC) is when it was asked."""
    live = Live(
        asked_at=at,
        phase=view.phase,
        paused=view.paused,
        outcome=view.outcome,
        exit_cause=view.exit_cause,
        waits=[
            LiveWait(kind=wait.kind, name=wait.name, occurrence=wait.occurrence, until=wait.until)
            for wait in view.waits
        ],
        steps={key: outcome.kind.value for key, outcome in sorted(view.steps.items())},
    )
    fields = ("phase", "paused", "outcome", "exit_cause")
    made = [
        Difference(field=name, live=getattr(live, name), table=getattr(detail, name))
        for name in fields
        if getattr(live, name) != getattr(detail, name)
    ]
    return live, made + _waits(live, detail) + _steps(live, detail)


def _waits(live: Live, detail: JourneyDetail) -> list[Difference]:
    told = {_named(w.kind, w.name, w.occurrence): _stamp(w.until) for w in live.waits}
    known = {
        _named(w.kind, w.name, w.occurrence): _stamp(w.until.utc if w.until else None) for w in detail.waits
    }
    return [
        Difference(field=f"waits.{name}", live=told.get(name), table=known.get(name))
        for name in _all(told, known)
        if told.get(name) != known.get(name)
    ]


def _steps(live: Live, detail: JourneyDetail) -> list[Difference]:
    """A touch that is open or deferred in the ledger is no difference: the workflow keeps how it ended."""
    known = {step.key: step.outcome for step in detail.steps if step.outcome not in _GOING_ON}
    told = dict(live.steps)
    return [
        Difference(field=f"steps.{key}", live=told.get(key), table=known.get(key))
        for key in _all(told, known)
        if told.get(key) != known.get(key)
    ]


def _named(kind: str, name: str, occurrence: str) -> str:
    return f"{kind}:{name}:{occurrence}" if occurrence else f"{kind}:{name}"


def _stamp(until: datetime | None) -> str:
    return until.isoformat(timespec="seconds") if until else "open-ended"


def _all(one: dict[str, Any], other: dict[str, Any]) -> Iterable[str]:
    return sorted({*one, *other})
