"""Tells support where the journey stands: one projection per activation in which something changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from temporalio import workflow
from temporalio.exceptions import FailureError

from doorstep import contracts
from doorstep.contracts import ActionDone, ActionResult, JourneyView, Projection, StepRecord, Wait

if TYPE_CHECKING:
    from doorstep.workflows.core import JourneyCore

_HOPS = 3
"""Rounds of the workflow's event loop left to the other arms before looking: what changes in one
activation is told once."""

_AGAIN = timedelta(minutes=2)
"""After a projection was lost: support is told again though nothing else may change for weeks."""


class _Busy:
    """An activity is under way: what waits is about to change, so it is told once the activity has ended. What agents
    and the ledger must hear is told at once all the same. One for all activities, which may overlap."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.times = 0

    def __enter__(self) -> None:
        self.times += 1

    def __exit__(self, *_: object) -> None:
        self.times -= 1
        self._reporter._dirty = True


class _Waiting:
    """Shows what an arm waits for. Merely listening, without a deadline, there is nothing to tell."""

    __slots__ = ("_reporter", "_wait")

    def __init__(self, reporter: Reporter, wait: Wait) -> None:
        self._reporter, self._wait = reporter, wait

    def __enter__(self) -> None:
        if self._wait.until is not None:
            self._reporter._waits.append(self._wait)
            self._reporter._dirty = True

    def __exit__(self, *_: object) -> None:
        if self._wait.until is not None:
            self._reporter._waits.remove(self._wait)
            self._reporter._dirty = True


class Reporter:
    """Collects what changed and projects it with a local activity (one event of history)."""

    def __init__(self, journey: JourneyCore) -> None:
        self._journey = journey
        self._phase = "placed"
        self._waits: list[Wait] = []
        self._records: list[StepRecord] = []
        self._actions: list[ActionDone] = []
        self._exited_at: datetime | None = None
        self._told: tuple[tuple[object, ...], tuple[Wait, ...]] | None = None
        self._dirty = True
        self._revision = 0
        self._outcome = ""
        self.busy = _Busy(self)

    def changed(self) -> None:
        """Something support could see may be different now."""
        self._dirty = True

    def phase(self, name: str) -> None:
        self._phase = name
        self._dirty = True

    def exited(self, cause: str, at: datetime) -> None:
        self._exited_at = at
        self._dirty = True

    def ended(self, record: StepRecord) -> None:
        self._records.append(record)
        self._dirty = True

    def acted(self, action_id: str, result: ActionResult) -> None:
        self._actions.append(ActionDone(action_id=action_id, result=result))
        self._dirty = True

    def waiting(self, kind: str, name: str, until: datetime | None) -> _Waiting:
        """What an arm waits for until a deadline, shown for as long as the block lasts."""
        return _Waiting(self, Wait(kind=kind, name=name, until=until))

    def _all_waits(self) -> tuple[Wait, ...]:
        return (*self._journey._desk.waits(), *self._waits)

    def _course(self) -> tuple[object, ...]:
        return (self._phase, self._journey._steering.paused, self._journey._exit)

    def _news(self) -> bool:
        if not self._dirty or self._records or self._actions:
            return self._dirty
        if self._told is not None and self._told[0] == self._course():
            if self.busy.times:
                return False
            self._dirty = self._told[1] != self._all_waits()
        return self._dirty

    async def run(self) -> None:
        """Project whenever there is news, for as long as the journey lasts."""
        while True:
            await workflow.wait_condition(self._news)
            for _ in range(_HOPS):
                await workflow.wait_condition(lambda: True)
            if self._news() and not await self._project(closed=False):
                await workflow.sleep(_AGAIN)
                self._dirty = True

    async def close(self, outcome: str) -> None:
        """The last word, told surely."""
        self._outcome = outcome
        self._phase = "closed"
        await self._project(closed=True)

    async def _project(self, *, closed: bool) -> bool:
        told, records, actions = (self._course(), self._all_waits()), self._records, self._actions
        self._records, self._actions, self._dirty = [], [], False
        self._revision += 1
        self._journey._desk.shown()
        projection = Projection(
            journey_id=self._journey._start.journey_id,
            revision=self._revision,
            at=self._journey.now,
            phase=self._phase,
            waits=() if closed else told[1],
            paused=self._journey._steering.paused,
            records=tuple(records),
            actions=tuple(actions),
            closed=closed,
            outcome=self._outcome,
            exited_at=self._exited_at,
            exit_cause=self._journey._exit or "",
        )
        heard = False
        try:
            await (contracts.project_surely(projection) if closed else contracts.project(projection))
            heard = True
            self._told = told
        except FailureError:
            workflow.logger.warning("A projection was lost; the next one tells it again.")
        finally:
            if not heard:  # also when cancelled: what the ledger must hear goes with the next one
                self._records = [*records, *self._records]
                self._actions = [*actions, *self._actions]
        return heard

    def view(self) -> JourneyView:
        """The workflow's own word, for a live query."""
        return JourneyView(
            journey_id=self._journey._start.journey_id,
            phase=self._phase,
            paused=self._journey._steering.paused,
            waits=self._all_waits(),
            steps=dict(self._journey._desk.outcomes),
            exit_cause=self._journey._exit or "",
            outcome=self._outcome,
        )
