"""What a server's history and the engine's log each say was commanded, in one form."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory

from doorstep.rehearsal.log import Entry, value

_PATCHES = ["TemporalChangeVersion"]
"""What a worker's core tells of patches by itself."""


@dataclass(frozen=True)
class Said:
    """One command, as both tell it: kind, and what of it both know."""

    kind: str
    what: tuple[Any, ...]
    after: float
    """Seconds since the start."""

    def __repr__(self) -> str:
        return f"{self.kind}{self.what} @{self.after:.0f}s"


async def histories(client: Client, workflow_id: str, run_id: str) -> list[WorkflowHistory]:
    """Of every run, continue-as-new included."""
    found = []
    while run_id:
        found.append(await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history())
        last = found[-1].events[-1]
        run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return found


def server_said(runs: list[WorkflowHistory]) -> Iterable[Said]:
    began: datetime | None = None
    for history in runs:
        for event in history.events:
            at = event.event_time.ToDatetime(UTC)
            began = began or at
            found = _event(event, {e.event_id: e for e in history.events})
            if found is not None:
                yield Said(*found, after=(at - began).total_seconds())


def _event(event: HistoryEvent, known: dict[int, HistoryEvent]) -> tuple[str, tuple[Any, ...]] | None:
    kind = (event.WhichOneof("attributes") or "").removesuffix("_event_attributes")
    told: Any = getattr(event, f"{kind}_event_attributes")
    if kind == "timer_started":
        return "start_timer", (told.timer_id, _seconds(told.start_to_fire_timeout))
    if kind == "timer_canceled":
        return "cancel_timer", (told.timer_id,)
    if kind == "activity_task_scheduled":
        return "schedule_activity", (
            told.activity_id,
            told.activity_type.name,
            _values(told.input.payloads),
            _seconds(told.start_to_close_timeout),
        )
    if kind == "activity_task_cancel_requested":
        scheduled = known[told.scheduled_event_id].activity_task_scheduled_event_attributes
        return "request_cancel_activity", (scheduled.activity_id,)
    if kind == "marker_recorded":
        return _marker(told)
    if kind == "workflow_properties_modified":
        return "modify_workflow_properties", (_fields(told.upserted_memo.fields),)
    if kind == "upsert_workflow_search_attributes":
        keys = sorted(told.search_attributes.indexed_fields)
        return None if keys == _PATCHES else (kind, (keys,))
    if kind == "workflow_execution_update_accepted":
        return "update_response", ("accepted",)
    if kind == "workflow_execution_update_completed":
        failed = told.outcome.HasField("failure")
        return "update_response", ("rejected" if failed else "completed",)
    if kind == "workflow_execution_completed":
        return "complete_workflow_execution", (_values(told.result.payloads),)
    if kind == "workflow_execution_failed":
        return "fail_workflow_execution", (_failure(told.failure),)
    if kind == "workflow_execution_canceled":
        return "cancel_workflow_execution", ()
    if kind == "workflow_execution_continued_as_new":
        return "continue_as_new_workflow_execution", (_values(told.input.payloads),)
    assert not kind.endswith("_failed") or kind.startswith("activity_task"), event
    return None


def _marker(told: Any) -> tuple[str, tuple[Any, ...]]:
    if told.marker_name == "core_patch":
        data = json.loads(told.details["patch-data"].payloads[0].data)
        return "set_patch_marker", (data["id"], data["deprecated"])
    data = json.loads(told.details["data"].payloads[0].data)
    if told.failure.HasField("canceled_failure_info"):
        return "local_activity_cancelled", (data["activity_type"],)
    return "local_activity", (data["activity_type"], data["attempt"], told.HasField("failure"))


def engine_said(log: Iterable[Entry]) -> Iterable[Said]:
    entries = _as_sent(list(log))
    began = entries[0].micros
    for entry in entries:
        found = _entry(entry)
        if found is not None:
            yield Said(*found, after=(entry.micros - began) / 1e6)


def _as_sent(log: list[Entry]) -> list[Entry]:
    """Without what never leaves a worker: timers and activities taken back in the task that asked for them, and
    the cancelling of abandoned activities; and without the updates that a validator refused, which a server forgets."""
    dropped: set[int] = set()
    accepted: set[str] = set()
    for n, entry in enumerate(log):
        if entry.kind == "update_response":
            told: Any = entry.message
            if told.HasField("accepted"):
                accepted.add(told.protocol_instance_id)
            elif told.HasField("rejected") and told.protocol_instance_id not in accepted:
                dropped.add(n)
        undone = {"cancel_timer": "start_timer", "request_cancel_activity": "schedule_activity"}.get(
            entry.kind
        )
        for m in range(n if undone else 0):
            asked: Any = log[m]
            if asked.kind == undone and asked.message.seq == entry.message.seq:  # type: ignore[union-attr]
                if not any(e.kind in _HEARD for e in log[m:n]):
                    dropped |= {m, n}
                elif undone == "schedule_activity" and asked.message.cancellation_type == _ABANDON:
                    dropped.add(n)
    return [e for n, e in enumerate(log) if n not in dropped]


_HEARD = ("timer_fired", "signalled", "updated", "cancel_requested", "activity_completed", "activity_failed")
_ABANDON = 2


def _entry(entry: Entry) -> tuple[str, tuple[Any, ...]] | None:
    told: Any = entry.message
    kind = entry.kind
    if kind == "start_timer":
        return kind, (str(told.seq), _seconds(told.start_to_fire_timeout))
    if kind in ("cancel_timer", "request_cancel_activity"):
        return kind, (str(told.seq),)
    if kind == "schedule_activity":
        return kind, (
            told.activity_id,
            told.activity_type,
            _values(told.arguments),
            _bounded(told),
        )
    if kind in ("local_activity_completed", "local_activity_failed"):
        name, _, attempt = entry.name.partition(" ")
        return "local_activity", (name, int(attempt), kind.endswith("failed"))
    if kind == "local_activity_cancelled":
        return kind, (entry.name.partition(" ")[0],)
    if kind == "set_patch_marker":
        return kind, (told.patch_id, told.deprecated)
    if kind == "modify_workflow_properties":
        return kind, (_fields(told.upserted_memo.fields),)
    if kind == "upsert_workflow_search_attributes":
        return kind, (sorted(told.search_attributes.indexed_fields),)
    if kind == "update_response":
        return kind, (told.WhichOneof("response"),)
    if kind == "complete_workflow_execution":
        return kind, (_values([told.result]),)
    if kind == "fail_workflow_execution":
        return kind, (_failure(told.failure),)
    if kind == "cancel_workflow_execution":
        return kind, ()
    if kind == "continue_as_new_workflow_execution":
        return kind, (_values(told.arguments),)
    assert not entry.command or kind in ("schedule_local_activity", "request_cancel_local_activity"), entry
    return None


def _seconds(duration: Duration) -> float:
    return round(duration.ToNanoseconds() / 1e9, 3)


def _bounded(told: Any) -> float:
    """One attempt's limit as the server records it: never more than that of all attempts together."""
    limits = [_seconds(getattr(told, f"{name}_to_close_timeout")) for name in ("start", "schedule")]
    return min(limit for limit in limits if limit)


def _values(payloads: Iterable[Any]) -> str:
    return json.dumps([value(p) for p in payloads])


def _fields(fields: Any) -> str:
    return json.dumps({k: value(v) for k, v in sorted(fields.items())})


def _failure(failure: Any) -> tuple[str, str]:
    return failure.message, failure.application_failure_info.type
