"""What a workflow waits for: its timers and its activities, and when each falls due."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from temporalio.converter import DataConverter

from doorstep.rehearsal._sdk import Job, Told
from doorstep.rehearsal._sdk.handing import Vouched
from doorstep.rehearsal._sdk.plain import ActivityCompleted, StartTimer, TimerFired
from doorstep.rehearsal._sdk.protocol import (
    ActivityCancellationType,
    ActivityFailure,
    ActivityResolution,
    Cancellation,
    DoBackoff,
    ResolveActivity,
)
from doorstep.rehearsal.activities import ActivityFunction, ActivityRun

#: On a server time always passes. The SDK rounds a delay to milliseconds, so a timer may fire a little before the
#: deadline it was for, and the next one would then last no time at all, again and again.
SHORTEST_TIMER = 1000

_TIMER, _ATTEMPT, _END, _CANCELLED = range(4)
_WAITS = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
_ABANDONS = ActivityCancellationType.ABANDON


class Agenda:
    """The pending timers and activities of one run. Times in microseconds since 1970."""

    def __init__(
        self,
        converter: DataConverter,
        workflow_id: str,
        function: Callable[[ActivityRun], ActivityFunction],
        note: Callable[..., None],
        later_first: bool = False,
        vouched: Vouched | None = None,
    ) -> None:
        """`later_first`: of two timers due in one instant the one set later fires first."""
        self._later_first, self._vouched = later_first, vouched
        self._converter, self._workflow_id = converter, workflow_id
        self._function, self._note = function, note
        self.clear()

    def clear(self) -> None:
        """Forget everything: the run is over."""
        self.timers: dict[int, int] = {}
        """Sequence number → when it fires."""
        self.activities: dict[int, ActivityRun] = {}
        self._heap: list[tuple[int, int, int, Any]] = []
        self._order = 0
        self._at_once: list[Told] = []
        self._locals: list[ActivityRun] = []
        self._unsent: list[ActivityRun] = []

    def retire(self) -> None:
        """Nothing will happen any more. It lets go of who asked, so that both are freed at once, without the garbage
        collector."""
        self.clear()
        self._function, self._note = _retired, _retired

    # --- what the workflow asks for ---------------------------------------------------------------------

    def take(self, kind: str, asked: Any, at: int) -> None:
        """A command of the workflow."""
        if kind == "start_timer":
            self.set_timer(asked.seq, at + max(lasts(asked), SHORTEST_TIMER))
        elif kind == "cancel_timer":
            self.timers.pop(asked.seq, None)
        elif kind in ("schedule_activity", "schedule_local_activity"):
            run = ActivityRun.of(asked, at)
            self.activities[run.seq] = run
            (self._locals if run.local else self._unsent).append(run)
        elif kind in ("request_cancel_activity", "request_cancel_local_activity"):
            self._cancel(asked.seq, at)

    def set_timer(self, seq: int, due: int) -> None:
        """A timer that fires at `due`."""
        self.timers[seq] = due
        self._push(due, _TIMER, seq)

    def _cancel(self, seq: int, at: int) -> None:
        run = self.activities.get(seq)
        if run is None:
            return
        run.cancel_requested = True
        unsent = run in self._locals or run in self._unsent
        if run.cancellation == _WAITS and not unsent:
            if not run.started:  # between two attempts: nobody is at work who could finish it
                run.token = self._push(at, _CANCELLED, run)
            return
        del self.activities[seq]
        if unsent:
            (self._locals if run.local else self._unsent).remove(run)
        elif run.cancellation == _ABANDONS and not run.local:
            run.abandoned, run.cancel_requested = True, False  # it goes on, retries and all
        elif run.started:
            run.abandoned = True  # the workflow has its answer; how this attempt ends interests nobody
        else:
            run.token = 0
        self._at_once.append(self._told_cancelled(run))

    # --- what falls due -----------------------------------------------------------------------------------

    def next_due(self) -> int | None:
        """When the next thing is due."""
        heap = self._heap
        while heap:
            due, order, kind, what = heap[0]
            if self.timers.get(what) == due if kind == _TIMER else what.token == order:
                return due
            heappop(heap)
        return None

    def due(self, at: int) -> list[Told]:
        """What is due at `at`, in the order in which it was set. May be nothing the workflow hears of: an attempt
        that failed and will be made again."""
        jobs: list[Told] = []
        heap, timers = self._heap, self.timers
        while heap and heap[0][0] <= at:
            due, order, kind, what = heappop(heap)
            if kind == _TIMER:
                if timers.get(what) == due:
                    del timers[what]
                    self._note("timer_fired", str(what))
                    jobs.append(TimerFired(what))
            elif what.token != order:
                continue
            elif kind == _ATTEMPT:
                self._attempt(what, at)
            else:
                what.token = 0
                job = self._told_cancelled(what) if kind == _CANCELLED else self._ended(what, at)
                if job is not None:
                    self.activities.pop(what.seq, None)
                    jobs.append(job)
        return jobs

    def settled(self, at: int) -> list[Told]:
        """What still belongs to the task under way: cancellations told at once, then local activities."""
        if self._at_once:
            return self.at_once()
        if not self._locals:
            return []
        jobs: list[Told] = []
        starting, self._locals = self._locals, []
        for run in starting:
            self._attempt(run, at)
        ended = [r for r in starting if r.token and r.due <= at]
        for run in ended:
            run.token = 0
            if (job := self._ended(run, at)) is not None:
                self.activities.pop(run.seq, None)
                jobs.append(job)
        return jobs

    def at_once(self) -> list[Told]:
        """Cancellations that the workflow is told without waiting for anybody."""
        jobs, self._at_once = self._at_once, []
        return jobs

    def resolved(self, seq: int, told: ActivityResolution) -> Job | None:
        """The end of an activity, as history tells it; None when the workflow waits for it no more."""
        run = self.activities.pop(seq, None)
        if run is None:
            return None
        self._locals = [r for r in self._locals if r is not run]
        self._unsent = [r for r in self._unsent if r is not run]
        return _resolved(run, told)

    def sent(self) -> None:
        """The task is history: its activities are under way, elsewhere."""
        for run in self._unsent:
            run.started = True
        self._unsent = []

    def resume(self, at: int) -> None:
        """After history: what is under way is attempted anew, at `at`."""
        self._locals, self._unsent = [], []
        for run in self.activities.values():
            run.started, run.due = False, at
            run.token = self._push(at, _ATTEMPT, run)

    def send(self, at: int) -> None:
        """The task is over: its activities go to whoever carries them out."""
        starting, self._unsent = self._unsent, []
        for run in starting:
            self._attempt(run, at)

    # --- activities ---------------------------------------------------------------------------------------

    def _attempt(self, run: ActivityRun, at: int) -> None:
        run.started = True
        function = self._function(run)
        ends = run.perform(function, at, self._workflow_id, self._converter, self._vouched)
        run.due = ends
        run.token = self._push(ends, _END, run)

    def _ended(self, run: ActivityRun, at: int) -> Told | None:
        run.started = False
        if run.value is not None:
            self._note(*run.told("completed"), run.value)
            return None if run.abandoned else ActivityCompleted(run.seq, run.local, run.value)
        due, state = run.retried(at)
        again = due is not None and (not run.local or due - at <= run.local_threshold)
        self._note(*run.told("attempt_failed" if again else "failed"), run.failure)
        if due is not None and again:
            run.attempt += 1
            run.due, run.before = due, run.failure
            run.token = self._push(due, _ATTEMPT, run)
            return None
        if run.abandoned:
            return None
        if due is not None:
            told = ActivityResolution(backoff=DoBackoff(attempt=run.attempt + 1))
            told.backoff.backoff_duration.FromMicroseconds(due - at)
            told.backoff.original_schedule_time.FromMicroseconds(run.scheduled)
        else:
            told = ActivityResolution(failed=ActivityFailure(failure=run.final(state)))
        return _resolved(run, told)

    def _told_cancelled(self, run: ActivityRun) -> Job:
        self._note(*run.told("cancelled"))
        return _resolved(run, ActivityResolution(cancelled=Cancellation(failure=run.cancelled())))

    def _push(self, due: int, kind: int, what: Any) -> int:
        self._order += 1
        order = -self._order if kind == _TIMER and self._later_first else self._order
        heappush(self._heap, (due, order, kind, what))
        return self._order


def _retired(*_: object) -> Any:
    raise AssertionError("the workflow was taken down")


def lasts(asked: Any) -> int:
    """Microseconds of a timer, the last one begun included."""
    if isinstance(asked, StartTimer):
        return -(-asked.nanos // 1000)
    given = asked.start_to_fire_timeout
    return int(given.seconds * 1_000_000 - (-given.nanos // 1000))


def _resolved(run: ActivityRun, told: ActivityResolution) -> Job:
    return Job(resolve_activity=ResolveActivity(seq=run.seq, result=told, is_local=run.local))
