"""The rehearsal engine: any workflow, in process, on a virtual clock.

    with Engine(Tea, start, workflow_id="jny_1", start=placed_at, activities={"touch": touch}) as engine:
        engine.run_until(placed_at + timedelta(days=3))
        engine.signal("deliver", [delivered])
        engine.run()
        assert engine.result == "completed"

What happens at the same instant happens in this order, always:
1. everything that is due when a workflow task begins belongs to that one task: signals and updates first, then
   timers and ended activities in the order in which they were set (the SDK's own order within a task);
2. what a task cancels without waiting for it is told to the workflow at once, before anything else;
3. local activities run before regular ones, each in the order in which the workflow asked;
4. an activity that takes no time has ended in the same instant, and makes the next task;
5. what a task asks of other workflows (`workflows`) is done when it is over, and they run after the one that started
   them.
`signal`, `update` and `cancel` are heard at `now`, after everything that was due by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from temporalio.api.common.v1 import Payload

from doorstep.rehearsal import _sdk, ending
from doorstep.rehearsal._sdk import Job, Told
from doorstep.rehearsal._sdk.protocol import CancelWorkflow, DoUpdate, QueryWorkflow
from doorstep.rehearsal.company import sooner
from doorstep.rehearsal.ending import Update
from doorstep.rehearsal.execution import Execution
from doorstep.rehearsal.log import micros, moment


class Engine(Execution):
    """One execution of one workflow (continue-as-new included), from its start to its end or as far as told.

    Every method that lets the workflow act raises a `RehearsalError` (`trouble.py`) when the workflow's task fails,
    spins, blocks or asks for what a rehearsal does not do. Not for use from several threads.
    """

    # --- the clock ------------------------------------------------------------------------------------

    @property
    def next_due(self) -> datetime | None:
        """When something will happen by itself: a timer, an activity's end, the start; something that it started and
        that goes on without it. None: nothing will."""
        due = self._next()
        return None if due is None else moment(due)

    def _next(self) -> int | None:
        due = None
        if not self.done:
            due = self._now if self._waiting_jobs else sooner(self._agenda.next_due(), self._limit)
        return due if self._company is None else sooner(due, self._company.next_due(self._now))

    def run_until(self, until: datetime) -> None:
        """Let happen what is due up to and including `until`; then it is `until`, unless the workflow has ended.
        Raises `ValueError` when that is past."""
        goal = micros(until)
        if goal < self._now:
            raise ValueError(f"It is {self.now:%Y-%m-%d %H:%M:%S} already: time does not go back to {until}.")
        self._run(goal)
        if not self.done:
            self._at(goal)

    def run(self) -> None:
        """Let happen whatever happens by itself: to the end, or until it waits for the outside for ever."""
        self._run(None)

    def _run(self, goal: int | None) -> None:
        agenda, company = self._agenda, self._company
        while self.ending is None:
            if self._waiting_jobs:
                self._turn(self._waiting_jobs)
                continue
            due = agenda.next_due()
            if company is not None:
                due = sooner(due, company.next_due(self._now))
            limit = self._limit
            if limit is not None and (due is None or due > limit) and (goal is None or limit <= goal):
                self.end(ending.Ending("timed_out", None), limit)
                break
            if due is None or (goal is not None and due > goal):
                return
            self._at(due)
            jobs = agenda.due(due)
            if company is not None:
                jobs += company.due(due)  # one of them may have said something to this one
            if jobs and self.ending is None:  # one of them may have taken its place, too
                self._turn([*self._waiting_jobs, *jobs])
        if company is not None:
            company.run_out(goal)

    # --- what comes from outside ------------------------------------------------------------------------

    def signal(self, name: str, *args: Any) -> None:
        """A signal, heard now. Before the workflow has run it is in its first task (signal-with-start)."""
        told = _sdk.given(args, _sdk.payloads(self.converter), self._vouched)
        self._outside(_sdk.Signalled(name, told, self._length + 1), "signalled", name)

    def update(self, name: str, *args: Any, id: str = "") -> Update:
        """An update, heard now. The answer is there when its handler has ended (`Update.done`). Raises a
        `RehearsalError` too where its validator asks for clock or chance, or blocks, which is no rejection."""
        id = id or f"update-{len(self.updates) + 1}"
        made = Update(id, name, self.definition.update_result(name), self.converter)
        self.updates[id] = made
        job = DoUpdate(
            id=id, protocol_instance_id=id, name=name, input=self._payloads(args), run_validator=True
        )
        self._outside(Job(do_update=job), "updated", name)
        return made

    def cancel(self, reason: str = "") -> None:
        """A request to cancel the workflow, heard now. A run hears one: another is without effect, as on a server."""
        if self._length and not self.done:
            self._run(self._now)  # what is due may begin another run
        if not self.done and self._cancelling():
            return
        self._outside(Job(cancel_workflow=CancelWorkflow(reason=reason)), "cancel_requested", reason)

    def _cancelling(self) -> bool:
        """Whether this run was asked to cancel before; it may be one that was rebuilt."""
        heard = (job for turn in self.turns if turn.start is self._start for job in turn.jobs)
        return any(job.HasField("cancel_workflow") for job in (*heard, *self._waiting_jobs))

    def query(self, name: str, *args: Any) -> Any:
        """A query's answer; changes nothing. Raises what the handler raises, as its failure (a `RehearsalError` where
        it asks for clock or chance, or blocks), and `Conflict` where the workflow has ended, or ends by what is due."""
        self._run(self._now)
        if self.done:
            raise ending.closed(self.workflow_id, "queried", name)
        job = QueryWorkflow(query_id="q", query_type=name, arguments=self._payloads(args))
        for command in _sdk.commands(self._activate([Job(query_workflow=job)])):
            if command.HasField("respond_to_query"):
                return ending.answer(self, command.respond_to_query, self.definition.query_result(name))
        raise AssertionError("a query has an answer or a failure")

    def _outside(self, job: Told, kind: str, name: str) -> None:
        if self.done:
            raise ending.closed(self.workflow_id, kind, name)
        if self._length:  # it runs already: first what is due by now
            self._run(self._now)
        if self.done:
            raise ending.closed(self.workflow_id, kind, name)
        self._waiting_jobs.append(job)
        self._note(kind, name, getattr(job, job.WhichOneof("variant") or ""))
        if self._length:
            self._run(self._now)

    def end(self, ending: ending.Ending, at: int) -> None:
        """Somebody else ends it, at `at` (microseconds since 1970)."""
        if not self.done:
            self._at(at)
            self.ending = ending
            self.close()
            if self._company is not None:
                self._company.part(self._now)

    # --- how it ended -----------------------------------------------------------------------------------

    @property
    def result(self) -> Any:
        """What the workflow returned. Raises its failure if it failed, `ValueError` while it runs."""
        if self.ending is None:
            raise ValueError(f"{self.workflow_id} has not ended; it is {self.now:%Y-%m-%d %H:%M:%S}.")
        return self.ending.result(self.definition.result_type, self.converter)

    @property
    def failure(self) -> BaseException | None:
        """Why the workflow failed or was cancelled; None while it runs or when it completed."""
        return None if self.ending is None else self.ending.failure(self.converter)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if self._company is not None:
            self._company.close()

    def _payloads(self, args: Sequence[Any]) -> list[Payload]:
        return self.converter.payload_converter.to_payloads(args)
