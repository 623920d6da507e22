"""An activity's failure as the workflow gets it: in the words of a server, or of the SDK's core for a local one."""

from __future__ import annotations

from temporalio.api.enums.v1 import RetryState
from temporalio.api.failure.v1 import Failure


def failed(cause: Failure, state: RetryState.ValueType, *, id: str, type: str) -> Failure:
    """Of a regular one that is not tried again; `state` says why not."""
    return _wrapped("Activity task failed", cause, state, id, type)


def local_failed(cause: Failure, *, id: str, type: str) -> Failure:
    """Of a local one: its own failure; wrapped where it ran out of time."""
    if not cause.HasField("timeout_failure_info"):
        return cause
    # the core's word for every reason: nobody has cancelled it
    return _wrapped("Local Activity timed out", cause, RetryState.RETRY_STATE_CANCEL_REQUESTED, id, type)


def cancelled(*, id: str, type: str, local: bool) -> Failure:
    """Of one that was cancelled."""
    cause = Failure(message="Activity cancelled" if local else "")
    cause.canceled_failure_info.SetInParent()
    if local:
        return cause
    return _wrapped("Activity cancelled", cause, RetryState.RETRY_STATE_CANCEL_REQUESTED, id, type)


def _wrapped(message: str, cause: Failure, state: RetryState.ValueType, id: str, type: str) -> Failure:
    made = Failure(message=message, cause=cause)
    made.activity_failure_info.activity_id = id
    made.activity_failure_info.activity_type.name = type
    made.activity_failure_info.retry_state = state
    return made
