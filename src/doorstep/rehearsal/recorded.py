"""A history as the workflow tasks it is made of: for each, what the workflow was told and what it answered.

Facts of Temporal relied on: a completed task was told every event since the task before it, as of its own start; its
commands follow its completion; the end of a local activity and the patches a task took are markers among them; an
update that was accepted is among them too, while its request came with the task.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from temporalio.api.enums.v1 import EventType, RetryState, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent

from doorstep.errors import Unreadable
from doorstep.rehearsal import failing
from doorstep.rehearsal._sdk import Job
from doorstep.rehearsal._sdk.protocol import (
    ActivityFailure,
    ActivityResolution,
    Cancellation,
    CancelWorkflow,
    DoBackoff,
    DoUpdate,
    FireTimer,
    InitializeWorkflow,
    NotifyHasPatch,
    SignalWorkflow,
    Success,
    UpdateRandomSeed,
)
from doorstep.rehearsal.siphash import siphash13

_CLOSED_FROM_OUTSIDE = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
)
_ACTIVITY_ENDS = {
    "completed": "",
    "failed": failing.FAILED,
    "timed_out": failing.TIMED_OUT,
    "canceled": "Activity cancelled",
}
"""How a regular activity ends, and what its failure says."""


@dataclass
class RecordedTask:
    """One completed workflow task. Times in microseconds since 1970."""

    at: int
    nanos: int
    """What `at` leaves of the nanoseconds: the workflow's clock shows them."""
    happened: list[HistoryEvent]
    flags: frozenset[int]
    commands: list[HistoryEvent] = field(default_factory=list)
    updates: list[HistoryEvent] = field(default_factory=list)

    @property
    def patches(self) -> list[Job]:
        """The patches the task took: told before all else."""
        found = []
        for event in self.commands:
            marker = event.marker_recorded_event_attributes
            if marker.marker_name == "core_patch":
                patch = json.loads(marker.details["patch-data"].payloads[0].data)["id"]
                found.append(Job(notify_has_patch=NotifyHasPatch(patch_id=patch)))
        return found


@dataclass(frozen=True)
class LocalEnd:
    """How a local activity ended, as its marker tells."""

    seq: int
    type: str
    at: int
    """Nanoseconds since 1970."""
    told: ActivityResolution


@dataclass
class Recording:
    """One run's history, read."""

    started: HistoryEvent
    tasks: list[RecordedTask]
    unheard: list[HistoryEvent]
    """What happened after the last completed task: the workflow has not been told."""
    closed_by: HistoryEvent | None
    """The event that ended it from outside (terminated, timed out), if one did."""

    @property
    def type(self) -> str:
        return self.started.workflow_execution_started_event_attributes.workflow_type.name

    @property
    def run_id(self) -> str:
        return self.started.workflow_execution_started_event_attributes.original_execution_run_id

    def start(self, workflow_id: str) -> InitializeWorkflow:
        """The start as the workflow was told it."""
        told = self.started.workflow_execution_started_event_attributes
        made = InitializeWorkflow(
            workflow_type=told.workflow_type.name,
            workflow_id=workflow_id,
            arguments=told.input.payloads,
            randomness_seed=siphash13(told.original_execution_run_id),
            headers=told.header.fields,
            identity=told.identity,
            attempt=max(told.attempt, 1),
            continued_from_execution_run_id=told.continued_execution_run_id,
            first_execution_run_id=told.first_execution_run_id,
            original_execution_run_id=told.original_execution_run_id,
            memo=told.memo,
            search_attributes=told.search_attributes,
            workflow_run_timeout=told.workflow_run_timeout,
            workflow_task_timeout=told.workflow_task_timeout,
            last_completion_result=told.last_completion_result,
            start_time=self.started.event_time,
        )
        if told.HasField("continued_failure"):
            made.continued_failure.CopyFrom(told.continued_failure)
        return made


def read(events: Sequence[HistoryEvent]) -> Recording:
    """A run's history by its tasks. Raises `Unreadable` for what is no history from its start."""
    if not events or events[0].event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
        raise Unreadable("The history does not begin with the start of a workflow.")
    tasks: list[RecordedTask] = []
    pending: list[HistoryEvent] = []
    begun: tuple[HistoryEvent, int] | None = None
    flags: frozenset[int] = frozenset()
    closed_by = None
    for event in events[1:]:
        kind = _kind(event)
        if kind == "workflow_task_started":
            begun = (event, len(pending))
        elif kind == "workflow_task_completed" and begun is not None:
            flags |= set(event.workflow_task_completed_event_attributes.sdk_metadata.lang_used_flags)
            at, nanos = divmod(begun[0].event_time.ToNanoseconds(), 1000)
            tasks.append(RecordedTask(at=at, nanos=nanos, happened=pending[: begun[1]], flags=flags))
            pending, begun = pending[begun[1] :], None
        elif kind == "workflow_execution_update_accepted":
            tasks[-1].updates.append(event)
        elif event.event_type in _CLOSED_FROM_OUTSIDE:
            closed_by = event
        elif "workflow_task_completed_event_id" in _attributes(event).DESCRIPTOR.fields_by_name:
            tasks[-1].commands.append(event)
        else:
            pending.append(event)
    return Recording(started=events[0], tasks=tasks, unheard=pending, closed_by=closed_by)


