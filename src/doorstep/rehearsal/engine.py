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
4. an activity that takes no time has ended in the same instant, and makes the next task.
`signal`, `update` and `cancel` are heard at `now`, after everything that was due by then.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.workflow_activation import (
    CancelWorkflow,
    DoUpdate,
    InitializeWorkflow,
    QueryWorkflow,
    SignalWorkflow,
)
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter

from doorstep.rehearsal import _sdk, ending, proving
from doorstep.rehearsal._sdk import Command, Job
from doorstep.rehearsal.activities import ActivityFunction
from doorstep.rehearsal.agenda import Agenda
from doorstep.rehearsal.ending import Ending, Update
from doorstep.rehearsal.log import COMMANDS, Entry, micros, moment
from doorstep.rehearsal.proving import Turn
from doorstep.rehearsal.trouble import Place, Refused, Spinning

#: workflow tasks in one instant before a workflow is said to spin
TASKS_IN_AN_INSTANT = 1000


_PROVEN: set[type[Any]] = set()


class Engine:
    """One execution of one workflow (continue-as-new included), from its start to its end or as far as told.

    Every method that lets the workflow act raises a `RehearsalError` (`trouble.py`) when the workflow's task fails,
    spins, blocks or asks for what a rehearsal does not do. Not for use from several threads.
    """

    def __init__(
        self,
        workflow_class: type[Any],
        *args: Any,
        workflow_id: str,
        start: datetime,
        activities: Mapping[str, ActivityFunction] | None = None,
        converter: DataConverter | None = None,
        task_queue: str = "rehearsal",
        run_id: str = "",
        seed: int | None = None,
        sandboxed: bool | None = None,
        traced: bool = False,
    ) -> None:
        """`start` (aware) is the virtual time at which it starts. `seed` is that of `workflow.random()`; by default
        it follows from the run id, and that from the workflow id.

        `sandboxed` runs it in the worker's sandbox (some 20 ms slower): clock, chance and I/O in the journey's own
        module are errors. None: sandboxed until this class has once come to its end without trouble in this
        process, and then been carried out once more with the same commands; from then on fast.
        `traced` notes beside each command where in the author's code it was given."""
        self.definition = _sdk.Definition(workflow_class)
        self.workflow_id, self.task_queue, self.traced = workflow_id, task_queue, traced
        self._proves = sandboxed is None and workflow_class not in _PROVEN
        self.sandboxed = self._proves or bool(sandboxed)
        self.turns: list[Turn] = []
        """Every activation so far, continue-as-new runs included."""
        self.converter = converter or pydantic_data_converter
        self.log: list[Entry] = []
        self.updates: dict[str, Update] = {}
        self.ending: Ending | None = None
        self.runs = 1
        """How many runs there were: one more with each continue-as-new."""
        self._now = micros(start)
        self._activities = dict(activities or {})
        self._agenda = Agenda(self.converter, workflow_id, self._function, self._note)
        self._length = 0
        self._tasks_now = 0
        self._machine: _sdk.Machine | None = None
        first = run_id or str(uuid.uuid5(uuid.NAMESPACE_URL, workflow_id))
        arguments = self.converter.payload_converter.to_payloads(args)
        self._begin(self.definition.type, arguments, first, seed if seed is not None else _sdk.seed(first))

    # --- the clock ------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """Virtual time (aware UTC)."""
        return moment(self._now)

    @property
    def next_due(self) -> datetime | None:
        """When something will happen by itself: a timer, an activity's end, the start. None: nothing will."""
        if self.done:
            return None
        due = self._now if self._waiting_jobs else self._agenda.next_due()
        return None if due is None else moment(due)

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
        while not self.done:
            if self._waiting_jobs:
                self._turn(self._waiting_jobs)
                continue
            due = self._agenda.next_due()
            if due is None or (goal is not None and due > goal):
                return
            self._at(due)
            if jobs := self._agenda.due(due):
                self._turn(jobs)

    def _at(self, at: int) -> None:
        if at != self._now:
            self._now, self._tasks_now = at, 0

    # --- what comes from outside ------------------------------------------------------------------------

    def signal(self, name: str, *args: Any) -> None:
        """A signal, heard now. Before the workflow has run it is in its first task (signal-with-start)."""
        job = SignalWorkflow(
            signal_name=name, input=self._payloads(args), originating_event_id=self._length + 1
        )
        self._outside(Job(signal_workflow=job), "signalled", name)

    def update(self, name: str, *args: Any, id: str = "") -> Update:
        """An update, heard now. The answer is there when its handler has ended (`Update.done`)."""
        id = id or f"update-{len(self.updates) + 1}"
        made = Update(id, name, self.definition.update_result(name), self.converter)
        self.updates[id] = made
        job = DoUpdate(
            id=id, protocol_instance_id=id, name=name, input=self._payloads(args), run_validator=True
        )
        self._outside(Job(do_update=job), "updated", name)
        return made

    def cancel(self, reason: str = "") -> None:
        """A request to cancel the workflow, heard now."""
        self._outside(Job(cancel_workflow=CancelWorkflow(reason=reason)), "cancel_requested", reason)

    def query(self, name: str, *args: Any) -> Any:
        """A query's answer; changes nothing. Raises what the handler raises, as its failure."""
        self._run(self._now)
        job = QueryWorkflow(query_id="q", query_type=name, arguments=self._payloads(args))
        for command in self._activate([Job(query_workflow=job)]):
            if command.HasField("respond_to_query"):
                return ending.answer(
                    command.respond_to_query, self.definition.query_result(name), self.converter
                )
        raise AssertionError("a query has an answer or a failure")

    def _outside(self, job: Job, kind: str, name: str) -> None:
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

    # --- how it ended -----------------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """The workflow has ended, in whatever way."""
        return self.ending is not None

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

    def close(self) -> None:
        """Take the workflow down where it is. Called by `with` and at its end."""
        if self._machine is not None:
            self._machine.evict()
        self._machine = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- its tasks --------------------------------------------------------------------------------------

    def _begin(self, type_: str, arguments: Sequence[Payload], run_id: str, seed: int, **more: Any) -> None:
        start = InitializeWorkflow(
            workflow_type=type_,
            workflow_id=self.workflow_id,
            arguments=arguments,
            randomness_seed=seed,
            first_execution_run_id=more.pop("first", run_id),
            original_execution_run_id=run_id,
            attempt=1,
            **more,
        )
        start.start_time.FromMicroseconds(self._now)
        start.workflow_task_timeout.FromSeconds(10)
        self._start, self._run_id, self._length = start, run_id, 0
        self._waiting_jobs: list[Job] = [Job(initialize_workflow=start)]
        self._note("started", type_, start)

    def _turn(self, jobs: list[Job]) -> None:
        """One workflow task, and what it settles at once."""
        self._waiting_jobs = []
        self._tasks_now += 1
        if self._tasks_now > TASKS_IN_AN_INSTANT or self._length > _sdk.LONGEST_HISTORY:
            raise self._spinning()
        self._length += 3
        while jobs:
            commands = self._activate(jobs)
            places = self._machine.places if self._machine and self.traced else [None] * len(commands)
            given = list(zip(commands, places, strict=True))
            for command, place in sorted(given, key=lambda c: ending.ends(c[0])):  # the last word comes last
                self._obey(command, place)
                if self.done or self._waiting_jobs:
                    return
            jobs = self._agenda.settled(self._now)
        self._agenda.send(self._now)

    def _activate(self, jobs: list[Job]) -> list[Command]:
        if self._machine is None:
            with ending.told(self):
                self._machine = self._made()
        self._length += len(jobs)
        with ending.told(self):
            commands = self._machine.activate(jobs, at=self._now, length=self._length)
        self.turns.append(Turn(self._machine.start, self._now, self._length, jobs, commands))
        return commands

    def _made(self) -> _sdk.Machine:
        return _sdk.Machine(
            self.definition,
            self._start,
            run_id=self._run_id,
            at=self._now,
            task_queue=self.task_queue,
            converter=self.converter,
            sandboxed=self.sandboxed,
            traced=self.traced,
        )

    def _obey(self, command: Command, place: Place | None) -> None:
        kind = command.WhichOneof("variant") or ""
        asked = getattr(command, kind)
        if kind not in COMMANDS:
            raise Refused(
                f"The workflow asked for '{kind}', which a rehearsal does not do",
                at=self.now,
                log=self.log,
                mend="Journeys use timers, activities, signals and updates only.",
            )
        self._length += 1
        self.log.append(Entry(self._now, kind, ending.named(kind, asked), asked, place))
        if kind == "update_response":
            self.updates[asked.protocol_instance_id].hear(asked)
        elif kind == "continue_as_new_workflow_execution":
            self._again(asked)
        elif kind in ending.ENDS:
            self.ending = Ending(kind, asked)
            self.close()
            self._proven()
        else:
            self._agenda.take(kind, asked, self._now)

    def _proven(self) -> None:
        if self._proves:
            proving.carried_out_again(self)
            _PROVEN.add(self.definition.cls)

    def _again(self, asked: Any) -> None:
        self._agenda.clear()
        self.close()
        self.runs += 1
        before, run_id = self._run_id, str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._run_id}/{self.runs}"))
        type_ = asked.workflow_type or self.definition.type
        if type_ != self.definition.type:
            raise Refused(
                f"The workflow continues as another type, '{type_}'", at=self.now, log=self.log, mend=""
            )
        memo = asked.memo or dict(self._start.memo.fields)
        self._begin(
            type_,
            asked.arguments,
            run_id,
            _sdk.seed(run_id),
            first=self._start.first_execution_run_id,
            continued_from_execution_run_id=before,
            memo={"fields": memo},
        )

    def _spinning(self) -> Spinning:
        how = (
            f"{TASKS_IN_AN_INSTANT} tasks in one instant"
            if self._tasks_now > TASKS_IN_AN_INSTANT
            else f"{_sdk.LONGEST_HISTORY} events of history, at which a server ends a workflow"
        )
        return Spinning(
            f"The workflow spins: {how}",
            at=self.now,
            log=self.log,
            place=self._machine.waits_at() if self._machine else None,
            mend="Wait for an event or a later moment in the loop.",
        )

    # --- small things -----------------------------------------------------------------------------------

    def _payloads(self, args: Sequence[Any]) -> list[Payload]:
        return self.converter.payload_converter.to_payloads(args)

    def _function(self, name: str) -> ActivityFunction:
        found = self._activities.get(name)
        if found is None:
            raise ending.no_activity(self, name, self._activities)
        return found

    def _note(self, kind: str, name: str, message: Any = None) -> None:
        self.log.append(Entry(self._now, kind, name, message))
