"""The worker: carries out journeys and their activities until it is told to stop.

SIGTERM and SIGINT: no new work is taken, what runs has `GRACE` to finish and be reported; a touch that is cut
off all the same is found half-done in the ledger and settled by the next attempt.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import structlog
from temporalio import activity
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.runtime import Runtime
from temporalio.service import RPCError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    Worker,
)

from doorstep import gateway, logs, releases, threads
from doorstep.activities.forgetting import forget_forever
from doorstep.activities.ports import activities, build_ports
from doorstep.channels import configured
from doorstep.channels.pacing import Paces
from doorstep.codec import key_ring
from doorstep.errors import Unavailable
from doorstep.garbage import Collector, Turnover
from doorstep.maintenance.running import maintaining
from doorstep.models.base import Database
from doorstep.models.patience import patiently
from doorstep.presence import check_open_journeys, present
from doorstep.sandbox import keep_bytecode, read_once, sandbox
from doorstep.settings import Settings, load_settings
from doorstep.telemetry import metrics, tracing
from doorstep.telemetry.serving import metrics_served
from doorstep.workflows import patches, registry

log = structlog.get_logger(__name__)

#: below the ten seconds that `up` and most process managers leave between SIGTERM and SIGKILL
GRACE = timedelta(seconds=7)

#: seconds between tries to reach a Temporal that is away
LONGEST_WAIT = 5.0


def main() -> None:
    """Run one worker of this deployment until SIGTERM or SIGINT. Raises `SetupError` for what a person must
    mend first."""
    settings = load_settings()
    logs.configure(settings.log_level, settings.log_format)
    asyncio.run(run(settings))


async def run(settings: Settings, *, stop: asyncio.Event | None = None) -> None:
    """Run a worker until `stop` is set (by default: SIGTERM or SIGINT). Temporal may come later than we do,
    and may go away in between. Raises `SetupError` when an open journey could not be carried on, or keys or secrets
    cannot be read."""
    stop = stop or _stopped_by_signals()
    threads.take_short_turns()
    keep_bytecode(settings.data_dir / "bytecode")
    key_ring(settings)  # keys that cannot be read are said before anything is waited for
    releases.check(settings.store_packages)
    journeys = registry.journeys()
    database = Database.of(settings, serving=True, behind=True)
    with contextlib.ExitStack() as stack:
        stack.enter_context(read_once())
        stack.callback(database.dispose)
        pool = stack.enter_context(_activity_threads(settings, database))
        tracing.configure("doorstep-worker")
        stack.callback(tracing.close)
        await patiently(lambda: check_open_journeys(database, journeys, patches.declared()), stop)
        if stop.is_set():
            return
        paces = Paces.of(settings)
        ports = build_ports(settings, database, paces)
        runtime = stack.enter_context(metrics_served(settings.worker_metrics))
        client = await connected(settings, stop, runtime)
        if client is None:
            return
        turnover = Turnover(settings.worker_cache)
        found = activities(ports, database)
        worker = make_worker(client, settings, journeys, found, pool, made=turnover.another)
        stack.callback(Collector(database.still, turnover.gone).start().stop)
        async with present(database, settings, stop, paces.among):
            log.info("worker started", journeys=sorted(journeys), task_queue=settings.task_queue)
            for channel in configured.serving(settings):
                say = log.warning if channel.missing else log.info
                say(channel.sentence, channel=channel.channel.value, provider=channel.provider)
            async with (
                worker,
                maintaining(client, settings, database, ports),
                _sweeping(settings, database, client),
            ):
                await stop.wait()
                log.info("worker stopping", grace_seconds=GRACE.total_seconds())
        log.info("worker stopped")


def _activity_threads(settings: Settings, database: Database) -> ThreadPoolExecutor:
    """For regular and local activities. Before anything else begins threads: those stand back like the main one."""
    both = 2 * settings.worker_concurrency
    return threads.pool(both, "activity", behind=settings.worker_niceness, ahead=database.is_sqlite)


def make_worker(
    client: Client,
    settings: Settings,
    journeys: Mapping[str, type[Any]],
    functions: list[Any],
    pool: ThreadPoolExecutor,
    *,
    made: Callable[[], object] = int,
) -> Worker:
    """The SDK's worker as we run it. `pool` serves regular and local activities; `made` as in `sandbox`."""
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=list(journeys.values()),
        activities=functions,
        activity_executor=pool,
        max_concurrent_activities=settings.worker_concurrency,
        max_concurrent_local_activities=settings.worker_concurrency,
        workflow_runner=sandbox(made),
        interceptors=[JourneyLines()],
        max_cached_workflows=settings.worker_cache,
        graceful_shutdown_timeout=GRACE,
    )


async def connected(settings: Settings, stop: asyncio.Event, runtime: Runtime | None = None) -> Client | None:
    """A client of the deployment's namespace, however long it takes Temporal to come; None when stopped
    before. `runtime`: the SDK's, where its metrics are told."""
    wait = 0.5
    while not stop.is_set():
        try:
            client = await gateway.connect(settings, runtime=runtime)
            asked = DescribeNamespaceRequest(namespace=client.namespace)
            await client.workflow_service.describe_namespace(asked, timeout=timedelta(seconds=5))
            return client
        except (Unavailable, RPCError) as error:
            why = str(error.__cause__ or error).partition("\n")[0][:200]
        log.warning(
            "Temporal cannot be reached yet",
            address=settings.temporal_target(),
            namespace=settings.temporal_namespace,
            error=why,
            next_try_in_seconds=wait,
        )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)
        wait = min(wait * 2, LONGEST_WAIT)
    return None


class JourneyLines(Interceptor):
    """Every line that an activity logs carries its journey's id, workflow type, activity and attempt."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Bound(next)


class _Bound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        with structlog.contextvars.bound_contextvars(
            journey_id=info.workflow_id,
            workflow_type=info.workflow_type,
            activity=info.activity_type,
            attempt=info.attempt,
        ):
            try:
                return await super().execute_activity(input)
            except Exception as error:
                code = (error.type if isinstance(error, ApplicationError) else None) or type(error).__name__
                metrics.activity_failures(info.activity_type, code)
                raise


@contextlib.asynccontextmanager
async def _sweeping(settings: Settings, database: Database, client: Client) -> AsyncIterator[None]:
    """What was not delivered to a journey is tried again within seconds (the schedule is the net below), and what was
    erased leaves the database's files within a minute."""
    tasks = [
        asyncio.create_task(gateway.sweep_forever(settings=settings, database=database, client=client)),
        asyncio.create_task(forget_forever(database, settings.secret_key)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _stopped_by_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