def micros(event: HistoryEvent) -> int:
    """When it happened, in microseconds since 1970."""
    return event.event_time.ToMicroseconds()


def local_ends(commands: Iterable[HistoryEvent]) -> list[LocalEnd]:
    """The local activities that ended in a task."""
    found = []
    for event in commands:
        marker = event.marker_recorded_event_attributes
        if marker.marker_name == "core_local_activity":
            data = json.loads(marker.details["data"].payloads[0].data)
            found.append(
                LocalEnd(data["seq"], data["activity_type"], _moment(data, event), _local(marker, data))
            )
    return found


def _moment(data: dict[str, Any], event: HistoryEvent) -> int:
    told = data.get("complete_time")
    return int(told["seconds"]) * 1_000_000_000 + int(told["nanos"]) if told else micros(event) * 1000


def _local(marker: Any, data: dict[str, Any]) -> ActivityResolution:
    if data.get("backoff"):
        told = ActivityResolution(backoff=DoBackoff(attempt=data["attempt"] + 1))
        told.backoff.backoff_duration.FromMicroseconds(
            int(data["backoff"]["seconds"]) * 1_000_000 + int(data["backoff"]["nanos"]) // 1000
        )
        if first := data.get("original_schedule_time"):
            told.backoff.original_schedule_time.seconds = int(first["seconds"])
            told.backoff.original_schedule_time.nanos = int(first["nanos"])
        return told
    if marker.failure.HasField("canceled_failure_info"):
        return ActivityResolution(cancelled=Cancellation(failure=marker.failure))
    if marker.HasField("failure"):
        about = {"id": str(data["activity_id"]), "type": str(data["activity_type"])}
        failure = failing.local_failed(marker.failure, **about)
        return ActivityResolution(failed=ActivityFailure(failure=failure))
    result = marker.details["result"].payloads if "result" in marker.details else []
    return ActivityResolution(completed=Success(result=result[0] if result else None))


def job(event: HistoryEvent) -> Job | None:
    """What the workflow is told of an event by itself; None for the ends of activities (`activity_end`) and for
    what it is told nothing of."""
    kind, told = _kind(event), _attributes(event)
    if kind == "timer_fired":
        return Job(fire_timer=FireTimer(seq=int(told.timer_id)))
    if kind == "workflow_execution_signaled":
        return Job(
            signal_workflow=SignalWorkflow(
                signal_name=told.signal_name,
                input=told.input.payloads,
                identity=told.identity,
                headers=told.header.fields,
                originating_event_id=event.event_id,
            )
        )
    if kind == "workflow_execution_cancel_requested":
        return Job(cancel_workflow=CancelWorkflow(reason=told.cause))
    if kind == "workflow_task_failed" and told.new_run_id:  # only a reset names a new run
        assert told.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
        return Job(update_random_seed=UpdateRandomSeed(randomness_seed=siphash13(told.new_run_id)))
    return None


def update(event: HistoryEvent) -> Job:
    """The update whose acceptance an event tells."""
    told = event.workflow_execution_update_accepted_event_attributes
    return Job(
        do_update=DoUpdate(
            id=told.accepted_request.meta.update_id,
            protocol_instance_id=told.protocol_instance_id,
            name=told.accepted_request.input.name,
            input=told.accepted_request.input.args.payloads,
            headers=told.accepted_request.input.header.fields,
            meta=told.accepted_request.meta,
            run_validator=False,
        )
    )


def activity_end(event: HistoryEvent) -> tuple[int, ActivityResolution] | None:
    """The end of a regular activity: the id of the event that scheduled it, and how it ended."""
    kind, told = _kind(event), _attributes(event)
    end = kind.removeprefix("activity_task_")
    if end == kind or end not in _ACTIVITY_ENDS:
        return None
    if end == "completed":
        result = told.result.payloads
        return told.scheduled_event_id, ActivityResolution(
            completed=Success(result=result[0] if result else None)
        )
    failure = Failure(message=_ACTIVITY_ENDS[end])
    failure.activity_failure_info.scheduled_event_id = told.scheduled_event_id
    failure.activity_failure_info.started_event_id = told.started_event_id
    if end == "canceled":
        failure.cause.canceled_failure_info.details.CopyFrom(told.details)
        failure.activity_failure_info.retry_state = RetryState.RETRY_STATE_CANCEL_REQUESTED
        return told.scheduled_event_id, ActivityResolution(cancelled=Cancellation(failure=failure))
    failure.cause.CopyFrom(told.failure)
    failure.activity_failure_info.retry_state = told.retry_state
    return told.scheduled_event_id, ActivityResolution(failed=ActivityFailure(failure=failure))


def _kind(event: HistoryEvent) -> str:
    return (event.WhichOneof("attributes") or "").removesuffix("_event_attributes")


def _attributes(event: HistoryEvent) -> Any:
    return getattr(event, event.WhichOneof("attributes") or "")


def at_or_before(events: Iterable[HistoryEvent], moment: int) -> list[HistoryEvent]:
    """Those that had happened by then."""
    return [event for event in events if micros(event) <= moment]
