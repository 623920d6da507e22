"""Whether a failed activity is tried again, and when: Temporal's own rules."""

from __future__ import annotations

from collections.abc import Sequence

from temporalio.api.common.v1 import RetryPolicy
from temporalio.api.enums.v1 import TimeoutType
from temporalio.api.failure.v1 import Failure

#: the server's retry policy for who gives none, and what its zeros mean
_INITIAL, _COEFFICIENT, _LONGEST = 1_000_000, 2.0, 100
_RETRIED_TIMEOUTS = (TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE, TimeoutType.TIMEOUT_TYPE_HEARTBEAT)


def backoff(policy: RetryPolicy, failure: Failure, attempt: int) -> int:
    """Microseconds between that attempt, which failed so, and the next."""
    told = failure.application_failure_info
    if told.HasField("next_retry_delay"):
        return told.next_retry_delay.ToMicroseconds()
    initial = policy.initial_interval.ToMicroseconds() or _INITIAL
    longest = policy.maximum_interval.ToMicroseconds() or initial * _LONGEST
    coefficient = policy.backoff_coefficient or _COEFFICIENT
    exponent = attempt - 1
    grown = initial * coefficient**exponent if exponent < 200 else float(longest)
    return int(min(grown, longest))


def retryable(failure: Failure, refused: Sequence[str]) -> bool:
    """Whether another attempt is made after that failure. `refused`: types of errors after which none is."""
    if failure.HasField("application_failure_info"):
        told = failure.application_failure_info
        return not told.non_retryable and told.type not in refused
    if failure.HasField("timeout_failure_info"):
        return failure.timeout_failure_info.timeout_type in _RETRIED_TIMEOUTS
    return not failure.HasField("canceled_failure_info")
