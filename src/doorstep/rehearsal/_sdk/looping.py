"""The event loop of a workflow's instance: the SDK's, with lighter callbacks, tasks and looks at the conditions."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from types import BuiltinMethodType
from typing import Any

from temporalio.worker import WorkflowInstanceDetails
from temporalio.worker._workflow_instance import _WorkflowInstanceImpl

from doorstep.rehearsal._sdk.plain import Job
from doorstep.rehearsal._sdk.waiting import Soon, Waits, failed

#: tasks that are kept, done or not, before they are looked through
_SOME = 64


def _step() -> type[Any]:
    """The class of a task's step, which asyncio does not name."""
    seen: list[type[Any]] = []

    class Noting(asyncio.AbstractEventLoop):
        get_debug = staticmethod(bool)

        def call_soon(  # type: ignore[override] # as a task calls it
            self, callback: Any, *args: Any, context: Any = None
        ) -> Any:
            seen.append(callback.__class__)
            if len(seen) == 1:
                callback()

        def call_exception_handler(self, context: Any) -> None: ...

    async def nothing() -> None: ...

    asyncio.Task(nothing(), loop=Noting())  # type: ignore[abstract] # no more of it is called
    return seen[0]


_Step = _step()


class Looping(_WorkflowInstanceImpl):
    """What runs a workflow's tasks and wakes those whose condition holds."""

    def __init__(self, details: WorkflowInstanceDetails) -> None:
        super().__init__(details)
        self._many = _SOME
        self.waits = Waits()
        self._conditions = self.waits  # type: ignore[assignment] # the SDK's own waits are put there, too

    get_debug = staticmethod(bool)  # every task and future asks: without a frame of Python

    def call_soon(  # type: ignore[override] # the same, with arguments of any type
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Any:
        if context is None or self._read_only:
            return super().call_soon(callback, *args, context=context)
        ready: deque[Any] = self._ready
        kind = callback.__class__
        # a step of a task, or what wakes it (asyncio's own, in C), looks at no handle
        if kind is _Step or (kind is BuiltinMethodType and isinstance(callback.__self__, asyncio.Task)):  # type: ignore[attr-defined]
            ready.append((context, callback, args))
            return None
        handle = Soon((context, callback, args))
        ready.append(handle)
        return handle

    def _register_task(self, task: asyncio.Task[Any], *, name: str | None) -> None:
        if self._read_only or self._deleting:
            self._assert_not_read_only("create task")
        self._tasks.add(task)
        task._log_destroy_pending = False  # type: ignore[attr-defined] # not in typeshed

    def _run_once(self, *, check_conditions: bool, jobs: Sequence[Job]) -> None:
        updates_only = all(job.HasField("do_update") for job in jobs)
        self._rounds(looks=check_conditions, updates_only=updates_only)

    def _rounds(self, *, looks: bool = True, updates_only: bool = False) -> None:
        """Runs whatever is ready and looks at the conditions, until nothing is ready any more."""
        try:
            asyncio._set_running_loop(self)
            if self._object is None and not self._deleting:
                self._object = self._instantiate_workflow_object()
            ready = self._ready
            while ready:
                while ready:
                    handle: Any = ready.popleft()
                    if handle.__class__ is tuple:
                        context, callback, args = handle
                        try:
                            context.run(callback, *args) if args else context.run(callback)
                        except BaseException as error:  # noqa: BLE001 - as asyncio's
                            failed(self, callback, error)
                    else:
                        handle._run()
                    if self._current_activation_error and not self._deleting:
                        raise self._current_activation_error
                if looks and (not updates_only or self._accepted_one()):
                    self.waits.look()
        finally:
            # a traceback that is kept keeps this frame, which would keep the task that keeps the traceback
            handle = context = callback = args = None
            asyncio._set_running_loop(None)
            if self._deleting or len(self._tasks) > self._many:
                self._forget_done()
                self._many = 2 * len(self._tasks) + _SOME

    def _forget_done(self) -> None:
        self._tasks = {task for task in self._tasks if not task.done()}

    def _accepted_one(self) -> bool:
        commands: Any = self._current_completion.successful.commands
        return any(
            command.HasField("update_response") and command.update_response.HasField("accepted")
            for command in commands
        )
