"""The schedules in Temporal that start maintenance: made, and made right, by any worker at its start or by
`doorstep schedules ensure`. One that an operator paused stays paused.

What they cost (Temporal Cloud counts three actions for each start by a schedule, and one for the activity): at these
intervals 288 × 4 + 288 × 4 + 24 × 4 + 1 × 4 = 2,404 actions a day and deployment, as much as ninety journeys.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleDescription,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from doorstep.settings import Settings
from doorstep.workflows.maintenance import WORKFLOW, Job

log = structlog.get_logger(__name__)

LONGEST_WAIT = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When a job runs: every so often, `offset` after the (UTC) hour or day begins; ended after `at_most`."""

    every: timedelta
    offset: timedelta = timedelta(0)
    at_most: timedelta


PLANS: dict[Job, Plan] = {
    Job.SWEEP: Plan(every=timedelta(minutes=5), at_most=timedelta(minutes=15)),
    Job.RECONCILE: Plan(
        every=timedelta(minutes=5), offset=timedelta(minutes=2), at_most=timedelta(minutes=15)
    ),
    Job.ARCHIVE: Plan(every=timedelta(hours=1), offset=timedelta(minutes=17), at_most=timedelta(hours=6)),
    Job.PURGE: Plan(
        every=timedelta(days=1), offset=timedelta(hours=2, minutes=30), at_most=timedelta(hours=12)
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One schedule as Temporal has it. Instants are aware UTC."""

    job: Job
    id: str
    every: timedelta
    paused: bool
    last: datetime | None
    next: datetime | None
    running: bool


def task_queue(settings: Settings) -> str:
    """Maintenance has a queue of its own: no touch waits behind it, and a worker of an older release leaves it be."""
    return f"{settings.task_queue}-maintenance"


def schedule_id(settings: Settings, job: Job) -> str:
    """By the task queue: two deployments in one namespace keep theirs apart."""
    return f"{settings.task_queue}-{job.value}"


def wanted(settings: Settings, job: Job) -> Schedule:
    """The schedule as this release wants it. Runs never overlap; a run that was missed (Temporal was down) is not
    caught up on, for the next does all that is due."""
    plan = PLANS[job]
    return Schedule(
        action=ScheduleActionStartWorkflow(
            WORKFLOW,
            job.value,
            id=f"maintenance-{schedule_id(settings, job)}",
            task_queue=task_queue(settings),
            execution_timeout=plan.at_most,
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=plan.every, offset=plan.offset)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=1)),
    )


async def ensure(client: Client, settings: Settings) -> dict[Job, str]:
    """Every schedule is there and as this release wants it. Answers per job `created`, `updated` or `there`; a new
    one runs at once. Safe to call by many at once. Raises RPCError."""
    return {job: await _ensure(client, settings, job) for job in PLANS}


async def _ensure(client: Client, settings: Settings, job: Job) -> str:
    id_, right = schedule_id(settings, job), wanted(settings, job)
    try:
        await client.create_schedule(id_, right, trigger_immediately=True)
        return "created"
    except ScheduleAlreadyRunningError:
        pass
    handle = client.get_schedule_handle(id_)
    if _same(await handle.describe(), right):
        return "there"

    def put_right(found: ScheduleUpdateInput) -> ScheduleUpdate:
        state = found.description.schedule.state  # an operator's pause is theirs
        return ScheduleUpdate(schedule=replace(right, state=state))

    await handle.update(put_right)
    return "updated"


def _same(found: ScheduleDescription, right: Schedule) -> bool:
    has, wants = found.schedule.action, right.action
    assert isinstance(wants, ScheduleActionStartWorkflow)
    return (
        isinstance(has, ScheduleActionStartWorkflow)
        and (has.workflow, has.task_queue, has.execution_timeout)
        == (wants.workflow, wants.task_queue, wants.execution_timeout)
        and [_interval(i) for i in found.schedule.spec.intervals]
        == [_interval(i) for i in right.spec.intervals]
    )


def _interval(given: ScheduleIntervalSpec) -> tuple[timedelta, timedelta]:
    return given.every, given.offset or timedelta(0)


async def ensure_until_done(client: Client, settings: Settings, *, first_wait: float = 2.0) -> None:
    """`ensure`, again and again until it went well: the worker's part. Never raises but for a cancellation."""
    wait = first_wait
    while True:
        try:
            done = await ensure(client, settings)
        except Exception as error:  # noqa: BLE001 - journeys go on without schedules; a person is told
            log.warning("schedules not ensured", error=type(error).__name__, again_in_seconds=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)
            continue
        if set(done.values()) != {"there"}:
            log.info("schedules ensured", **{job.value: how for job, how in done.items()})
        return


async def look(client: Client, settings: Settings) -> dict[Job, Seen | None]:
    """Every schedule as Temporal has it; None for one that is not there. Raises RPCError."""
    return {job: await _look(client, settings, job) for job in PLANS}


async def _look(client: Client, settings: Settings, job: Job) -> Seen | None:
    id_ = schedule_id(settings, job)
    try:
        found = await client.get_schedule_handle(id_).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    newest: Callable[[], datetime | None] = lambda: max(  # noqa: E731 - once
        (action.started_at for action in found.info.recent_actions), default=None
    )
    return Seen(
        job=job,
        id=id_,
        every=found.schedule.spec.intervals[0].every if found.schedule.spec.intervals else timedelta(0),
        paused=found.schedule.state.paused,
        last=newest(),
        next=min(found.info.next_action_times, default=None),
        running=bool(found.info.running_actions),
    )


async def run_now(client: Client, settings: Settings, job: Job) -> None:
    """Starts a job now, unless it runs. Raises RPCError."""
    await client.get_schedule_handle(schedule_id(settings, job)).trigger()
