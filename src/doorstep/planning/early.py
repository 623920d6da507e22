"""A journey as of an instant before its workflow began: while Temporal is away, orders and news of them wait for it,
and the workflow is then told all at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from doorstep.converter import IN_PROCESS
from doorstep.rehearsal.premises import known_at_start, start_of


def as_begun(history: WorkflowHistory, at: datetime) -> WorkflowHistory:
    """The history of the same workflow, begun at `at` (aware) with what was known by then, where it began later; else
    the history itself. Raises `Unreadable` for what is no journey of ours."""
    if not history.events or history.events[0].event_time.ToDatetime(UTC) <= at:
        return history
    start = start_of(history)
    told = replace(start, events=known_at_start(history, start, at))
    first = HistoryEvent()
    first.CopyFrom(history.events[0])
    first.event_time.FromDatetime(at)
    attributes = first.workflow_execution_started_event_attributes
    del attributes.input.payloads[:]
    attributes.input.payloads.extend(IN_PROCESS.payload_converter.to_payloads([told]))
    return WorkflowHistory(history.workflow_id, [first])
