"""The SDK's instance as the engine drives it, and what it is told in place of a protobuf."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.worker._workflow_instance import _WorkflowInstanceImpl

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
        jobs: Sequence[WorkflowActivationJob],
        at: int,
        length: int,
        replaying: bool,
        flags: Iterable[int],
    ) -> None:
        self.run_id, self.jobs, self.is_replaying = run_id, jobs, replaying
        self.history_length, self.continue_as_new_suggested = length, length >= SUGGESTED_LENGTH
        self.available_internal_flags = flags
        self._at = at

    @property
    def timestamp(self) -> Activation:
        return self

    def ToNanoseconds(self) -> int:  # noqa: N802 - a protobuf timestamp's
        return self._at


class Instance(_WorkflowInstanceImpl):
    """The SDK's instance without what no command depends on: the names of tasks, which only its log and its stack
    traces show; the time limit of none around a condition without one; and, in its rounds, what it asks anew for each
    condition and round. `tests/rehearsal/test_instance.py` holds it to the SDK's own."""

    def _register_task(self, task: asyncio.Task[Any], *, name: str | None) -> None:
        self._assert_not_read_only("create task")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.remove)
        setattr(task, "_log_destroy_pending", False)  # noqa: B010 - not in typeshed

    def _run_once(self, *, check_conditions: bool, jobs: Sequence[WorkflowActivationJob]) -> None:
        if self._object is None:
            return super()._run_once(check_conditions=check_conditions, jobs=jobs)
        ready, updates_only = self._ready, all(job.HasField("do_update") for job in jobs)
        asyncio._set_running_loop(self)
        try:
            while ready:
                while ready:
                    ready.popleft()._run()
                    if self._current_activation_error and not self._deleting:
                        raise self._current_activation_error
                if check_conditions and (not updates_only or self._accepted_one()):
                    self._look()
        finally:
            asyncio._set_running_loop(None)
        return None

    def _look(self) -> None:
        """Wake who waits for a condition that holds now, and forget who waits no more."""
        waiting = []
        for held in self._conditions:
            condition, future = held
            if future.done():
                continue
            if condition():
                future.set_result(True)
            else:
                waiting.append(held)
        self._conditions[:] = waiting

    def _accepted_one(self) -> bool:
        commands = self._current_completion.successful.commands
        return any(command.update_response.HasField("accepted") for command in commands)

    def workflow_wait_condition(
        self, fn: Callable[[], bool], *, timeout: float | None = None, **options: Any
    ) -> Coroutine[Any, Any, None]:
        if timeout is not None:
            return super().workflow_wait_condition(fn, timeout=timeout, **options)
        return self._condition(fn)

    async def _condition(self, fn: Callable[[], bool]) -> None:
        self._assert_not_read_only("wait condition")
        cancelled_before = self._cancel_reason is not None
        future = self.create_future()
        self._conditions.append((fn, future))
        await future
        if self._single_batch_activation and not cancelled_before and self._cancel_reason is not None:
            raise asyncio.CancelledError
