"""The worker's part in maintenance: it takes the jobs that schedules start, and sees that the schedules are there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from doorstep.maintenance.jobs import Jobs
from doorstep.maintenance.schedules import ensure_until_done, task_queue
from doorstep.models.base import Database
from doorstep.ports import Ports
from doorstep.sandbox import sandbox
from doorstep.settings import Settings
from doorstep.workflows.maintenance import Maintenance

GRACE = timedelta(seconds=3)
"""A job that is cut off is begun again by another worker; nothing of it is lost."""


@contextlib.asynccontextmanager
async def maintaining(
    client: Client, settings: Settings, database: Database, ports: Ports
) -> AsyncIterator[None]:
    """Takes maintenance jobs for as long as the block lasts, and ensures their schedules meanwhile."""
    jobs = Jobs(client=client, settings=settings, database=database, ports=ports)
    worker = Worker(
        client,
        task_queue=task_queue(settings),
        workflows=[Maintenance],
        activities=[jobs.maintain],
        workflow_runner=sandbox(),
        max_cached_workflows=0,  # a run is one or two tasks: nothing to keep, and one poller is enough
        max_concurrent_workflow_task_polls=1,
        max_concurrent_activity_task_polls=1,
        max_concurrent_workflow_tasks=2,
        max_concurrent_activities=2,
        graceful_shutdown_timeout=GRACE,
    )
    ensuring = asyncio.create_task(ensure_until_done(client, settings))
    try:
        async with worker:
            yield
    finally:
        ensuring.cancel()
        await asyncio.gather(ensuring, return_exceptions=True)
