"""The SDK's internals, in this one package: Temporal's own workflow instance, driven with activations of our making.

Pinned to a minor version of `temporalio` (pyproject.toml): what is used here is not its public interface.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from temporalio import workflow
from temporalio.bridge.proto.workflow_activation import InitializeWorkflow, RemoveFromCache
from temporalio.common import MetricMeter
from temporalio.converter import DataConverter
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails

from doorstep.rehearsal import guard
from doorstep.rehearsal._sdk import instance, plain
from doorstep.rehearsal._sdk.handing import Vouched
from doorstep.rehearsal._sdk.handing import decoded as decoded
from doorstep.rehearsal._sdk.handing import given as given
from doorstep.rehearsal._sdk.handing import payloads as payloads
from doorstep.rehearsal._sdk.info import NAMESPACE as NAMESPACE
from doorstep.rehearsal._sdk.info import info
from doorstep.rehearsal._sdk.instance import LONGEST_HISTORY as LONGEST_HISTORY
from doorstep.rehearsal._sdk.instance import Activation, Instance
from doorstep.rehearsal._sdk.plain import Command as Command
from doorstep.rehearsal._sdk.plain import Job as Job
from doorstep.rehearsal._sdk.plain import PlainCommand as PlainCommand
from doorstep.rehearsal._sdk.plain import PlainJob as PlainJob
from doorstep.rehearsal._sdk.plain import Signalled as Signalled
from doorstep.rehearsal._sdk.turning import QuitError as QuitError
from doorstep.rehearsal._sdk.turning import StuckError as StuckError
from doorstep.rehearsal._sdk.turning import TaskFailedError as TaskFailedError
from doorstep.rehearsal._sdk.turning import TurnError as TurnError
from doorstep.rehearsal._sdk.turning import in_turn
from doorstep.rehearsal.standing import Stand, awaiting, stands
from doorstep.rehearsal.trouble import Place, asking, authors, is_authors, rehearsed
from doorstep.sandbox import sandbox

Told = Job | PlainJob
"""What a workflow is told."""
Said = Command | PlainCommand
"""What it commands."""


class Definition:
    """What the SDK knows of a workflow class. Raises `ValueError` for a class without `@workflow.defn`."""

    def __init__(self, cls: type[Any]) -> None:
        self.sdk = workflow._Definition.must_from_class(cls)
        self.cls = cls
        self.type = self.sdk.name or cls.__name__
        self.result_type = self.sdk.ret_type
        rehearsed(cls)

    def update_result(self, name: str) -> type[Any] | None:
        """The declared result of an update's handler, if any."""
        found = self.sdk.updates.get(name)
        return found.ret_type if found else None

    def query_result(self, name: str) -> type[Any] | None:
        """The declared result of a query's handler, if any."""
        found = self.sdk.queries.get(name)
        return found.ret_type if found else None


