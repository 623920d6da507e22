"""The commands that ask for an activity, as plain objects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import RetryPolicy as Policy
from temporalio.common import RetryPolicy
from temporalio.worker import StartActivityInput, StartLocalActivityInput

from doorstep.rehearsal._sdk.handing import Crossing, payload
from doorstep.rehearsal._sdk.plain import Command, PlainCommand


class Schedule(PlainCommand):
    """An activity on a task queue. Durations in microseconds."""

    __slots__ = ("_asked", "_queue", "_retries", "activity_id", "activity_type", "arguments")
    kind = "schedule_activity"
    attempt = 1

    def __init__(self, asked: Any, seq: int, arguments: Sequence[Crossing], queue: str) -> None:
        """`asked`: without headers, summary and event groups. `queue`: for who names none."""
        self.seq, self.arguments = seq, arguments
        self.activity_type: str = asked.activity
        self.activity_id: str = asked.activity_id or str(seq)
        self._asked, self._queue = asked, queue
        self._retries = retries(asked.retry_policy) if asked.retry_policy else None

    @property
    def name(self) -> str:
        return self.activity_type

    @property
    def start_to_close(self) -> int | None:
        return _micros(self._asked.start_to_close_timeout)

    @property
    def schedule_to_close(self) -> int | None:
        return _micros(self._asked.schedule_to_close_timeout)

    @property
    def heartbeat(self) -> int | None:
        return _micros(self._asked.heartbeat_timeout)

    @property
    def cancellation_type(self) -> int:
        return int(self._asked.cancellation_type)

    def command(self) -> Command:
        made = Command()
        asked: StartActivityInput = self._asked
        told = made.schedule_activity
        self._tell(told)
        told.task_queue = asked.task_queue or self._queue
        told.do_not_eagerly_execute = asked.disable_eager_execution
        told.priority.CopyFrom(asked.priority._to_proto())
        if asked.heartbeat_timeout:
            _put(asked.heartbeat_timeout, told.heartbeat_timeout)
        if asked.versioning_intent:
            told.versioning_intent = asked.versioning_intent._to_proto()
        return made

    def _tell(self, told: Any) -> None:
        asked = self._asked
        told.seq, told.activity_id, told.activity_type = self.seq, self.activity_id, self.activity_type
        told.cancellation_type = int(asked.cancellation_type)
        for argument in self.arguments:
            told.arguments.add().CopyFrom(payload(argument))
        for name in ("schedule_to_close_timeout", "schedule_to_start_timeout", "start_to_close_timeout"):
            if given := getattr(asked, name):
                _put(given, getattr(told, name))
        if self._retries is not None:
            told.retry_policy.CopyFrom(self._retries)


def retries(policy: RetryPolicy) -> Policy:
    """A policy as it is now. Raises what the SDK says of one that is none."""
    made = Policy()
    policy.apply_to_proto(made)
    return made


class ScheduleLocal(Schedule):
    """An activity in the worker itself."""

    __slots__ = ()
    kind = "schedule_local_activity"

    def command(self) -> Command:
        made = Command()
        asked: StartLocalActivityInput = self._asked
        told = made.schedule_local_activity
        self._tell(told)
        if asked.local_retry_threshold:
            _put(asked.local_retry_threshold, told.local_retry_threshold)
        return made


def _micros(given: timedelta | None) -> int | None:
    """A duration as the engine reckons; none and no time at all are the same to the SDK."""
    if not given:
        return None
    return given.days * 86_400_000_000 + given.seconds * 1_000_000 + given.microseconds


def _put(given: timedelta, into: Duration) -> None:
    into.FromTimedelta(given)
