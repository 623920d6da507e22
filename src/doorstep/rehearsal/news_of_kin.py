"""What a workflow is told of others that it started, signalled or cancelled. The words of failures are those of a
server and the SDK's core (measured)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import RetryState, TimeoutType
from temporalio.api.failure.v1 import Failure

from doorstep.rehearsal._sdk import NAMESPACE, Job
from doorstep.rehearsal._sdk.protocol import (
    ChildAnswer,
    ChildCancelled,
    ChildCompleted,
    ChildEnd,
    ChildFailed,
    ChildStart,
    ChildStartCancelled,
    ChildStartFailed,
    ChildStartSucceeded,
    ExternalCancelled,
    ExternalSignalled,
    StartFailedCause,
)

if TYPE_CHECKING:
    from doorstep.rehearsal.kin import Child

_COMPLETED = "complete_workflow_execution"


def started(seq: int, child: Child) -> Job:
    """It has begun."""
    return Job(
        resolve_child_workflow_execution_start=ChildStart(
            seq=seq, succeeded=ChildStartSucceeded(run_id=child.run_id)
        )
    )


def already_there(asked: Any) -> Job:
    """There is one of that id."""
    cause = StartFailedCause.START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS
    failed = ChildStartFailed(workflow_id=asked.workflow_id, workflow_type=asked.workflow_type, cause=cause)
    return Job(resolve_child_workflow_execution_start=ChildStart(seq=asked.seq, failed=failed))


def unsent(asked: Any) -> Job:
    """It was cancelled in the very task that asked for it."""
    failure = _failure(asked, "Child Workflow Execution cancelled before scheduled: ", _cancellation())
    failure.child_workflow_execution_failure_info.retry_state = RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE
    cancelled = ChildStartCancelled(failure=failure)
    return Job(resolve_child_workflow_execution_start=ChildStart(seq=asked.seq, cancelled=cancelled))


def let_go(seq: int, child: Child) -> Job:
    """It counts as cancelled, whatever it does."""
    return _resolved(seq, ChildAnswer(cancelled=ChildCancelled(failure=_cancelled(child))))


def ended(seq: int, child: Child) -> Job:
    """How it ended."""
    ending = child.engine.ending
    assert ending is not None
    if ending.kind == _COMPLETED:
        result = ending.command.result if ending.command.HasField("result") else None
        return _resolved(seq, ChildAnswer(completed=ChildCompleted(result=result)))
    if ending.kind == "cancel_workflow_execution":
        return let_go(seq, child)
    if ending.kind == "timed_out":
        failure = _failure(child.asked, "Child Workflow execution timed out", too_long(), child)
    elif ending.kind == "terminated":
        cause = Failure()
        cause.terminated_failure_info.SetInParent()
        failure = _failure(child.asked, "Child Workflow execution terminated", cause, child)
        child.retry_state = RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE
    else:
        failure = _failure(child.asked, "Child Workflow execution failed", ending.command.failure, child)
    failure.child_workflow_execution_failure_info.retry_state = child.retry_state
    return _resolved(seq, ChildAnswer(failed=ChildFailed(failure=failure)))


def signalled(seq: int, reached: bool) -> Job:
    """A signal to another was heard, or nobody was there."""
    told = ExternalSignalled(seq=seq)
    if not reached:
        told.failure.CopyFrom(_not_found("Unable to signal external workflow because it was not found"))
    return Job(resolve_signal_external_workflow=told)


def signal_unsent(seq: int) -> Job:
    """A signal was taken back in the very task that asked for it."""
    failure = _cancellation()
    failure.message = "Signal was cancelled before being sent"
    return Job(resolve_signal_external_workflow=ExternalSignalled(seq=seq, failure=failure))


def cancel_asked(seq: int, reached: bool) -> Job:
    """Another was asked to cancel, or nobody was there."""
    told = ExternalCancelled(seq=seq)
    if not reached:
        told.failure.CopyFrom(_not_found("Unable to cancel external workflow because not found"))
    return Job(resolve_request_cancel_external_workflow=told)


def _not_found(message: str) -> Failure:
    failure = Failure(message=message)
    failure.application_failure_info.type = "ExternalWorkflowExecutionNotFound"
    return failure


def too_long() -> Failure:
    """A run's time was up."""
    failure = Failure(message="Timed out")
    failure.timeout_failure_info.timeout_type = TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE
    return failure


def _resolved(seq: int, answer: Any) -> Job:
    return Job(resolve_child_workflow_execution=ChildEnd(seq=seq, result=answer))


def _cancellation() -> Failure:
    cause = Failure()
    cause.canceled_failure_info.SetInParent()
    return cause


def _cancelled(child: Child) -> Failure:
    failure = _failure(child.asked, "Child Workflow execution cancelled", _cancellation(), child)
    failure.child_workflow_execution_failure_info.retry_state = RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE
    return failure


def _failure(asked: Any, message: str, cause: Failure, child: Child | None = None) -> Failure:
    failure = Failure(message=message, cause=cause)
    about = failure.child_workflow_execution_failure_info
    about.namespace = NAMESPACE
    about.workflow_execution.workflow_id = asked.workflow_id
    about.workflow_execution.run_id = child.run_id if child else ""
    about.workflow_type.name = asked.workflow_type
    return failure
