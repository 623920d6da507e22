"""An activity that a workflow waits for: the SDK's handle, with what it makes for each made once or in place."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from temporalio.common import Priority
from temporalio.converter import CompositePayloadConverter, WithSerializationContext
from temporalio.worker import StartActivityInput, StartLocalActivityInput
from temporalio.worker._workflow_instance import (
    _ActivityDoBackoffError,
    _ActivityHandle,
    _WorkflowLogicFlag,
)
from temporalio.workflow._event_groups import _active_event_groups, _capture_event_group_markers

from doorstep.converter import Payloads
from doorstep.rehearsal._sdk.handing import given
from doorstep.rehearsal._sdk.schedules import Schedule, ScheduleLocal
from doorstep.rehearsal._sdk.waiting import NO_GROUPS

if TYPE_CHECKING:
    from doorstep.rehearsal._sdk.instance import Instance

#: days, less than the longest duration of a protobuf
_LONGEST = 3_600_000
Asked = StartActivityInput | StartLocalActivityInput

_COMPLETED = _WorkflowLogicFlag.RAISE_ON_CANCELLING_COMPLETED_ACTIVITY


def asked[Input: Asked](
    cls: type[Input], activity: str, args: tuple[Any, ...], options: dict[str, Any]
) -> Input:
    """The SDK's input of an activity that is known by its name: its fields are the options, but for one."""
    made = cls.__new__(cls)
    options["ret_type"] = options.pop("result_type")
    options["activity"], options["args"], options["headers"], options["arg_types"] = activity, args, {}, None
    made.__dict__ = options
    return made


def ordinary(asked: Any) -> bool:
    """Whether its options are of the types that the SDK expects; of the others it says at once what is wrong."""
    local = isinstance(asked, StartLocalActivityInput)
    if not local and (asked.priority.__class__ is not Priority or asked.versioning_intent):
        return False
    for lasting in (
        asked.schedule_to_close_timeout,
        asked.schedule_to_start_timeout,
        asked.start_to_close_timeout,
        asked.local_retry_threshold if local else asked.heartbeat_timeout,
    ):
        if lasting is not None and (lasting.__class__ is not timedelta or lasting.days >= _LONGEST):
            return False
    for name in (asked.activity, asked.activity_id, None if local else asked.task_queue):
        if name and (name.__class__ is not str or not name.isascii()):
            return False
    return asked.activity.__class__ is str


class Handle(_ActivityHandle):
    """The SDK's handle of an activity, made with a converter that does not ask whose payloads they are."""

    def __init__(self, instance: Instance, asked: Asked, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.Task.__init__(self, work, loop=instance)
        self._instance = instance
        self._seq = instance._next_seq("activity")
        self._input = asked
        self._result_fut = asyncio.Future(loop=instance)
        self._started = False
        self._cancel_command_seq: int | None = None
        instance._register_task(self, name=None)
        self._payload_converter = instance._context_free_payload_converter
        grouped = asked.event_groups or _active_event_groups.get() is not NO_GROUPS
        self._event_group_markers = _capture_event_group_markers(asked.event_groups) if grouped else []

    def _apply_schedule_command(self, local_backoff: Any = None) -> None:
        asked = self._input
        plain = ordinary(asked) and not (asked.headers or asked.summary or self._event_group_markers)
        if local_backoff is not None or not plain:
            return super()._apply_schedule_command(local_backoff)
        instance: Any = self._instance
        crossing = given(asked.args, self._payload_converter, instance.vouched) if asked.args else ()
        made = ScheduleLocal if isinstance(asked, StartLocalActivityInput) else Schedule
        instance.say(made(asked, self._seq, crossing, instance._info.task_queue))
        return None


async def carried(instance: Instance) -> Any:
    """What the task of a handle does: waits for the activity's end, through its backoffs, and asks to cancel it when it
    is cancelled itself."""
    mine: Any = asyncio.current_task(instance)
    mine._started = True
    ending = mine._result_fut
    while True:
        waiter: asyncio.Future[None] = asyncio.Future(loop=instance)
        wake = partial(
            _wake, waiter
        )  # a step of its own between the end and this task, as with the SDK's shield
        try:
            ending.add_done_callback(wake)
            try:
                await waiter
            finally:
                ending.remove_done_callback(wake)
            return ending.result()
        except asyncio.CancelledError:
            if ending.done():
                if instance._single_batch_activation:
                    raise
                if not instance._is_replaying or _COMPLETED in instance._current_internal_flags:
                    instance._current_completion.successful.used_internal_flags.append(_COMPLETED)
                    raise
            mine._request_cancel()
            mine.uncancel()
        except _ActivityDoBackoffError as told:
            left = told.backoff.backoff_duration.ToTimedelta().total_seconds()
            await instance.workflow_sleep(left, event_groups=mine._input.event_groups)
            mine._apply_schedule_command(told.backoff)
            instance._pending_activities[mine._seq] = mine
            ending = mine._result_fut


def _wake(waiter: asyncio.Future[None], _: Any) -> None:
    if not waiter.done():
        waiter.set_result(None)


def contextual(converter: object) -> bool:
    """Whether a converter may be another for another activity. Ours answers itself, whatever it is asked for."""
    if isinstance(converter, Payloads):
        return type(converter).with_context is not Payloads.with_context
    if isinstance(converter, CompositePayloadConverter):
        usual = type(converter).with_context is CompositePayloadConverter.with_context
        return not usual or converter._any_converter_takes_context
    return isinstance(converter, WithSerializationContext)
