"""How a workflow's tasks wait: the callbacks, conditions and time limits of its event loop, as asyncio and the SDK have
them, without what those ask for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Any

from temporalio.worker._workflow_instance import _TimerOptions, _TimerOptionsCtxVar
from temporalio.workflow._event_groups import _active_event_groups, _capture_event_group_markers

from doorstep.rehearsal._sdk.plain import CancelTimer, PlainCommand, StartTimer

if TYPE_CHECKING:
    from doorstep.rehearsal._sdk.instance import Instance


class Soon(list[Any]):
    """What runs next: context, callback, arguments. An `asyncio.Handle` to whoever cancels it."""

    __slots__ = ()

    def cancel(self) -> None:
        self.clear()

    def cancelled(self) -> bool:
        return not self

    def get_context(self) -> Any:
        return self[0]

    def _run(self) -> None:
        if not self:
            return
        context, callback, args = self
        try:
            context.run(callback, *args)
        except BaseException as error:  # noqa: BLE001 - as asyncio's
            failed(asyncio.get_running_loop(), callback, error)
        # a traceback that is kept keeps this frame, which would keep the task that keeps the traceback
        del self, context, callback, args


def failed(loop: asyncio.AbstractEventLoop, callback: Callable[..., Any], error: BaseException) -> None:
    """What becomes of an error that a callback raised. Raises those that end a process."""
    if isinstance(error, (SystemExit, KeyboardInterrupt)):
        raise error
    loop.call_exception_handler({"message": f"Exception in callback {callback!r}", "exception": error})


class Waits:
    """Who waits for which condition, those who began first before the others."""

    __slots__ = ("conditions", "futures")

    def __init__(self) -> None:
        self.conditions: list[Callable[[], bool]] = []
        self.futures: list[asyncio.Future[Any]] = []

    def add(self, condition: Callable[[], bool], future: asyncio.Future[Any]) -> None:
        """Somebody waits, and takes it back (`drop`) when cancelled."""
        self.conditions.append(condition)
        self.futures.append(future)

    def append(self, waiting: tuple[Callable[[], bool], asyncio.Future[Any]]) -> None:
        """The SDK's own wait, which takes nothing back."""
        self.add(*waiting)
        waiting[1].add_done_callback(self.drop)

    def drop(self, future: asyncio.Future[Any]) -> None:
        """They wait no more. Without effect for those whose condition held."""
        if future in self.futures:
            place = self.futures.index(future)
            del self.conditions[place], self.futures[place]

    def look(self) -> None:
        """Wake those whose condition holds now."""
        held = [place for place, condition in enumerate(self.conditions) if condition()]
        for place in held:
            if not self.futures[place].done():  # a condition asked later may have cancelled who waits
                self.futures[place].set_result(True)
        for place in reversed(held):
            del self.conditions[place], self.futures[place]


#: what a wait leaves in its task's context for timers that are set there later: none
_NO_OPTIONS = _TimerOptions(event_group_markers=[])
#: the groups of who is in none
NO_GROUPS = Context().run(_active_event_groups.get)


def _options() -> _TimerOptions:
    active = _active_event_groups.get()
    options = _NO_OPTIONS
    if active.implicit is not None or active.explicit:
        options = _TimerOptions(event_group_markers=_capture_event_group_markers(None))
    if _TimerOptionsCtxVar.get() is not options:
        _TimerOptionsCtxVar.set(options)
    return options


async def held(instance: Instance, condition: Callable[[], bool]) -> None:
    """Until a condition holds."""
    if instance._read_only or instance._deleting:
        instance._assert_not_read_only("wait condition")
    cancelled_before = instance._cancel_reason is not None
    future: asyncio.Future[Any] = asyncio.Future(loop=instance)
    instance.waits.add(condition, future)
    if _TimerOptionsCtxVar.get() is not _NO_OPTIONS or _active_event_groups.get() is not NO_GROUPS:
        _options()
    try:
        await future
    except asyncio.CancelledError:
        instance.waits.drop(future)
        raise
    if instance._single_batch_activation and not cancelled_before and instance._cancel_reason is not None:
        raise asyncio.CancelledError


async def held_until(instance: Instance, condition: Callable[[], bool], seconds: float) -> None:
    """Until a condition holds, for so long. Raises `TimeoutError`, as `asyncio.timeout` does: the task is cancelled by
    its timer, and that cancellation is taken back."""
    instance._assert_not_read_only("wait condition")
    cancelled_before = instance._cancel_reason is not None
    future = instance.create_future()
    instance.waits.add(condition, future)
    limit: _Limit | None = _Limit(instance, _options())
    assert limit is not None
    limit.begin(seconds)
    try:
        await future
    except asyncio.CancelledError as cancelled:
        instance.waits.drop(future)
        passed = limit.over()
        limit = None  # it knows the task, which will know this frame by the traceback
        if not passed:
            raise
        if instance._single_batch_activation and not cancelled_before and instance._cancel_reason is not None:
            raise asyncio.CancelledError from None
        raise TimeoutError from cancelled
    limit.over()
    if instance._single_batch_activation and not cancelled_before and instance._cancel_reason is not None:
        raise asyncio.CancelledError


class _Limit:
    """The timer of a wait of the current task."""

    __slots__ = ("_cancelling", "_expired", "_instance", "_options", "_seq", "_task", "_void")

    def __init__(self, instance: Instance, options: _TimerOptions) -> None:
        task = asyncio.current_task(instance)
        assert task is not None
        self._instance, self._task, self._options = instance, task, options
        self._cancelling = task.cancelling()
        self._void = self._expired = False
        self._seq = instance._next_seq("timer")

    def begin(self, seconds: float) -> None:
        """Ask for the timer."""
        instance = self._instance
        now = instance.time()
        delay = round(now + seconds - now, 3)
        self._say(StartTimer(self._seq, int(delay * 1e9)))
        instance._pending_timers[self._seq] = self  # type: ignore[assignment] # fired and cancelled as the SDK's

    def _say(self, command: PlainCommand) -> None:
        if markers := self._options.event_group_markers:
            said = command.command()
            said.event_group_markers.extend(markers)
            self._instance._add_command().CopyFrom(said)
        else:
            self._instance.say(command)

    def _run(self) -> None:
        if not self._void:
            self._expired = True
            self._task.cancel()

    def over(self) -> bool:
        """The wait is over, and the timer taken back unless it has fired. Whether the time was up, and no more than
        that cancelled the task."""
        self._void = True
        if self._instance._pending_timers.pop(self._seq, None) is not None:
            self._say(CancelTimer(self._seq))
        return self._expired and self._task.uncancel() <= self._cancelling
