"""The SDK's instance as the engine drives it, and what it is told in place of a protobuf."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, ClassVar

from temporalio.api.failure.v1 import Failure
from temporalio.bridge.proto.workflow_activation import ResolveActivity, WorkflowActivation
from temporalio.worker import StartActivityInput, StartLocalActivityInput, WorkflowInstanceDetails
from temporalio.worker._workflow_instance import _WorkflowInstanceImpl, _WorkflowLogicFlag

from doorstep.rehearsal._sdk.activity import Asked, Handle, asked, carried, contextual
from doorstep.rehearsal._sdk.handing import Crossing, Handed, Vouched, as_it_is, taken
from doorstep.rehearsal._sdk.looping import Looping
from doorstep.rehearsal._sdk.plain import (
    ActivityCompleted,
    Completion,
    Job,
    PlainCommand,
    PlainJob,
    TimerFired,
    job,
)
from doorstep.rehearsal._sdk.waiting import held, held_until

#: the server suggests continue-as-new at this many events, and ends a workflow at `LONGEST_HISTORY`
SUGGESTED_LENGTH = 4096
LONGEST_HISTORY = 51_200


class Activation:
    """What an instance reads of a `WorkflowActivation`. As a protobuf it would be made of copies of all its jobs."""

    history_size_bytes = 0
    target_worker_deployment_version_changed = False
    deployment_version_for_current_task = WorkflowActivation().deployment_version_for_current_task

    def __init__(
        self,
        run_id: str,
        jobs: Sequence[Job | PlainJob],
        at: int,
        length: int,
        replaying: bool,
        flags: Iterable[int],
    ) -> None:
        self.run_id, self.jobs, self.is_replaying = run_id, jobs, replaying
        self.history_length, self.continue_as_new_suggested = length, length >= SUGGESTED_LENGTH
        self.available_internal_flags = flags
        self.at = at

    @property
    def timestamp(self) -> Activation:
        return self

    def ToNanoseconds(self) -> int:  # noqa: N802 - a protobuf timestamp's
        return self.at


#: seconds; of a shorter wait asyncio asks more
_SHORT = 0.001
_SINGLE_BATCH = _WorkflowLogicFlag.PROCESS_WORKFLOW_ACTIVATION_JOBS_AS_SINGLE_BATCH
_HEARD = ("signal_workflow", "do_update")
_USUAL = frozenset({*_HEARD, "fire_timer", "resolve_activity", "cancel_workflow"})
_ENDS = (
    "complete_workflow_execution",
    "continue_as_new_workflow_execution",
    "fail_workflow_execution",
    "cancel_workflow_execution",
)


def _sorted(jobs: Sequence[Job | PlainJob]) -> tuple[list[Any], list[Any] | None]:
    """What is heard and what else there is, each with its kind; None: some of it is out of the ordinary."""
    heard: list[Any] = []
    others: list[Any] = []
    for told in jobs:
        kind = told.kind if isinstance(told, PlainJob) else told.WhichOneof("variant")
        if kind not in _USUAL:
            return heard, None
        (heard if kind in _HEARD else others).append((kind, told))
    return heard, others


class Instance(Looping):
    """The SDK's instance without what no command depends on: the names of tasks, which only its log and its stack
    traces show; objects that it makes for every callback, wait, timer and activity where lighter ones do; and what it
    asks anew for each condition and round. Whatever is out of the ordinary goes the SDK's own way.
    `tests/rehearsal/test_instance.py` holds it to the SDK's own."""

    vouched: Vouched | None = None

    def __init__(self, details: WorkflowInstanceDetails) -> None:
        super().__init__(details)
        self._single_batch = _SINGLE_BATCH in self._default_workflow_logic_flags
        self._contextual = contextual(self._context_free_payload_converter) or contextual(
            self._context_free_failure_converter
        )

    def dismantle(self) -> None:
        """Let go of everything, once no task is left: an instance refers to itself, and would wait for the garbage
        collector with all that it holds. What it keeps is for errors of tasks that nobody asked about."""
        self.__dict__ = {name: self.__dict__[name] for name in ("_deleting", "_exception_handler")}

    # --- one activation -----------------------------------------------------------------------------------

    def activate(self, act: Any) -> Any:
        """As the SDK's, with a `Completion`; the first activation of a run, its last, and those with other jobs are the
        SDK's."""
        if self._object is None or self._deleting:
            return self._activate_as_the_sdk_does(act)
        jobs = act.jobs
        heard: list[Any] = []
        others: list[Any] | None
        if len(jobs) == 1 and (told := jobs[0]).__class__ in self._appliers:
            others = [(told.kind, told)]
        else:
            heard, others = _sorted(jobs)
        if others is None:
            return self._activate_as_the_sdk_does(act)
        completion: Any = Completion()
        # what is the same in every activation stays as the first one, the SDK's, has set it
        self._current_completion = completion
        self._current_activation_error = None
        self._current_history_length = act.history_length
        self._continue_as_new_suggested = act.continue_as_new_suggested
        self._time_ns, self._is_replaying = act.at, act.is_replaying
        flags = self._current_internal_flags = act.available_internal_flags
        self._single_batch_activation = (
            not act.is_replaying and self._single_batch
        ) or _SINGLE_BATCH in flags
        try:
            self._carry_out(heard, others)
        except Exception as raised:  # noqa: BLE001 - a workflow's own errors fail its task
            completion.failure = self._failing(raised)
        if (self._in_progress_updates or self._in_progress_signals) and any(
            command.WhichOneof("variant") in _ENDS for command in completion
        ):
            self._warn_if_unfinished_handlers()
        return completion

    def _activate_as_the_sdk_does(self, act: Any) -> Any:
        self._forget_done()  # a query may ask for the stacks of all
        act.jobs = [job(told) for told in act.jobs]
        return super().activate(act)

    def _carry_out(self, heard: list[Any], others: list[Any]) -> None:
        single, updates_only = self._single_batch_activation, False
        if heard:
            updates_only = not others and all(kind == "do_update" for kind, _ in heard)
            for kind, told in heard:
                getattr(self, f"_apply_{kind}")(getattr(told, kind))
            if not single:
                self._rounds(updates_only=updates_only)
        for kind, told in others:
            if told.__class__ in self._appliers:
                self._appliers[told.__class__](self, told)
            else:
                getattr(self, f"_apply_{kind}")(getattr(told, kind))
        if single or others:
            self._rounds(updates_only=updates_only)

    def _failing(self, error: Exception) -> Failure | None:
        """What fails the task; None when the error fails the workflow."""
        failing = error
        if self.workflow_is_failure_exception(error):
            try:
                self._set_workflow_failure(error)
            except Exception as inner:  # noqa: BLE001 - as the SDK's
                failing = inner
            else:
                return None
        failure = Failure()
        self._workflow_context_failure_converter.to_failure(
            failing, self._workflow_context_payload_converter, failure
        )
        return failure

    def _apply_resolve_activity(self, job: ResolveActivity) -> None:
        if self._contextual or not job.result.HasField("completed"):
            return super()._apply_resolve_activity(job)
        completed = job.result.completed
        return self._completed(job.seq, completed.result if completed.HasField("result") else None)

    def _apply_completed(self, told: ActivityCompleted) -> None:
        if self._contextual:
            super()._apply_resolve_activity(told.job().resolve_activity)
        else:
            self._completed(told.seq, told.result)

    _appliers: ClassVar[dict[type[Any], Callable[[Any, Any], None]]] = {
        TimerFired: _WorkflowInstanceImpl._apply_fire_timer,
        ActivityCompleted: _apply_completed,
    }

    def _completed(self, seq: int, result: Crossing | None) -> None:
        handle = self._pending_activities.pop(seq, None)
        if handle is None:
            raise RuntimeError(f"Failed finding activity handle for sequence {seq}")
        value, type_ = None, handle._input.ret_type
        if isinstance(result, Handed):
            (value,) = taken((result,), [type_], self._context_free_payload_converter)
        elif result is not None:
            converter = self._context_free_payload_converter
            (value,) = self._convert_payloads([result], [type_] if type_ else None, converter)
        handle._result_fut.set_result(value)

    def _convert_payloads(self, payloads: Any, types: Any, payload_converter: Any) -> list[Any]:
        if len(payloads) == 1 and isinstance(payloads[0], Handed):
            value = as_it_is(payloads[0], types if types and len(types) == 1 else None)
            if value is not NotImplemented:
                return [value]
            payloads = [payloads[0].message]
        return super()._convert_payloads(payloads, types, payload_converter)

    def say(self, command: PlainCommand) -> None:
        """Give a command."""
        if self._read_only or self._deleting:
            self._assert_not_read_only("add command")
        completion: Any = self._current_completion
        if completion.__class__ is Completion:
            completion.append(command)
        else:
            completion.successful.commands.append(command.command())

    def workflow_start_activity(self, activity: Any, *args: Any, **options: Any) -> Any:
        """As the SDK's, without asking interceptors: a rehearsal has none."""
        if not isinstance(activity, str) or self._read_only or self._deleting:
            return super().workflow_start_activity(activity, *args, **options)
        options["disable_eager_execution"] = self._disable_eager_activity_execution
        return self._outbound_schedule_activity(asked(StartActivityInput, activity, args, options))

    def workflow_start_local_activity(self, activity: Any, *args: Any, **options: Any) -> Any:
        """As the SDK's, without asking interceptors or whether the worker has it: a rehearsal has both or neither."""
        if not isinstance(activity, str):
            return super().workflow_start_local_activity(activity, *args, **options)
        return self._outbound_schedule_activity(asked(StartLocalActivityInput, activity, args, options))

    def _outbound_schedule_activity(self, input: Asked) -> Any:
        if self._contextual or not (input.start_to_close_timeout or input.schedule_to_close_timeout):
            return super()._outbound_schedule_activity(input)
        handle = Handle(self, input, carried(self))
        handle._apply_schedule_command()
        self._pending_activities[handle._seq] = handle
        return handle

    def workflow_wait_condition(
        self, fn: Callable[[], bool], *, timeout: float | None = None, **options: Any
    ) -> Coroutine[Any, Any, None]:
        if timeout is None:
            return held(self, fn)
        if timeout < _SHORT or any(options.values()):
            return super().workflow_wait_condition(fn, timeout=timeout, **options)
        return held_until(self, fn, timeout)
