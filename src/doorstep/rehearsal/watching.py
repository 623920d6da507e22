"""The touches of a plan, watched as they are asked for: what is ahead, on which conditions, and what would stop it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from doorstep.domain.outcomes import Defer, Outcome, OutcomeKind, RuleTrace, SkipReason, TouchState
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.rehearsal.activities import ActivityCall, ActivityFunction
from doorstep.rehearsal.conditions_told import condition_told
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.stops import stops
from doorstep.rehearsal.world import World
from doorstep.touch.ledger import outcome_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """One touch to come. `at`: when it would go, or be decided not to (aware UTC). `outcome` is the expected one."""

    step: str
    occurrence: str
    key: str
    purpose: str
    template: str
    at: datetime
    due_at: datetime
    expires_at: datetime
    outcome: str
    reason: str
    detail: str
    channel: str
    waited: tuple[str, ...]
    """Why it would wait between its due moment and `at`, as the gate's reasons, each once; empty: it would not."""
    stops: tuple[str, ...]
    """What would stop it, in words."""
    trace: tuple[RuleTrace, ...]


class Watch:
    """Watches the touches of the time ahead: what was asked, under which conditions, and what came of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._asked: dict[str, tuple[TouchRequest, tuple[str, ...]]] = {}
        self._before = {k: r for rows in world.records.rows.values() for k, r in rows.items()}
        self._waited: dict[str, list[SkipReason | None]] = {}
        self.engine: Engine | None = None
        self.came: dict[str, Outcome] = {}
        """What came of each, by its key."""
        self.waited: dict[str, None] = {}
        """The events that the journey waited for whenever it asked, as it names them."""

    def touch(self, call: ActivityCall, request: TouchRequest) -> Outcome:
        """The world's touch, watched."""
        conditions = self._conditions(request.key)
        reporter = getattr(self.engine.workflow if self.engine else None, "_reporter", None)
        self.waited |= {wait.name: None for wait in getattr(reporter, "_waits", ()) if wait.kind == "event"}
        self._asked[request.key] = (request, conditions)
        outcome = self.came[request.key] = self._world.touch(call, request)
        return outcome

    def _conditions(self, key: str) -> tuple[str, ...]:
        """What the author does not want the touch with any more, as sentences."""
        desk = getattr(self.engine.workflow if self.engine else None, "_desk", None)
        waiting = getattr(desk, "waiting", {}).get(key)
        return tuple(condition_told(c) for c in getattr(waiting, "unless", ()))

    def as_in(self, before: Watch) -> ActivityFunction:
        """A touch that comes to what it came to there; one that did not come then is taken to go. No gate is asked."""

        def touch(call: ActivityCall, request: TouchRequest) -> Outcome:
            self._asked[request.key] = (request, ())
            return before.came.get(request.key, Outcome(kind=OutcomeKind.SENT))

        return touch

    @property
    def asked(self) -> frozenset[str]:
        """The touches that were asked for in the time ahead."""
        return frozenset(self._asked)

    def sent(self) -> dict[str, datetime]:
        """The touches of the time ahead that went, and when (aware UTC)."""
        rows = [(key, row) for rows in self._world.records.rows.values() for key, row in rows.items()]
        return {
            key: row.accepted_at or row.request.due_at
            for key, row in rows
            if self._new(key, row) and outcome_of(row).kind is OutcomeKind.SENT
        }

    def ahead(self, falls: Mapping[str, tuple[str, ...]]) -> list[Ahead]:
        """Every touch that was decided in the time ahead, in order. `falls`: what else would stop it, by its key."""
        found = []
        decisions = self._world.records.decisions
        traces = {row.request.key: decision.trace for row, decision, _ in decisions}
        self._waited = {
            key: [row.reason] for key, row in self._before.items() if row.state is TouchState.DEFERRED
        }
        for row, decision, _ in decisions:
            if isinstance(decision, Defer):
                self._waited.setdefault(row.request.key, []).append(decision.reason)
        for rows in self._world.records.rows.values():
            for key, row in rows.items():
                if self._new(key, row):
                    found.append(self._touch(row, traces.get(key, ()), falls.get(key, ())))
        return sorted(found, key=lambda a: (a.at, a.key))

    def _new(self, key: str, row: LedgerRow) -> bool:
        mine = self.engine is not None and row.request.journey_id == self.engine.workflow_id
        before = self._before.get(key)
        return mine and (before is None or before.state is not row.state)

    def _touch(self, row: LedgerRow, trace: tuple[RuleTrace, ...], falls: tuple[str, ...]) -> Ahead:
        request, unless = self._asked.get(row.request.key, (row.request, ()))
        outcome = outcome_of(row)
        sent = outcome.kind is OutcomeKind.SENT
        policy = self._world.records.shop.policy
        return Ahead(
            step=request.step,
            occurrence=request.occurrence,
            key=request.key,
            purpose=request.purpose.value,
            template=request.template,
            at=_when(row, trace),
            due_at=request.due_at,
            expires_at=request.expires_at,
            outcome=outcome.kind.value,
            reason=row.reason.value if row.reason else "",
            detail=row.detail,
            channel=row.channel.value if row.channel else "",
            waited=tuple(
                dict.fromkeys(reason.value for reason in self._waited.get(request.key, ()) if reason)
            ),
            stops=stops(request, row.channel, tuple(dict.fromkeys((*unless, *falls))), policy)
            if sent
            else (),
            trace=trace,
        )


def _when(row: LedgerRow, trace: tuple[RuleTrace, ...]) -> datetime:
    """What an agent skipped ends as soon as the journey comes to it; it is looked for where it would have gone."""
    at = row.accepted_at or row.decided_at or row.request.due_at
    return max(at, row.request.due_at) if trace and trace[-1].rule == "agent" else at
