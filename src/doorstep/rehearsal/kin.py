"""A child workflow, and what its parent is told of it. The words of failures are those of a server and the SDK's core
(measured)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import RetryState, TimeoutType, WorkflowIdReusePolicy
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
    InitializeWorkflow,
    StartFailedCause,
)
from doorstep.rehearsal.activities import backoff, retryable
from doorstep.rehearsal.ending import Ending
from doorstep.rehearsal.siphash import siphash13

if TYPE_CHECKING:
    from doorstep.rehearsal.engine import Engine

_REUSE = WorkflowIdReusePolicy
_COMPLETED = "complete_workflow_execution"
_ENDED = {_COMPLETED: "completed", "cancel_workflow_execution": "cancelled", "timed_out": "timed_out"}


class Child:
    """A workflow that another one started, retries and all. Times in microseconds since 1970."""

    def __init__(self, parent: Engine, cls: type[Any], asked: Any, at: int) -> None:
        """`asked`: the parent's command. It begins at `at`."""
        self.asked, self.detached, self.told = asked, False, False
        """`detached`: the parent hears no more of it. `told`: it has ended, and that was told."""
        self._parent, self._cls = parent, cls
        self._attempt = 1
        self._expires = _after(at, asked.workflow_execution_timeout)
        self._first = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{parent._run_id}/{asked.seq}/{asked.workflow_id}"))
        self.run_id = self._first
        self.retry_state: RetryState.ValueType = RetryState.RETRY_STATE_RETRY_POLICY_NOT_SET
        self._parental = {
            "namespace": NAMESPACE,
            "run_id": parent._run_id,
            "workflow_id": parent.workflow_id,
        }
        self.engine = self._begun(at)

    @property
    def over(self) -> bool:
        return self.engine.done

    def next_due(self) -> int | None:
        """When something happens to it."""
        due = self.engine._next()
        ends = None if self.engine.done else self._deadline
        return due if ends is None else ends if due is None else min(due, ends)

    def run(self, at: int) -> None:
        """Let happen what is due by `at`."""
        self.engine._run(at)
        if self.engine.done:
            self._again_if_told(at)
        elif self._deadline is not None and self._deadline <= at:
            self.end(Ending("timed_out", None))
            self.retry_state = RetryState.RETRY_STATE_TIMEOUT

    def end(self, ending: Ending) -> None:
        """Somebody else ends it."""
        if not self.engine.done:
            self.engine.ending = ending
            self.engine.close()
            if self.engine._company is not None:
                self.engine._company.part(self.engine._now)

    def in_words(self) -> tuple[str, str]:
        """Kind and name of a line of its parent's log."""
        ending = self.engine.ending
        return f"child_{_ENDED.get(ending.kind, 'failed') if ending else 'failed'}", self.asked.workflow_type

    def _begun(self, at: int) -> Engine:
        asked, parent = self.asked, self._parent
        company = parent._company
        assert company is not None
        engine = company.engine(self._cls, asked.workflow_id, at)
        engine.log.clear()
        self._deadline = min(
            (d for d in (self._expires, _after(at, asked.workflow_run_timeout)) if d is not None),
            default=None,
        )
        before = {} if self._attempt == 1 else {"continued_from_execution_run_id": self.run_id}
        if self._attempt > 1:
            self.run_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._first}/{self._attempt}"))
        engine._begin(
            asked.workflow_type,
            asked.input,
            self.run_id,
            siphash13(self.run_id),
            first=self._first,
            attempt=self._attempt,
            headers=asked.headers,
            memo={"fields": asked.memo},
            parent_workflow_info=self._parental,
            root_workflow=company.root(),
            **before,
        )
        return engine

    def _again_if_told(self, at: int) -> None:
        """After a failure, another attempt, if the parent asked for that."""
        ending = self.engine.ending
        if (
            ending is None
            or ending.kind != "fail_workflow_execution"
            or not self.asked.HasField("retry_policy")
        ):
            return
        policy, failure = self.asked.retry_policy, ending.command.failure
        due = at + backoff(policy, failure, self._attempt)
        if not retryable(failure, policy.non_retryable_error_types):
            self.retry_state = RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE
        elif policy.maximum_attempts and self._attempt >= policy.maximum_attempts:
            self.retry_state = RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED
        elif self._expires is not None and due > self._expires:
            self.retry_state = RetryState.RETRY_STATE_TIMEOUT
        else:
            self._attempt += 1
            self.engine = self._begun(due)


def family(start: InitializeWorkflow) -> dict[str, Any]:
    """Whose child it is, for its next run."""
    found: dict[str, Any] = {}
    if start.HasField("parent_workflow_info"):
        found["parent_workflow_info"] = start.parent_workflow_info
    if start.HasField("root_workflow"):
        found["root_workflow"] = start.root_workflow
    return found


def may_follow(known: Engine, asked: Any) -> bool:
    """Whether another may be started under the id of one that is or was there."""
    if not known.done:
        return False
    policy = asked.workflow_id_reuse_policy
    if policy == _REUSE.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
        return False
    completed = known.ending is not None and known.ending.kind == _COMPLETED
    return not (completed and policy == _REUSE.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY)


# --- what the parent is told --------------------------------------------------------------------------------


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
        cause = Failure(message="Timed out")
        cause.timeout_failure_info.timeout_type = TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE
        failure = _failure(child.asked, "Child Workflow execution timed out", cause, child)
    else:
        failure = _failure(child.asked, "Child Workflow execution failed", ending.command.failure, child)
    failure.child_workflow_execution_failure_info.retry_state = child.retry_state
    return _resolved(seq, ChildAnswer(failed=ChildFailed(failure=failure)))


def signalled(seq: int, reached: bool) -> Job:
    """A signal to another was heard, or nobody was there."""
    told = ExternalSignalled(seq=seq)
    if not reached:
        told.failure.message = "Unable to signal external workflow because it was not found"
        told.failure.application_failure_info.type = "ExternalWorkflowExecutionNotFound"
    return Job(resolve_signal_external_workflow=told)


def cancel_asked(seq: int) -> Job:
    """Another was asked to cancel."""
    return Job(resolve_request_cancel_external_workflow=ExternalCancelled(seq=seq))


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


def _after(at: int, limit: Any) -> int | None:
    lasts: timedelta = limit.ToTimedelta()
    return at + lasts // timedelta(microseconds=1) if lasts else None
