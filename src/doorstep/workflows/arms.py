"""Arms: things a journey does at the same time. Started, cancelled and failed in a fixed order, which
`asyncio.TaskGroup` does not promise (it keeps its tasks in a set)."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self


async def settled(task: asyncio.Future[Any]) -> None:
    """Wait until `task` has ended, or the waiter is cancelled. As `workflow.wait([task])`, hop by hop, without what
    that asks for many."""
    waiter = asyncio.get_running_loop().create_future()

    def wake(_: asyncio.Future[Any]) -> None:
        if not waiter.done():
            waiter.set_result(None)

    task.add_done_callback(wake)
    try:
        await waiter
    finally:
        task.remove_done_callback(wake)


async def ended(task: asyncio.Future[Any]) -> bool:
    """Wait until `task` has ended, however often the waiter is cancelled meanwhile. True if it was: the
    caller then lets the cancellation out, once it has seen to what the task left behind."""
    cancelled = False
    while not task.done():
        try:
            await settled(task)
        except asyncio.CancelledError:
            cancelled = True
    return cancelled


class Arms:
    """`async with self.arms() as arm: arm(coroutine)`. Leaving the block cancels what remains, in the order
    it was started, and waits for it; `join=True` waits for every arm to end by itself instead. An arm that
    fails cancels the block and the other arms, and its error is raised from the block."""

    def __init__(self, *, join: bool = False) -> None:
        self._join = join
        self._tasks: list[asyncio.Task[Any]] = []
        self._failed: BaseException | None = None
        self._block: asyncio.Task[Any] | None = None
        self._interrupted = False

    async def __aenter__(self) -> Self:
        self._block = asyncio.current_task()
        return self

    def __call__[T](self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start an arm. The returned task may be awaited for its result."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.append(task)
        task.add_done_callback(self._arm_ended)
        return task

    def _arm_ended(self, task: asyncio.Task[Any]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None or self._failed is not None:
            return
        self._failed = error
        if self._block is not None and not self._block.done():
            self._interrupted = True
            self._block.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is GeneratorExit:
            return  # thrown away with its worker, not cancelled: nothing can be awaited any more
        outside: BaseException | None = error
        if self._join and error is None:
            try:
                for task in self._tasks:
                    await settled(task)
            except asyncio.CancelledError as cancellation:
                outside = cancellation
        block, self._block = self._block, None  # from here on a failing arm interrupts nobody
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            if await ended(task):
                outside = outside or asyncio.CancelledError()
        if self._interrupted and block is not None:
            block.uncancel()
            if isinstance(outside, asyncio.CancelledError):
                outside = None
        if self._failed is not None and outside is None:
            raise self._failed
        if outside is not None and outside is not error:
            raise outside
