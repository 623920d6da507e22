"""An activity's failure as the workflow gets it: in the words of a server, or of the SDK's core for a local one."""

from __future__ import annotations

from temporalio.api.enums.v1 import RetryState, TimeoutType
from temporalio.api.failure.v1 import Failure

FAILED, TIMED_OUT = "Activity task failed", "Activity task timed out"
"""How a regular one ended, in the words of the SDK's core."""
_NO_TIME = (
    "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying"
)


def timeout(kind: TimeoutType.ValueType, *, local: bool) -> Failure:
    """Of one attempt."""
    word = TimeoutType.Name(kind).removeprefix("TIMEOUT_TYPE_").title().replace("_", "")
    return _timed_out("Activity timed out" if local else f"activity {word} timeout", kind)


def out_of_time() -> Failure:
    """Of the last attempt, which timed out when there was no time left for another: whatever it timed out by."""
    return _timed_out(_NO_TIME, TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE)


def failed(
    cause: Failure, state: RetryState.ValueType, before: Failure | None, *, id: str, type: str
) -> Failure:
    """Of a regular one that is not tried again; `state` says why not. `before`: how the attempt before the last failed,
    which a server tells as the cause of a timeout."""
    if not cause.HasField("timeout_failure_info"):
        return _wrapped(FAILED, cause, state, id, type)
    told = Failure(message=cause.message, source=cause.source, cause=before)
    told.timeout_failure_info.CopyFrom(cause.timeout_failure_info)
    return _wrapped(TIMED_OUT, told, state, id, type)


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


def _timed_out(message: str, kind: TimeoutType.ValueType) -> Failure:
    made = Failure(message=message, source="Server")
    made.timeout_failure_info.timeout_type = kind
    return made


def _wrapped(message: str, cause: Failure, state: RetryState.ValueType, id: str, type: str) -> Failure:
    made = Failure(message=message, cause=cause)
    made.activity_failure_info.activity_id = id
    made.activity_failure_info.activity_type.name = type
    made.activity_failure_info.retry_state = state
    return made
