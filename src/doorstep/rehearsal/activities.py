"""Activities in a rehearsal: plain functions, called when the workflow asks for them. Retries, timeouts and
non-retryable errors are Temporal's own rules, on the virtual clock."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, get_type_hints

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import RetryState, TimeoutType
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter

from doorstep.rehearsal import _sdk, failing
from doorstep.rehearsal._sdk.handing import Crossing, Vouched, given, payloads
from doorstep.rehearsal._sdk.protocol import ScheduleActivity, ScheduleLocalActivity
from doorstep.rehearsal._sdk.schedules import Schedule, ScheduleLocal
from doorstep.rehearsal.log import moment
from doorstep.rehearsal.retrying import backoff, retryable

ActivityFunction = Callable[..., Any]
"""`function(call: ActivityCall, *args) -> result`, or raises. Arguments are decoded with the annotations of the
parameters after `call`. Plain functions only: nothing waits in a rehearsal."""

Asked = Schedule | ScheduleActivity | ScheduleLocalActivity
_AT_ONCE, _MICROSECOND = timedelta(), timedelta(microseconds=1)
#: a local activity whose next attempt is further away than this waits on a timer of the workflow
LOCAL_THRESHOLD = 60_000_000


@dataclass(slots=True)
class ActivityCall:
    """One attempt, as its function sees it. Moments are virtual (aware UTC)."""

    name: str
    id: str
    attempt: int
    scheduled_time: datetime
    """When the workflow asked for it."""
    current_attempt_scheduled_time: datetime
    """When this attempt fell due; equal to `scheduled_time` for the first."""
    started_time: datetime
    local: bool
    workflow_id: str
    start_to_close_timeout: timedelta | None
    schedule_to_close_timeout: timedelta | None
    takes: timedelta = _AT_ONCE
    """How long the attempt takes; the function may set it. Longer than a timeout: the attempt times out (whatever
    the function has done is done, as it is when a worker hangs)."""
    beats: bool = False
    """Whether it heartbeats all the while; the function may set it. If not, an attempt that takes longer than its
    heartbeat timeout times out when that is over. (A local activity has none.)"""


@dataclass(slots=True)
class ActivityRun:
    """One activity of the workflow, from its command to its end. Times in microseconds since 1970."""

    seq: int
    id: str
    type: str
    local: bool
    arguments: Sequence[Crossing]
    scheduled: int
    due: int
    start_to_close: int | None
    schedule_to_close: int | None
    cancellation: int
    asked: Asked
    attempt: int = 1
    token: int = 0
    """Of the heap entry that carries it on; an older entry is void."""
    started: bool = False
    cancel_requested: bool = False
    abandoned: bool = False
    """Its end interests nobody."""
    value: Crossing | None = None
    failure: Failure | None = None
    before: Failure | None = None
    """How the attempt before this one failed."""

    @classmethod
    def of(cls, command: Asked, at: int) -> ActivityRun:
        if isinstance(command, Schedule):
            return cls(
                command.seq,
                command.activity_id,
                command.activity_type,
                isinstance(command, ScheduleLocal),
                command.arguments,
                at,
                at,
                command.start_to_close,
                command.schedule_to_close,
                command.cancellation_type,
                command,
            )
        local = isinstance(command, ScheduleLocalActivity)
        scheduled, attempt = at, 1
        if isinstance(command, ScheduleLocalActivity) and command.attempt > 1:
            attempt = command.attempt
            scheduled = command.original_schedule_time.ToMicroseconds()
        return cls(
            seq=command.seq,
            id=command.activity_id,
            type=command.activity_type,
            local=local,
            arguments=command.arguments,
            scheduled=scheduled,
            due=at,
            start_to_close=_duration(command, "start_to_close_timeout"),
            schedule_to_close=_duration(command, "schedule_to_close_timeout"),
            cancellation=command.cancellation_type,
            asked=command,
            attempt=attempt,
        )

    @property
    def command(self) -> Any:
        """The command as Temporal's protocol has it."""
        return self.asked.message if isinstance(self.asked, Schedule) else self.asked

    @property
    def deadline(self) -> int | None:
        """When it must have ended, retries and all."""
        return None if self.schedule_to_close is None else self.scheduled + self.schedule_to_close

    @property
    def heartbeat(self) -> int | None:
        """How long an attempt may be silent; None where it need not heartbeat."""
        asked = self.asked
        if isinstance(asked, ScheduleActivity):
            return _duration(asked, "heartbeat_timeout") or None
        return asked.heartbeat if isinstance(asked, Schedule) else None

    def told(self, what: str) -> tuple[str, str]:
        """Kind and name of a line of the log about it."""
        kind = what if what == "attempt_failed" else f"{'local_' if self.local else ''}activity_{what}"
        return kind, f"{self.type} {self.attempt}" if self.local or self.attempt > 1 else self.type

    def call(self, now: int, workflow_id: str) -> ActivityCall:
        started = moment(now)
        return ActivityCall(
            self.type,
            self.id,
            self.attempt,
            started if self.scheduled == now else moment(self.scheduled),
            started if self.due == now else moment(self.due),
            started,
            self.local,
            workflow_id,
            _delta(self.start_to_close),
            _delta(self.schedule_to_close),
        )

    def perform(
        self,
        function: ActivityFunction,
        now: int,
        workflow_id: str,
        converter: DataConverter,
        vouched: Vouched | None = None,
    ) -> int:
        """One attempt. Leaves its result or failure here; returns when the attempt ends."""
        call = self.call(now, workflow_id)
        self.value, self.failure = None, None
        if self.attempt > 1 and self.local and self._resumed_late(now):
            self._timed_out(TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE)
            return now
        try:
            result = function(call, *_sdk.decoded(converter, self.arguments, _types(function)))
            (self.value,) = given((result,), payloads(converter), vouched)
        except Exception as error:  # noqa: BLE001 - an activity's errors are the workflow's to hear of
            self.failure = Failure()
            converter.failure_converter.to_failure(error, converter.payload_converter, self.failure)
        limit = self.schedule_to_close
        late = limit is not None and now > self.scheduled + limit and not self.local
        return self._lasted(now, call.takes, beats=call.beats) if call.takes or late else now

    def _resumed_late(self, now: int) -> bool:
        """A local one whose timer was longer than it may last. While no attempt is under way the SDK's core looks at
        no deadline, except here."""
        resumed = isinstance(self.asked, ScheduleLocalActivity) and self.attempt == self.asked.attempt
        return resumed and self.deadline is not None and now > self.deadline

    def _lasted(self, now: int, takes: timedelta, *, beats: bool) -> int:
        """When an attempt ends that begins `now` and takes so long; what it is cut short by."""
        ends = now + takes // _MICROSECOND
        latest = None if self.start_to_close is None else now + self.start_to_close
        if latest is not None and ends > latest:
            ends = latest
            self._timed_out(TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE)
        silent = None if beats or self.local else self.heartbeat
        if silent is not None and ends > now + silent:
            ends = now + silent
            self._timed_out(TimeoutType.TIMEOUT_TYPE_HEARTBEAT)
        deadline = self.deadline
        if deadline is None or (self.local and now > deadline):
            return ends
        if ends > deadline:
            ends = deadline
            self._timed_out(TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE)
        return ends

    def _timed_out(self, kind: TimeoutType.ValueType) -> None:
        self.value, self.failure = None, failing.timeout(kind, local=self.local)

    def retried(self, now: int) -> tuple[int | None, RetryState.ValueType]:
        """After a failed attempt: when the next one is due, or None and why there is none."""
        assert self.failure is not None
        policy = self.command.retry_policy
        if self.cancel_requested:
            return None, RetryState.RETRY_STATE_CANCEL_REQUESTED
        late = None if self.local else self.deadline
        timed_out = self.failure.HasField("timeout_failure_info")
        if timed_out and late is not None and now >= late:
            return self._out_of_time()
        if not retryable(self.failure, policy.non_retryable_error_types):
            return None, RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE
        if policy.maximum_attempts and self.attempt >= policy.maximum_attempts:
            return None, RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED
        due = now + backoff(policy, self.failure, self.attempt)
        if late is not None and due >= late:  # at that very instant too: a server is always a little later
            return self._out_of_time()
        return due, RetryState.RETRY_STATE_IN_PROGRESS

    def _out_of_time(self) -> tuple[None, RetryState.ValueType]:
        assert self.failure is not None
        if self.failure.HasField("timeout_failure_info"):
            self.failure = failing.out_of_time()
        return None, RetryState.RETRY_STATE_TIMEOUT

    @property
    def local_threshold(self) -> int:
        command = self.command
        given = isinstance(command, ScheduleLocalActivity) and command.HasField("local_retry_threshold")
        assert isinstance(command, ScheduleLocalActivity)
        return command.local_retry_threshold.ToMicroseconds() if given else LOCAL_THRESHOLD

    def final(self, state: RetryState.ValueType) -> Failure:
        """The failure as the workflow gets it."""
        assert self.failure is not None
        if self.local:
            return failing.local_failed(self.failure, id=self.id, type=self.type)
        return failing.failed(self.failure, state, self.before, id=self.id, type=self.type)

    def cancelled(self) -> Failure:
        """The cancellation as the workflow gets it."""
        return failing.cancelled(id=self.id, type=self.type, local=self.local)


def _duration(command: ScheduleActivity | ScheduleLocalActivity, name: str) -> int | None:
    if not command.HasField(name):  # type: ignore[arg-type] # by name, the same for both
        return None
    told: Duration = getattr(command, name)
    return told.seconds * 1_000_000 + told.nanos // 1000


@lru_cache(maxsize=64)
def _delta(given: int | None) -> timedelta | None:
    return None if given is None else timedelta(microseconds=given)


def _types(function: ActivityFunction) -> tuple[Any, ...] | None:
    plain = getattr(function, "__func__", function)
    return _annotated(plain, 1 if plain is function else 2)


@lru_cache(maxsize=256)
def _annotated(function: ActivityFunction, skipped: int) -> tuple[Any, ...] | None:
    """What the parameters after `call` are annotated with; None where one is not."""
    hints = get_type_hints(function)
    names = list(inspect.signature(function).parameters)[skipped:]
    return tuple(hints[n] for n in names) if all(n in hints for n in names) else None
