"""A history in the form in which it is kept, and back: Temporal's own protobuf, compressed."""

from __future__ import annotations

import zlib

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History
from temporalio.client import WorkflowHistory

from doorstep.models.archive import HistoryArchiveRow

FORMAT = "history/1"
LOST = "lost"

_ENDS = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
    }
)


def has_ended(history: WorkflowHistory) -> bool:
    """Whether the history has its last event."""
    return bool(history.events) and history.events[-1].event_type in _ENDS


def packed(history: WorkflowHistory) -> bytes:
    """For `HistoryArchiveRow.body`."""
    return zlib.compress(History(events=history.events).SerializeToString(), level=6)


def unpacked(row: HistoryArchiveRow) -> WorkflowHistory | None:
    """The history; None for one that was lost before it could be kept. Raises ValueError for a format that this
    release does not know."""
    if row.format == LOST:
        return None
    if row.format != FORMAT:
        raise ValueError(f"unknown format of a kept history: {row.format}")
    read = History.FromString(zlib.decompress(row.body))
    return WorkflowHistory(row.journey_id, list(read.events))


def sealed_with(body: bytes, key_id: str) -> bool:
    """Whether a payload of a kept history is sealed with that codec key: its id stands beside each, as it is. `body` as
    `HistoryArchiveRow` has it, empty for a lost one."""
    return bool(body) and key_id.encode() in zlib.decompress(body)
