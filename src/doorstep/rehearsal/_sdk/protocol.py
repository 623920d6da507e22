"""The messages between Temporal's core and a workflow instance, as the SDK generates them. They are internal to it, so
the engine takes them from here."""

from __future__ import annotations

from temporalio.bridge.proto.activity_result import ActivityResolution, Cancellation, DoBackoff, Success
from temporalio.bridge.proto.activity_result import Failure as ActivityFailure
from temporalio.bridge.proto.child_workflow import Cancellation as ChildCancelled
from temporalio.bridge.proto.child_workflow import ChildWorkflowCancellationType as ChildCancellation
from temporalio.bridge.proto.child_workflow import ChildWorkflowResult as ChildAnswer
from temporalio.bridge.proto.child_workflow import Failure as ChildFailed
from temporalio.bridge.proto.child_workflow import ParentClosePolicy as ClosePolicy
from temporalio.bridge.proto.child_workflow import StartChildWorkflowExecutionFailedCause as StartFailedCause
from temporalio.bridge.proto.child_workflow import Success as ChildCompleted
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
from temporalio.bridge.proto.workflow_activation import ResolveChildWorkflowExecution as ChildEnd
from temporalio.bridge.proto.workflow_activation import ResolveChildWorkflowExecutionStart as ChildStart
from temporalio.bridge.proto.workflow_activation import (
    ResolveChildWorkflowExecutionStartCancelled as ChildStartCancelled,
)
from temporalio.bridge.proto.workflow_activation import (
    ResolveChildWorkflowExecutionStartFailure as ChildStartFailed,
)
from temporalio.bridge.proto.workflow_activation import (
    ResolveChildWorkflowExecutionStartSuccess as ChildStartSucceeded,
)
from temporalio.bridge.proto.workflow_activation import (
    ResolveRequestCancelExternalWorkflow as ExternalCancelled,
)
from temporalio.bridge.proto.workflow_activation import ResolveSignalExternalWorkflow as ExternalSignalled
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
    "ChildAnswer",
    "ChildCancellation",
    "ChildCancelled",
    "ChildCompleted",
    "ChildEnd",
    "ChildFailed",
    "ChildStart",
    "ChildStartCancelled",
    "ChildStartFailed",
    "ChildStartSucceeded",
    "ClosePolicy",
    "DoBackoff",
    "DoUpdate",
    "ExternalCancelled",
    "ExternalSignalled",
    "FireTimer",
    "InitializeWorkflow",
    "NotifyHasPatch",
    "QueryResult",
    "QueryWorkflow",
    "ResolveActivity",
    "ScheduleActivity",
    "ScheduleLocalActivity",
    "SignalWorkflow",
    "StartFailedCause",
    "Success",
    "UpdateRandomSeed",
    "UpdateResponse",
]
