"""The sandbox in which journeys run, the same for the worker and for a rehearsal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from temporalio import workflow
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import (
    SandboxedWorkflowRunner,
    SandboxMatcher,
    SandboxRestrictions,
)

from doorstep.sandbox_modules import StatForLibraries, modules

#: What the sandbox does not import anew for every journey, and why each may be shared between them. Journeys
#: themselves (`standard_v1`, store packages) are never here: they are what the sandbox is for. No parent
#: package either, for passing one through passes everything below it.
PASSTHROUGH = {
    "doorstep.domain": "nouns: values without state; their identity must be the same on both sides",
    "doorstep.errors": "types; an error raised inside is caught outside by its class",
    "doorstep.packages": "finds store packages; nothing of a journey runs in it",
    "doorstep.loyalty": "pure arithmetic of points",
    "doorstep.contracts": "types and stubs; the data converter makes these very classes",
    "doorstep.workflows.journey": "the engine: checked by ruff's ban on clock and chance and run by every",
    "doorstep.workflows.core": "… rehearsal; it keeps its state on the instance. Importing it anew costs",
    "doorstep.workflows.agents": "… milliseconds of a worker's time per journey.",
    "doorstep.workflows.arms": "the engine",
    "doorstep.workflows.conditions": "words for people; it reads a line of source, which the sandbox would refuse",
    "doorstep.workflows.definitions": "a class's handlers, found once per process instead of once per run",
    "doorstep.workflows.desk": "the engine",
    "doorstep.workflows.effects": "the engine",
    "doorstep.workflows.hearing": "the engine",
    "doorstep.workflows.parcels": "the engine's: arms that journeys share, under the same ban; constants only",
    "doorstep.workflows.patches": "one set of names per process, which the worker keeps in step with the others",
    "doorstep.workflows.registry": "one table per process; what a run imports is not published again",
    "doorstep.workflows.reporter": "the engine",
    "doorstep.workflows.steering": "the engine",
    "doorstep.workflows.touching": "the engine",
    "pydantic_core": "compiled; the converter's, and cannot be imported twice",
    "tzdata": "data files",
}


#: `asyncio`'s ways through a set of tasks, whose order differs between two runs of the same history. The SDK only
#: warns of the last two, and lets the first pass.
_UNORDERED = {
    "TaskGroup": "asyncio.TaskGroup cancels its tasks in no fixed order: use self.arms().",
    "wait": "asyncio.wait() goes through a set: use workflow.wait() or self.arms().",
    "as_completed": "asyncio.as_completed() goes through a set: use workflow.as_completed().",
}
_OF_THIS_MACHINE = ("getnode", "uuid6")
"""Of `uuid`, what tells of the machine; the SDK lets it pass."""


def sandbox(made: Callable[[], object] = int) -> SandboxedWorkflowRunner:
    """The SDK's sandbox with our passthrough list; what goes through a set of tasks is refused as well, and clock and
    chance that the SDK lets pass (`sandbox_modules`). `made` is called for each journey that comes into the worker's
    cache, in the thread that makes it."""
    return _Sandbox(restrictions=_restrictions(), made=made)


@cache
def _restrictions() -> SandboxRestrictions:
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSTHROUGH)
    members = restrictions.invalid_module_members
    for name, why in _UNORDERED.items():
        refused = SandboxMatcher(match_self=True, only_runtime=True, leaf_message=why)
        called = SandboxMatcher.nested_child(["asyncio", name, "__call__"], refused)
        members = members.with_child_unrestricted("asyncio", name) | called
    members |= SandboxMatcher.nested_child(["random", "SystemRandom"], SandboxMatcher.all_runtime)
    known = {**members.children, "os": StatForLibraries.of(members.children["os"])}
    known["uuid"] = replace(known["uuid"], use={*known["uuid"].use, *_OF_THIS_MACHINE})
    return replace(restrictions, invalid_module_members=replace(members, children=known))


@dataclass(frozen=True)
class _Sandbox(SandboxedWorkflowRunner):
    made: Callable[[], object] = int

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        self.made()
        begun = _with_modules_of_ours(sys.modules[SandboxedWorkflowRunner.__module__])
        make: Callable[[], WorkflowInstance] = partial(super().create_instance, det)
        if begun is not None:
            make = partial(begun, det, self.runner_class, self.restrictions)
        instance = make()
        _ask_directly(instance)
        return instance


@cache
def _with_modules_of_ours(sdk: Any) -> Any:
    """The SDK's run in a sandbox, beginning with modules of ours in place of some of Python's, before it imports the
    journey. Of an SDK in which that is called otherwise nothing (None)."""
    run: Any = getattr(sdk, "_Instance", None)
    if not hasattr(run, "_create_instance"):
        return None

    class Run(run):  # type: ignore[misc] # a class of the SDK's own, which it does not name
        def _create_instance(self) -> None:
            self.importer.new_modules.update(modules())
            super()._create_instance()

    return Run


def _ask_directly(instance: Any) -> None:
    """For each payload that comes or goes, three times, the SDK asks a run what it belongs to (a workflow, an
    activity), which the run's own tables tell. Out of the sandbox it does so by compiling two lines and entering it: a
    seventh of what a worker computes. Another SDK, in which these are called otherwise, is left alone."""
    inside = getattr(instance, "globals_and_locals", {}).get("__temporal_in_sandbox")
    for question in ("get_serialization_context", "get_external_store_context"):
        answer = getattr(inside, question, None)
        if answer is not None and hasattr(instance, question):
            setattr(instance, question, answer)


def keep_bytecode(folder: Path) -> None:
    """For a process that carries out journeys, before it imports them: the sandbox imports a journey anew for every
    run, and where Python may not keep bytecode (many images set PYTHONDONTWRITEBYTECODE) it compiled the journey's
    source for every order, a quarter of a worker's time. Then bytecode is kept in `folder` instead."""
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode = False
        sys.pycache_prefix = str(folder)


@contextmanager
def read_once() -> Iterator[None]:
    """While a process carries out journeys: their modules are still imported anew for every run, but read only the
    first time. All runs share the compiled code, which nothing can change (each had a copy of its own, a quarter of
    what an open journey took of memory), and files that a deployment replaces beneath a running worker do not give
    half of its journeys another course."""
    once = _Once()
    sys.meta_path.insert(sys.meta_path.index(PathFinder), once)
    try:
        yield
    finally:
        sys.meta_path.remove(once)


class _Once:
    """Finds what is imported in the sandbox as Python does, and remembers its code."""

    def __init__(self) -> None:
        self.codes: dict[str, CodeType] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not workflow.unsafe.in_sandbox():
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Remembered(spec.loader.name, spec.loader.path, self.codes)
        return spec


class _Remembered(SourceFileLoader):
    def __init__(self, name: str, path: str, codes: dict[str, CodeType]) -> None:
        super().__init__(name, path)
        self._codes = codes

    def get_code(self, fullname: str) -> CodeType | None:
        code = self._codes.get(self.path)
        if code is None:
            code = super().get_code(fullname)
            if code is not None:
                self._codes[self.path] = code
        return code
