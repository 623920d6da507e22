"""How fast this machine is just now: Temporal's own workflow instance, alone, carrying a bare journey of fourteen
touches through ninety days. Rehearsal's figures in milliseconds were set where that takes 3.8 ms
(`../shared/engine-facts.md`, "driven in process"); on another machine, or the same one in a busy hour, they are held as
so many times this (`docs/decisions/0033`).

Annotations are no strings in this file: the SDK would compile those of a payload's class again for each payload, which
made the bare journey a third slower than it is.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payloads
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.common import Priority, TypedSearchAttributes
from temporalio.converter import DataConverter
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails

from bench.report import Figures

REFERENCE_MS = 3.8
"""What `play` takes on the machine for which the figures were set: of engine-facts' probe, which does no less."""
TOUCHES, APART = 14, timedelta(days=6)
TURN = 5
_BEGUN = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class _Touch:
    step: str
    order: str
    due_at: str


@dataclass
class _Sent:
    kind: str
    at: str


@workflow.defn(name="bare-ninety-days")
class BareNinetyDays:
    """Fourteen times: a wait with a time limit that passes, then an activity. Nothing of Doorstep's."""

    def __init__(self) -> None:
        self.stopped = False

    @workflow.run
    async def run(self, order: str) -> str:
        for step in range(TOUCHES):
            with suppress(TimeoutError):
                await workflow.wait_condition(lambda: self.stopped, timeout=APART)
            asked = _Touch(f"step-{step}", order, workflow.now().isoformat())
            await workflow.execute_activity(
                "touch", asked, result_type=_Sent, start_to_close_timeout=timedelta(minutes=2)
            )
        return "completed"


_JSON = DataConverter.default
_LOOP = asyncio.new_event_loop()
_DEFINITION = workflow._Definition.must_from_class(BareNinetyDays)


def play() -> int:
    """Plays it to its end, and answers how many activations that took: one for each touch and timer, and the first."""
    instance = _made()
    to_payloads, from_payloads = _JSON.payload_converter.to_payloads, _JSON.payload_converter.from_payloads
    at, activations = _BEGUN, 0
    told = WorkflowActivation(run_id="bare")
    begin = told.jobs.add().initialize_workflow
    begin.workflow_type, begin.workflow_id, begin.randomness_seed = "bare-ninety-days", "bare", 7
    begin.arguments.extend(to_payloads(["ord_1"]))
    while True:
        told.timestamp.FromDatetime(at)
        said = instance.activate(told)
        if said.HasField("failed"):
            raise RuntimeError(said.failed.failure.message)
        activations += 1
        told = WorkflowActivation(run_id="bare")
        for command in said.successful.commands:
            kind = command.WhichOneof("variant")
            if kind == "complete_workflow_execution":
                return activations
            if kind == "start_timer":
                at += command.start_timer.start_to_fire_timeout.ToTimedelta()
                told.jobs.add().fire_timer.seq = command.start_timer.seq
            elif kind == "schedule_activity":
                (asked,) = from_payloads(list(command.schedule_activity.arguments), [_Touch])
                ended = told.jobs.add().resolve_activity
                ended.seq = command.schedule_activity.seq
                ended.result.completed.result.CopyFrom(to_payloads([_Sent("sent", asked.due_at)])[0])


def _made() -> WorkflowInstance:
    """The SDK's instance, as its worker makes one without the sandbox: inside a running loop."""

    async def make() -> WorkflowInstance:
        return UnsandboxedWorkflowRunner().create_instance(
            WorkflowInstanceDetails(
                payload_converter_factory=lambda: _JSON.payload_converter,
                failure_converter_class=_JSON.failure_converter_class,
                interceptor_classes=[],
                defn=_DEFINITION,
                info=_info(),
                randomness_seed=7,
                extern_functions={},
                disable_eager_activity_execution=False,
                worker_level_failure_exception_types=(),
                patch_activation_callback=None,
                last_completion_result=Payloads(),
                last_failure=None,
            )
        )

    return _LOOP.run_until_complete(make())


def _info() -> workflow.Info:
    nothing: dict[str, Any] = dict.fromkeys(
        (
            "continued_run_id",
            "cron_schedule",
            "execution_timeout",
            "parent",
            "retry_policy",
            "root",
            "run_timeout",
        )
    )
    return workflow.Info(
        attempt=1,
        first_execution_run_id="bare",
        headers={},
        namespace="bench",
        original_execution_run_id="bare",
        priority=Priority.default,
        raw_memo={},
        run_id="bare",
        search_attributes={},
        start_time=_BEGUN,
        task_queue="bench",
        task_timeout=timedelta(seconds=10),
        typed_search_attributes=TypedSearchAttributes.empty,
        workflow_id="bare",
        workflow_start_time=_BEGUN,
        workflow_type="bare-ninety-days",
        **nothing,
    )


def beside(work: Callable[[], object], times: int) -> tuple[float, float]:
    """Medians in milliseconds of `work` and of `play`, `times` each, in turns of a few: both have the same share of
    whatever the machine does besides."""
    ours: list[float] = []
    bare: list[float] = []
    for turn in range(1 + -(-times // TURN)):
        took = _warm(work, TURN, time.perf_counter), alone(TURN)
        if turn:  # in the first one, templates are compiled and journeys proven
            ours, bare = ours + took[0], bare + took[1]
    return statistics.median(ours), statistics.median(bare)


def alone(times: int, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Milliseconds of `play`, so many times, by that clock of seconds."""
    if play() != 2 * TOUCHES + 1:
        raise RuntimeError("This measures nothing: the bare journey does not come to its end.")
    return _warm(play, times, clock)


def _warm(work: Callable[[], object], times: int, clock: Callable[[], float]) -> list[float]:
    """The first is not counted: it finds somebody else's things in the processor's caches."""
    work()
    took = []
    for _ in range(times):
        begun = clock()
        work()
        took.append((clock() - begun) * 1000)
    return took


def add(figures: Figures, name: str, milliseconds: float, bare: float, at_most: float) -> None:
    """Adds `NAME_ms` as the clock says, and `NAME_at_pace_ms`: what it comes to where the bare journey, which took
    `bare` in the same run, takes `REFERENCE_MS`. Both have the target."""
    figures.add(f"{name}_ms", milliseconds, "ms", at_most=at_most)
    figures.add(f"{name}_at_pace_ms", milliseconds * REFERENCE_MS / bare, "ms", at_most=at_most)
