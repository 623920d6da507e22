"""A child workflow: its attempts, its limits of time, and whether another may follow it under its id."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import RetryState, WorkflowIdReusePolicy
from temporalio.api.failure.v1 import Failure

from doorstep.rehearsal._sdk import NAMESPACE
from doorstep.rehearsal.ending import Ending
from doorstep.rehearsal.news_of_kin import too_long
from doorstep.rehearsal.retrying import backoff, retryable
from doorstep.rehearsal.siphash import siphash13
from doorstep.rehearsal.spinning import TRIES, tried_for_ever

if TYPE_CHECKING:
    from doorstep.rehearsal.engine import Engine

_REUSE = WorkflowIdReusePolicy
_COMPLETED, _FAILED = "complete_workflow_execution", "fail_workflow_execution"
_ENDED = {
    _COMPLETED: "completed",
    "cancel_workflow_execution": "cancelled",
    "timed_out": "timed_out",
    "terminated": "terminated",
}


class Child:
    """A workflow that another one started, retries and all. Times in microseconds since 1970."""

    def __init__(self, parent: Engine, asked: Any, at: int) -> None:
        """`asked`: the parent's command. It begins at `at`."""
        self.asked, self.detached, self.told = asked, False, False
        """`detached`: the parent hears no more of it. `told`: it has ended, and that was told."""
        self._parent = parent
        self._attempt, self._runs = 1, 1
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

    @property
    def _deadline(self) -> int | None:
        """When it is ended: no run of it lasts longer than its limit, and all together no longer than theirs."""
        start = self.engine._start
        begun = start.start_time.ToMicroseconds()
        limits = (self._expires, _after(begun, start.workflow_run_timeout))
        return min((limit for limit in limits if limit is not None), default=None)

    def run(self, at: int) -> None:
        """Let happen what is due by `at`."""
        self.engine._run(at)
        ending = self.engine.ending
        if ending is not None:
            if ending.kind == _FAILED and not self.told:
                self._again_if_told(ending.command.failure, at)
        elif self._deadline is not None and self._deadline <= at:
            self.end(Ending("timed_out", None))
            if self._deadline == self._expires:
                self.retry_state = RetryState.RETRY_STATE_TIMEOUT
            else:
                self._again_if_told(too_long(), at)

    def end(self, ending: Ending) -> None:
        """Somebody else ends it."""
        self.engine.end(ending, self.engine._now)

    def in_words(self) -> tuple[str, str]:
        """Kind and name of a line of its parent's log."""
        ending = self.engine.ending
        return f"child_{_ENDED.get(ending.kind, 'failed') if ending else 'failed'}", self.asked.workflow_type

    def _begun(self, at: int, before: Engine | None = None) -> Engine:
        """It begins at `at`, as asked; after the run of `before` that failed, as that one had begun."""
        asked, parent = self.asked, self._parent
        type_, arguments = asked.workflow_type, asked.input
        if before is not None:
            type_, arguments = before._start.workflow_type, before._start.arguments
        company = parent._company
        assert company is not None
        engine = company.engine(company.classes[type_], asked.workflow_id, at)
        engine.log.clear()
        more = {} if before is None else {"continued_from_execution_run_id": before._run_id}
        if before is not None:
            self.run_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{before._run_id}/{self._attempt}"))
        engine._begin(
            type_,
            arguments,
            self.run_id,
            siphash13(self.run_id),
            first=self._first,
            attempt=self._attempt,
            headers=asked.headers,
            memo={"fields": asked.memo},
            workflow_run_timeout=asked.workflow_run_timeout,
            parent_workflow_info=self._parental,
            root_workflow=company.root(),
            **more,
        )
        return engine

    def _again_if_told(self, failure: Failure, at: int) -> None:
        """After a failure, another attempt, if the parent asked for that."""
        if not self.asked.HasField("retry_policy"):
            return
        policy = self.asked.retry_policy
        if self.engine.runs > self._runs:  # it has continued as new since, and is counted anew
            self._attempt, self._runs = 1, self.engine.runs
        due = at + backoff(policy, failure, self._attempt)
        if not retryable(failure, policy.non_retryable_error_types):
            self.retry_state = RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE
        elif policy.maximum_attempts and self._attempt >= policy.maximum_attempts:
            self.retry_state = RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED
        elif self._expires is not None and due > self._expires:
            self.retry_state = RetryState.RETRY_STATE_TIMEOUT
        else:
            self._attempt, self._runs = self._attempt + 1, 1
            if self._attempt > TRIES:
                raise tried_for_ever(self._parent, f"child '{self.asked.workflow_type}'", failure)
            self.engine = self._begun(due, self.engine)


def may_follow(known: Engine, asked: Any) -> bool:
    """Whether another may be started under the id of one that is or was there; that may mean the end of the one."""
    policy = asked.workflow_id_reuse_policy
    if not known.done or policy == _REUSE.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING:
        return bool(policy == _REUSE.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING)
    if policy == _REUSE.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
        return False
    completed = known.ending is not None and known.ending.kind == _COMPLETED
    return not (completed and policy == _REUSE.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY)


def _after(at: int, limit: Any) -> int | None:
    lasts: timedelta = limit.ToTimedelta()
    return at + lasts // timedelta(microseconds=1) if lasts else None
