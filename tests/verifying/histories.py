"""Histories of journeys under way: the beginning of a whole one, which is what the server held then."""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory


def cut(history: WorkflowHistory, step: str) -> WorkflowHistory:
    """As it was when it had first asked for the touch of that step and been told its outcome."""
    events, found = list(history.events), False
    for n, event in enumerate(events):
        asked = event.activity_task_scheduled_event_attributes.input.payloads
        found = found or any(f'"step":"{step}"'.encode() in payload.data for payload in asked)
        if found and event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
            return WorkflowHistory(history.workflow_id, events[:n])  # that task has not begun
    raise ValueError(f"The history has no step '{step}'.")
