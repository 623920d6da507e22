"""The sweep as a job: what was left is delivered once, by two at once and after a week of nobody sweeping."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from doorstep.activities.ports import build_ports
from doorstep.maintenance.jobs import Jobs
from doorstep.models.base import Database
from doorstep.workflows.maintenance import Job, Round
from gateway.stage import Stage
from ingest.telling import open_shop, order, take, whole

pytestmark = pytest.mark.system

SWEEP = Round(job=Job.SWEEP)


@pytest.fixture
async def stage(client: Client, database: Database, tmp_path: Path) -> Stage:
    open_shop(database)
    return Stage(client, database, tmp_path)


def sweeping(stage: Stage, later: timedelta) -> Jobs:
    return Jobs(
        client=stage.client,
        settings=stage.settings,
        database=stage.database,
        ports=build_ports(stage.settings, stage.database),
        clock=lambda: stage.now + later,
    )


@pytest.mark.parametrize("later", [timedelta(seconds=10), timedelta(days=7)])
async def test_twice_side_by_side_and_late(stage: Stage, later: timedelta) -> None:
    """Each order starts one journey, however many sweep and however late; then there is nothing left to do."""
    for n in range(5):
        take(stage.database, whole(order(stage.order(n))), f"w{n}", stage.now)
    both = await asyncio.gather(*(sweeping(stage, later).maintain(SWEEP) for _ in range(2)))
    assert sum(done.counts.get("failed", 0) for done in both) == 0
    assert sum(done.counts.get("delivered", 0) for done in both) == 5
    async with stage.worker():
        for n in range(5):
            types, _ = await stage.heard(n)
            assert set(types) == {"order.placed"}
    assert (await sweeping(stage, later).maintain(SWEEP)).counts == {}