class Machine:
    """One run of one workflow."""

    def __init__(
        self,
        definition: Definition,
        start: InitializeWorkflow,
        *,
        run_id: str,
        at: int,
        task_queue: str,
        converter: DataConverter,
        sandboxed: bool,
        traced: bool = False,
        vouched: Vouched | None = None,
    ) -> None:
        """`vouched`: the values that an activity may be given as they are (`handing`). `traced` notes for each
        command where in the author's code it was given (`places`)."""
        self.run_id, self.start = run_id, start
        self.places: list[Place | None] = []
        create: Any = sandbox().create_instance if sandboxed else Instance
        details = WorkflowInstanceDetails(
            # one for all instances, with its cache of types; in the sandbox types are others in every run
            payload_converter_factory=converter._new_payload_converter
            if sandboxed
            else lambda: payloads(converter),
            failure_converter_class=converter.failure_converter_class,
            interceptor_classes=[],
            defn=definition.sdk,
            info=info(start, run_id, at, task_queue),
            randomness_seed=start.randomness_seed,
            extern_functions=_EXTERN,
            disable_eager_activity_execution=False,
            worker_level_failure_exception_types=(),
            patch_activation_callback=None,
            last_completion_result=start.last_completion_result,
            last_failure=start.continued_failure if start.HasField("continued_failure") else None,
        )
        self._instance: WorkflowInstance = in_turn(create, details, _LOOP)
        self._plain = isinstance(self._instance, instance.Instance)
        if self._plain:
            self._inner().vouched = vouched
        self._gone = False
        if traced:
            self.trace()

    def trace(self) -> None:
        """Note from now on where commands are given."""
        inner: Any = self._inner()
        for name in ("_add_command", "say") if self._plain else ("_add_command",):
            setattr(inner, name, self._noting(getattr(inner, name)))

    def _noting(self, give: Callable[..., Any]) -> Callable[..., Any]:
        def give_and_note(*command: Any) -> Any:
            self.places.append(_raised_at() or asking(sys._getframe(1), _COMMANDING))
            return give(*command)

        return give_and_note

    def _inner(self) -> Any:
        """The instance itself, out of the sandbox's wrapping."""
        held = getattr(self._instance, "globals_and_locals", None)
        return self._instance if held is None else held["__temporal_in_sandbox"].instance

    def activate(
        self,
        jobs: Sequence[Told],
        *,
        at: int,
        length: int,
        replaying: bool = False,
        flags: Iterable[int] = (),
    ) -> Sequence[Said]:
        """One workflow task, or a part of one, at `at` nanoseconds since 1970. Raises a `TurnError`; the machine is
        then of no further use."""
        if not self._plain:
            jobs = [plain.job(told) for told in jobs]
        activation: Any = Activation(self.run_id, jobs, at, length, replaying, flags)
        self.places.clear()
        # an instance runs its own loop; the caller's is put aside and back
        try:
            completion: Any = in_turn(self._instance.activate, activation, None)
        except TurnError:
            self._retrieve()
            raise
        if completion.__class__ is plain.Completion:
            if completion.failure is not None:
                raise TaskFailedError(completion.failure)
            return completion
        if completion.HasField("failed"):
            raise TaskFailedError(completion.failed.failure)
        return list(completion.successful.commands)

    def _retrieve(self) -> None:
        """Ask the tasks for their errors: one is told, and asyncio would say it once more as nobody asked."""
        for task in self._inner()._tasks:
            if task.done() and not task.cancelled():
                task.exception()

    def workflow(self) -> Any:
        """The instance of the author's class."""
        return self._inner()._object

    def waits_at(self) -> Place | None:
        """Where the workflow waits now: its own task in the author's code, else another of its tasks, and where none
        stands there, its own."""
        task = self._inner()._primary_task
        place = awaiting(task) if task is not None else None
        if place is not None and is_authors(place.file):
            return place
        stands = self.stands()
        return next((one.place for one in stands if not one.for_others), None) or place

    def stands(self) -> list[Stand]:
        """Where its tasks wait in the author's code."""
        return stands(self._inner()._tasks)

    def evict(self) -> None:
        """Take the instance down as a worker does that makes room: its tasks end without a word."""
        if self._gone:
            return
        self._gone = True
        inner = self._inner()
        if any(not task.done() for task in inner._tasks):
            try:
                self.activate([Job(remove_from_cache=RemoveFromCache())], at=0, length=0)
            except (RuntimeError, TurnError):
                return  # tasks that will not end keep nobody waiting here; they go with the garbage
        if (dismantle := getattr(inner, "dismantle", None)) is not None:  # in the sandbox it is the SDK's
            dismantle()


#: what of this package gives a command for the author's code, in between the SDK's
_COMMANDING = frozenset(
    (str(Path(__file__).with_name(file)), function)
    for file, functions in {
        "activity.py": ("_apply_schedule_command",),
        "instance.py": (
            "workflow_start_activity",
            "workflow_start_local_activity",
            "_outbound_schedule_activity",
        ),
        "waiting.py": ("held_until", "begin", "over", "_say"),
    }.items()
    for function in functions
)

_EXTERN: dict[str, Callable[..., Any]] = {
    "__temporal_get_metric_meter": lambda: MetricMeter.noop,
    "__temporal_assert_local_activity_valid": lambda _name: None,
}

#: an instance asks for a running loop only while it is made
_LOOP = asyncio.AbstractEventLoop()  # type: ignore[abstract] # nothing of it is called


def commands(said: Iterable[Said]) -> list[Command]:
    """Commands as protobufs, which compare by what they say."""
    return [plain.command(one) for one in said]


class _Quiet(logging.Filter):
    """What goes wrong in a rehearsal is reported by the rehearsal; the SDK's line would say it twice."""

    def filter(self, record: logging.LogRecord) -> bool:
        return threading.get_ident() not in guard.turns()


for _name in ("_workflow_instance", "workflow_sandbox._restrictions"):
    logging.getLogger(f"temporalio.worker.{_name}").addFilter(_Quiet())


def _raised_at() -> Place | None:
    """The author's line that asks to continue as new: it raises, and the SDK gives the command where it catches it."""
    raised = sys.exception()
    if not isinstance(raised, workflow.ContinueAsNewError):
        return None
    traced = traceback.walk_tb(raised.__traceback__)
    return authors(Place(frame.f_code.co_filename, line, frame.f_code.co_name) for frame, line in traced)
