"""What an instance and the engine say to each other hundreds of times in a journey, as plain objects. Each is made into
the protobuf that the SDK would have made only for who asks for it: the log's reader, another instance."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import RetryPolicy as Policy
from temporalio.bridge.proto.workflow_activation import WorkflowActivationJob
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.common import RetryPolicy
from temporalio.worker import StartActivityInput, StartLocalActivityInput

from doorstep.rehearsal._sdk.handing import Crossing, payload

Job = WorkflowActivationJob
Command = WorkflowCommand


class _Said:
    """Reads as far as a protobuf does that has one variant."""

    __slots__ = ()
    kind: ClassVar[str]

    def WhichOneof(self, group: str) -> str:  # noqa: N802 - a protobuf's
        return self.kind

    def HasField(self, name: str) -> bool:  # noqa: N802 - a protobuf's
        return name == self.kind


class PlainCommand(_Said):
    """A command of a workflow. `seq` is the number of its timer or activity."""

    __slots__ = ("seq",)
    seq: int

    @property
    def name(self) -> str:
        """What it is about, in a word."""
        return str(self.seq)

    def command(self) -> Command:
        """As the SDK would have said it."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlainCommand) and self.command() == other.command()

    __hash__ = None  # type: ignore[assignment] # as a protobuf

    @property
    def message(self) -> Any:
        """The variant of `command`, with what was asked."""
        return getattr(self.command(), self.kind)


class PlainJob(_Said):
    """What a workflow is told."""

    __slots__ = ("seq",)
    seq: int

    def job(self) -> Job:
        """As a server's worker is told it."""
        raise NotImplementedError


def command(said: Command | PlainCommand) -> Command:
    """As a protobuf."""
    return said.command() if isinstance(said, PlainCommand) else said


def job(told: Job | PlainJob) -> Job:
    """As a protobuf."""
    return told.job() if isinstance(told, PlainJob) else told


# --- what a workflow is told ------------------------------------------------------------------------------


class TimerFired(PlainJob):
    """A timer has fired."""

    __slots__ = ()
    kind = "fire_timer"

    def __init__(self, seq: int) -> None:
        self.seq = seq

    def job(self) -> Job:
        made = Job()
        made.fire_timer.seq = self.seq
        return made


class ActivityCompleted(PlainJob):
    """An activity has come to its end, with this result."""

    __slots__ = ("local", "result")
    kind = "resolve_activity"

    def __init__(self, seq: int, local: bool, result: Crossing) -> None:
        self.seq, self.local, self.result = seq, local, result

    def job(self) -> Job:
        made = Job()
        resolved = made.resolve_activity
        resolved.seq, resolved.is_local = self.seq, self.local
        resolved.result.completed.result.CopyFrom(payload(self.result))
        return made


# --- what it commands -------------------------------------------------------------------------------------


class StartTimer(PlainCommand):
    """A timer, for so many nanoseconds."""

    __slots__ = ("nanos",)
    kind = "start_timer"

    def __init__(self, seq: int, nanos: int) -> None:
        self.seq, self.nanos = seq, nanos

    def command(self) -> Command:
        made = Command()
        timer = made.start_timer
        timer.seq = self.seq
        lasts = timer.start_to_fire_timeout
        lasts.seconds, lasts.nanos = divmod(self.nanos, 1_000_000_000)
        return made


class CancelTimer(PlainCommand):
    """A timer taken back."""

    __slots__ = ()
    kind = "cancel_timer"

    def __init__(self, seq: int) -> None:
        self.seq = seq

    def command(self) -> Command:
        made = Command()
        made.cancel_timer.seq = self.seq
        return made


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


# --- what it answers --------------------------------------------------------------------------------------


class Completion(list[Any]):
    """The commands of one activation, and what a `WorkflowActivationCompletion` is besides to the SDK's code."""

    failure: Any = None
    used_internal_flags: ClassVar = deque[int](maxlen=0)
    """For a server, which tells them to the next worker."""

    @property
    def successful(self) -> Completion:
        return self

    @property
    def commands(self) -> Completion:
        return self

    def add(self) -> Command:
        """A protobuf at the end, to be filled in by the SDK's code."""
        made = Command()
        self.append(made)
        return made
