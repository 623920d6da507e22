"""What an instance and the engine say to each other hundreds of times in a journey, as plain objects. Each is made into
the protobuf that the SDK would have made only for who asks for it: the log's reader, another instance."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from temporalio.bridge.proto.workflow_activation import WorkflowActivationJob
from temporalio.bridge.proto.workflow_commands import WorkflowCommand

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


class Signalled(PlainJob):
    """A signal. `input`: its arguments; `originating_event_id`: which event of the history it is."""

    __slots__ = ("input", "originating_event_id", "signal_name")
    kind = "signal_workflow"
    headers: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    def __init__(self, name: str, input: Sequence[Crossing], event_id: int) -> None:
        self.seq, self.signal_name, self.input, self.originating_event_id = 0, name, input, event_id

    @property
    def signal_workflow(self) -> Signalled:
        return self

    @property
    def message(self) -> Any:
        """As a server's worker is told it."""
        return self.job().signal_workflow

    def job(self) -> Job:
        made = Job()
        signal = made.signal_workflow
        signal.signal_name, signal.originating_event_id = self.signal_name, self.originating_event_id
        signal.input.extend([payload(one) for one in self.input])
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
