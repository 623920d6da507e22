"""The execution of one workflow: its runs, their tasks, and what it commands. `engine.Engine` is this with a clock
and a door."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import repeat
from typing import Any, Protocol

from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter

from doorstep.converter import IN_PROCESS
from doorstep.rehearsal import _sdk, ending, proving, runs
from doorstep.rehearsal._sdk import Job, PlainCommand, Said, Told
from doorstep.rehearsal._sdk.handing import Vouched
from doorstep.rehearsal._sdk.protocol import InitializeWorkflow
from doorstep.rehearsal.activities import ActivityFunction, ActivityRun
from doorstep.rehearsal.agenda import Agenda
from doorstep.rehearsal.company import ASKED, BEYOND, Company
from doorstep.rehearsal.ending import Ending, Update
from doorstep.rehearsal.log import COMMANDS, Entry, micros, moment
from doorstep.rehearsal.proving import Turn
from doorstep.rehearsal.refusing import refusal
from doorstep.rehearsal.siphash import siphash13
from doorstep.rehearsal.spinning import NOTED_FROM, TRIES, look_closely, tried_for_ever
from doorstep.rehearsal.standing import Stand
from doorstep.rehearsal.trouble import Place

_PROVEN: set[type[Any]] = set()


class Recorded(Protocol):
    """A workflow task of the past, whose answers history knows."""

    flags: Iterable[int]

    def settled(self, execution: Execution) -> list[Told]:
        """What belongs to the task still: the ends of local activities, cancellations told at once."""
        ...


class Execution:
    """One execution of one workflow, continue-as-new included."""

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
        later_first: bool = False,
        vouched: Vouched | None = None,
        workflows: Iterable[type[Any]] = (),
    ) -> None:
        """`start` (aware) is the virtual time at which it starts. `seed` is that of `workflow.random()`; by default
        it follows from the run id, and that from the workflow id.

        `sandboxed` runs it in the worker's sandbox (some 20 ms slower): clock, chance and I/O in the journey's own
        module are errors. None: sandboxed until this class has once come to its end without trouble in this
        process, and then been carried out once more with the same commands; from then on fast. (Of very many runs in
        one instant the later ones are only in the sandbox when they are carried out once more.)
        `traced` notes beside each command where in the author's code it was given. `later_first`: of two timers due in
        one instant the one set later fires first; a server fires either first. `vouched` says of a value whether JSON
        gives it back as it was: outside the sandbox it is then handed to an activity, or by it, as it is. `workflows`:
        the classes that it may start as children or continue as; they have the same activities."""
        self.definition = _sdk.Definition(workflow_class)
        self.workflow_id, self.task_queue, self.traced = workflow_id, task_queue, traced
        self._vouched = vouched
        self._chooses = sandboxed is None
        self._proves = self._chooses and workflow_class not in _PROVEN
        self.sandboxed = self._proves or bool(sandboxed)
        self.turns: list[Turn] = []
        """Every activation so far, continue-as-new runs included."""
        self.converter = converter or IN_PROCESS
        self.log: list[Entry] = []
        self.updates: dict[str, Update] = {}
        self.ending: Ending | None = None
        self.runs = 1
        """How many runs there were: one more with each continue-as-new."""
        self._now, self._nanos = micros(start), 0
        self._activities = dict(activities or {})
        self._agenda = Agenda(self.converter, workflow_id, self._function, self._note, later_first, vouched)
        self._length = 0
        self._tasks_now = 0
        self._machine: _sdk.Machine | None = None
        self._company: Company | None = None
        if workflows := (*workflows,):
            options: dict[str, Any] = {
                "activities": activities,
                "converter": converter,
                "task_queue": task_queue,
            }
            options |= {"sandboxed": sandboxed, "traced": traced, "later_first": later_first}
            self._company = Company(self, (*workflows, workflow_class), {**options, "vouched": vouched})
        first = run_id or _first_run(workflow_id)
        arguments = self.converter.payload_converter.to_payloads(args)
        self._begin(self.definition.type, arguments, first, seed if seed is not None else siphash13(first))

    @property
    def now(self) -> datetime:
        """Virtual time (aware UTC)."""
        return moment(self._now)

    @property
    def done(self) -> bool:
        """The workflow has ended, in whatever way."""
        return self.ending is not None

    @property
    def workflow(self) -> Any:
        """The live workflow object, to look at; None before it runs, after its end, and in the sandbox."""
        return None if self._machine is None or self.sandboxed else self._machine.workflow()

    def close(self) -> None:
        """Take the workflow down where it is. Called by `with` and at its end."""
        self._take_down()
        self._agenda.retire()

    def _take_down(self) -> None:
        if self._machine is not None:
            self._machine.evict()
        self._machine = None

    # --- its tasks --------------------------------------------------------------------------------------

    def _begin(self, type_: str, arguments: Sequence[Payload], run_id: str, seed: int, **more: Any) -> None:
        start = InitializeWorkflow(
            workflow_type=type_,
            workflow_id=self.workflow_id,
            arguments=arguments,
            randomness_seed=seed,
            first_execution_run_id=more.pop("first", run_id),
            original_execution_run_id=run_id,
            attempt=more.pop("attempt", 1),
            **more,
        )
        start.start_time.FromMicroseconds(self._now)
        if not start.HasField("workflow_task_timeout"):
            start.workflow_task_timeout.FromSeconds(10)
        self._adopt(start, run_id)

    def _adopt(self, start: InitializeWorkflow, run_id: str) -> None:
        """Begin a run with this start."""
        self._start, self._run_id, self._length = start, run_id, 0
        self._limit = runs.limit(start)
        self._attributes = dict(start.search_attributes.indexed_fields)
        self._waiting_jobs: list[Told] = [Job(initialize_workflow=start)]
        self._note("started", start.workflow_type, start)

    def _turn(self, jobs: list[Told], recorded: Recorded | None = None) -> None:
        """One workflow task, and what it settles at once."""
        self._waiting_jobs = []
        self._tasks_now += 1
        if self._tasks_now > NOTED_FROM[0] or self._length > NOTED_FROM[1]:
            look_closely(self, self._tasks_now, self._length)
        self._length += 3
        while jobs:
            commands = self._activate(jobs, recorded)
            places = self._machine.places if self._machine and self.traced else repeat(None)
            given: Iterable[tuple[Said, Place | None]] = zip(commands, places, strict=False)
            if any(map(ending.ends, commands[:-1])):
                given = sorted(given, key=lambda c: ending.ends(c[0]))  # the last word comes last
            for command, place in given:
                self._obey(command, place)
                if self.ending is not None or self._waiting_jobs:
                    return
            jobs = self._agenda.settled(self._now) if recorded is None else recorded.settled(self)
        if recorded is None:
            self._agenda.send(self._now)

    def _activate(self, jobs: list[Told], recorded: Recorded | None = None) -> Sequence[Said]:
        at, length = self._now * 1000 + self._nanos, self._length + len(jobs)
        try:
            machine = self._machine = self._machine or self._made()
            self._length = length
            if recorded is None:
                commands = machine.activate(jobs, at=at, length=length)
            else:
                commands = machine.activate(jobs, at=at, length=length, replaying=True, flags=recorded.flags)
        except _sdk.TurnError as error:
            raise ending.told(self, error) from None
        self.turns.append(Turn(machine.start, at, length, jobs, commands))
        return commands

    def _made(self) -> _sdk.Machine:
        return _sdk.Machine(
            self.definition,
            self._start,
            run_id=self._run_id,
            at=self._now,
            task_queue=self.task_queue,
            converter=self.converter,
            sandboxed=self.sandboxed and not self._hurries(),
            traced=self.traced,
            vouched=self._vouched,
        )

    def _hurries(self) -> bool:
        """Whether a run begins that is held against the sandbox later: after so many in this instant."""
        return self._proves and min(self.runs, self._tasks_now) > runs.FIRST

    def _obey(self, command: Said, place: Place | None) -> None:
        self._length += 1
        if isinstance(command, PlainCommand):
            self.log.append(Entry(self._now, command.kind, command.name, command, place))
            self._agenda.take(command.kind, command, self._now)
            return
        kind = command.WhichOneof("variant") or ""
        asked: Any = getattr(command, kind)
        if kind not in COMMANDS or (kind in BEYOND and not self._plays(kind, asked)):
            raise refusal(self, command, place)
        self.log.append(Entry(self._now, kind, ending.named(kind, asked), asked, place))
        if kind == "update_response":
            self.updates[asked.protocol_instance_id].hear(asked)
            wrong = ending.misdeed(self, asked.rejected) if asked.HasField("rejected") else None
            if wrong is not None:
                raise wrong
        elif kind == "continue_as_new_workflow_execution":
            self._again(asked)
        elif kind in ending.ENDS:
            self.ending = Ending(kind, asked)
            self.close()
            self._proven()
            if self._company is not None:
                self._company.part(self._now)
        elif kind == "upsert_workflow_search_attributes":
            self._attributes = runs.attributed(self._attributes, asked)
        elif self._company is not None and kind in ASKED:
            self._company.take(kind, asked)
        else:
            self._agenda.take(kind, asked, self._now)

    def _at(self, at: int, nanos: int = 0) -> None:
        if at > self._now:
            self._now, self._nanos, self._tasks_now = at, nanos, 0

    def _expect(self, job: Job) -> Job:
        """An update whose answers are to be heard."""
        told = job.do_update
        type_ = self.definition.update_result(told.name)
        self.updates[told.protocol_instance_id] = Update(told.id, told.name, type_, self.converter)
        return job

    def _proven(self) -> None:
        if self._proves:
            proving.carried_out_again(self)
            _PROVEN.update(self.definition_of(turn.start.workflow_type).cls for turn in self.turns)

    def definition_of(self, type_: str) -> _sdk.Definition:
        """That of one of its runs: it may have continued as another type."""
        if type_ == self.definition.type or self._company is None:
            return self.definition
        return _sdk.Definition(self._company.classes[type_])

    def _plays(self, kind: str, asked: Any) -> bool:
        """Whether the other workflow that a command asks for is here."""
        if self._company is not None:
            return self._company.plays(kind, asked)
        return kind not in ASKED and asked.workflow_type in ("", self.definition.type)

    def _again(self, asked: Any) -> None:
        self._agenda.clear()
        self._take_down()
        self.runs += 1
        if self._company is not None:
            self._company.part(self._now)
            self._become(self.definition_of(asked.workflow_type or self.definition.type))
        before, run_id = self._run_id, str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._run_id}/{self.runs}"))
        more = runs.kept(self._start, asked, self._attributes)
        more |= {"continued_from_execution_run_id": before}
        self._begin(self.definition.type, asked.arguments, run_id, siphash13(run_id), **more)

    def _become(self, definition: _sdk.Definition) -> None:
        """Go on as that type. Where what goes on is not proven yet, it is, in the sandbox."""
        self.definition = definition
        if self._chooses and definition.cls not in _PROVEN:
            self._proves = self.sandboxed = True

    def stands(self) -> list[Stand]:
        """Where the workflow's tasks wait in the author's code; none before it runs and after its end."""
        return [] if self._machine is None else self._machine.stands()

    # --- small things -----------------------------------------------------------------------------------

    def _function(self, run: ActivityRun) -> ActivityFunction:
        found = self._activities.get(run.type)
        if found is None:
            raise ending.no_activity(self, run.type, self._activities)
        if run.attempt > TRIES:
            raise tried_for_ever(self, f"activity '{run.type}'", run.failure)
        return found

    def _note(self, kind: str, name: str, message: Any = None) -> None:
        self.log.append(Entry(self._now, kind, name, message))


@lru_cache(maxsize=256)
def _first_run(workflow_id: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, workflow_id))
