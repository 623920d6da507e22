"""The messages between Temporal's core and a workflow instance, as the SDK generates them. They are internal to it, so
the engine takes them from here."""

from __future__ import annotations

from temporalio.bridge.proto.activity_result import ActivityResolution, Cancellation, DoBackoff, Success
from temporalio.bridge.proto.activity_result import Failure as ActivityFailure
from temporalio.bridge.proto.workflow_activation import (
    CancelWorkflow,
    DoUpdate,
    FireTimer,
    InitializeWorkflow,
    NotifyHasPatch,
    QueryWorkflow,
    ResolveActivity,
    SignalWorkflow,
    UpdateRandomSeed,
)
from temporalio.bridge.proto.workflow_commands import (
    ActivityCancellationType,
    QueryResult,
    ScheduleActivity,
    ScheduleLocalActivity,
    UpdateResponse,
)

__all__ = [
    "ActivityCancellationType",
    "ActivityFailure",
    "ActivityResolution",
    "CancelWorkflow",
    "Cancellation",
    "DoBackoff",
    "DoUpdate",
    "FireTimer",
    "InitializeWorkflow",
    "NotifyHasPatch",
    "QueryResult",
    "QueryWorkflow",
    "ResolveActivity",
    "ScheduleActivity",
    "ScheduleLocalActivity",
    "SignalWorkflow",
    "Success",
    "UpdateRandomSeed",
    "UpdateResponse",
]
