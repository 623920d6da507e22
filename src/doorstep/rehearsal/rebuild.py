"""A live workflow from its history, in memory, at any instant of its past: no worker, no server.

    engine = rebuild(await gateway.history(journey_id), registry.journeys(), at=yesterday, activities=world)
    engine.query("state")          # what it would have answered then
    engine.run_until(next_week)    # and on, with the activities it is given

Every task of the past is carried out as it was; from `at` on the engine goes on by itself. An activity under way at
`at` is attempted anew, with the functions it is given: they must know what it had done (as a ledger does).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter

from doorstep.errors import NotFound
from doorstep.rehearsal import guard, recorded
from doorstep.rehearsal._sdk import Job, Told
from doorstep.rehearsal._sdk.handing import Vouched
from doorstep.rehearsal._sdk.protocol import ActivityResolution
from doorstep.rehearsal.activities import ActivityFunction
from doorstep.rehearsal.agreement import MEND, Agreement
from doorstep.rehearsal.ending import Ending
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.execution import Execution
from doorstep.rehearsal.history_files import from_file as from_file
from doorstep.rehearsal.log import micros
from doorstep.rehearsal.recorded import LocalEnd, RecordedTask, Recording
from doorstep.rehearsal.trouble import NotDeterministic


class CodeGone(NotFound):
    """The workflow's type has no code here: only what was recorded can be told."""

    code = "code_gone"


def rebuild(
    history: WorkflowHistory,
    workflows: Mapping[str, type[Any]],
    *,
    at: datetime | None = None,
    activities: Mapping[str, ActivityFunction] | None = None,
    converter: DataConverter | None = None,
    sandboxed: bool = False,
    traced: bool = False,
    vouched: Vouched | None = None,
) -> Engine:
    """The workflow as it was at `at` (aware; by default at its last event). `workflows`: class by workflow type.
    `vouched` as the engine's.

    The history's payloads must be opened (`Gateway.history` does). Raises `CodeGone` for a type that is not there,
    `Unreadable` for no history, `NotDeterministic` where this code goes another way than the history (with the
    virtual time, and the line when `traced`), and other `RehearsalError`s where it fails.
    """
    recording = recorded.read(list(history.events))
    cls = workflows.get(recording.type)
    if cls is None:
        raise CodeGone(
            f"There is no code of '{recording.type}' here.",
            mend="Deploy that version's module (DOORSTEP_STORE_PACKAGES names a store's own), or read what was "
            "recorded.",
        )
    engine = Engine(
        cls,
        workflow_id=history.workflow_id,
        start=recording.started.event_time.ToDatetime(UTC),
        activities=activities,
        converter=converter,
        task_queue=recording.started.workflow_execution_started_event_attributes.task_queue.name,
        run_id=recording.run_id,
        sandboxed=sandboxed,
        traced=traced,
        vouched=vouched,
    )
    with guard.listening():
        _Rebuilding(engine, recording).until(None if at is None else micros(at))
    return engine


class _Rebuilding:
    """Leads an engine through a recording."""

    flags: Iterable[int] = ()

    def __init__(self, engine: Engine, recording: Recording) -> None:
        self._engine, self._recording = engine, recording
        self._scheduled: dict[int, int] = {}
        """Id of the event that scheduled an activity → its sequence number."""
        self._ends: dict[int, LocalEnd] = {}
        engine.log.clear()
        engine._adopt(recording.start(engine.workflow_id), recording.run_id)

    def until(self, at: int | None) -> None:
        """Carry out what happened by then, and leave the engine there."""
        engine, recording = self._engine, self._recording
        happened: list[Any] = []
        for task in recording.tasks:
            if at is not None and task.at > at:
                happened += task.happened
            elif not engine.done:
                self._task(task)
        happened += recording.unheard
        if at is not None:
            happened = recorded.at_or_before(happened, at)
        if not engine.done:
            last = max([at or 0, *(recorded.micros(e) for e in happened)])
            engine._at(last)
            engine._waiting_jobs += [job for event in happened if (job := self._told(event)) is not None]
            closed = recording.closed_by
            if closed is not None and (at is None or recorded.micros(closed) <= at):
                engine.ending = Ending("terminated", closed)
                engine.close()
            else:
                engine._agenda.resume(engine._now)

    def _task(self, task: RecordedTask) -> None:
        engine = self._engine
        engine._at(task.at, task.nanos)
        self.flags = task.flags
        self._ends = {end.seq: end for end in recorded.local_ends(task.commands)}
        said = len(engine.log)
        jobs = [*task.patches, *engine._waiting_jobs, *self._ended_late()]
        jobs += [job for event in task.happened if (job := self._told(event)) is not None]
        for event in task.updates:
            jobs.append(engine._expect(recorded.update(event)))
        engine._turn(jobs, self)
        Agreement(engine, task).check(engine.log[said:])
        self._as_recorded(task)

    def _told(self, event: Any) -> Job | None:
        ended = recorded.activity_end(event)
        if ended is not None:
            scheduled, told = ended
            seq, agenda = self._scheduled.get(scheduled, -1), self._engine._agenda
            if (run := agenda.activities.get(seq)) is not None:
                _name(told, run.id, run.type)
            return agenda.resolved(seq, told)
        job = recorded.job(event)
        if job is not None and job.HasField("fire_timer"):
            self._engine._agenda.timers.pop(job.fire_timer.seq, None)
        return job

    def _ended_late(self) -> list[Told]:
        """Local activities of an earlier task that ended in this one (it beat its heart meanwhile)."""
        return [job for end in list(self._ends.values()) if (job := self._end(end)) is not None]

    def settled(self, execution: Execution) -> list[Told]:
        """See `execution.Recorded`."""
        if jobs := execution._agenda.at_once():
            return jobs
        return self._ended_late()

    def _end(self, end: LocalEnd) -> Job | None:
        run = self._engine._agenda.activities.get(end.seq)
        if run is not None and not run.local:
            return None  # the answer is another's; that this one was never recorded is told by the agreement
        if run is not None and run.type != end.type:
            raise self._another(run.type, end)
        job = self._engine._agenda.resolved(end.seq, end.told)
        if job is not None:
            del self._ends[end.seq]
            self._engine._at(*divmod(end.at, 1000))
        return job

    def _another(self, now: str, end: LocalEnd) -> NotDeterministic:
        log = self._engine.log
        given = [e for e in log if e.kind == "schedule_local_activity" and e.told.seq == end.seq]
        return NotDeterministic(
            f"The code goes another way than the history: recorded was 'schedule local activity {end.type}', now it "
            f"says 'schedule local activity {now}'",
            at=self._engine.now,
            log=log,
            place=given[-1].place if given else None,
            mend=MEND,
        )

    def _as_recorded(self, task: RecordedTask) -> None:
        """Timers run from the event that started them; activities are known by the event that scheduled them."""
        agenda = self._engine._agenda
        agenda.sent()
        for event in task.commands:
            if event.HasField("timer_started_event_attributes"):
                timer = event.timer_started_event_attributes
                if int(timer.timer_id) in agenda.timers:
                    due = recorded.micros(event) + timer.start_to_fire_timeout.ToMicroseconds()
                    agenda.set_timer(int(timer.timer_id), due)
            elif event.HasField("activity_task_scheduled_event_attributes"):
                wanted = event.activity_task_scheduled_event_attributes.activity_id
                for run in agenda.activities.values():
                    if run.id == wanted and not run.local:
                        self._scheduled[event.event_id] = run.seq
                        run.scheduled = recorded.micros(event)


def _name(told: ActivityResolution, id: str, type_: str) -> None:
    """Whose end it is: its event does not say, and the error that the workflow catches does."""
    kind = told.WhichOneof("status")
    if kind in ("failed", "cancelled"):
        about = getattr(told, kind).failure.activity_failure_info
        about.activity_id, about.activity_type.name = id, type_
