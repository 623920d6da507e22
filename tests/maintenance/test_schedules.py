"""Schedules: made once, made right, never un-paused, and carried out by a worker on the real server."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from temporalio.client import Client

import shop
from doorstep import worker
from doorstep.activities.ports import build_ports
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import Send, TouchState
from doorstep.maintenance import schedules
from doorstep.maintenance.jobs import Jobs
from doorstep.maintenance.schedules import PLANS, ensure, ensure_until_done, look, run_now, schedule_id
from doorstep.models.base import Database
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.tables import table
from doorstep.settings import Settings
from doorstep.touch import ledger
from doorstep.workflows.maintenance import Job, Round

pytestmark = pytest.mark.system


async def test_schedules_are_made_once_and_made_right(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers that start at once make each schedule once; a release with another interval puts it right; a
    pause outlives that."""
    assert set((await look(client, settings)).values()) == {None}
    both = await asyncio.gather(*(ensure(client, settings) for _ in range(2)))
    assert sorted(done[Job.SWEEP] for done in both) == ["created", "there"]
    assert set((await ensure(client, settings)).values()) == {"there"}
    await client.get_schedule_handle(schedule_id(settings, Job.PURGE)).pause(note="migration")
    changed = {job: replace(plan, every=2 * plan.every) for job, plan in PLANS.items()}
    monkeypatch.setattr(schedules, "PLANS", changed)
    assert set((await ensure(client, settings)).values()) == {"updated"}
    seen = await look(client, settings)
    for job, found in seen.items():
        assert found is not None
        assert found.every == changed[job].every
        assert found.paused == (job is Job.PURGE)
    await forget(client, settings)


async def test_a_worker_ensures_them_and_carries_them_out(
    client: Client, settings: Settings, database: Database
) -> None:
    """A started worker: the schedules are there, each ran once, and a touch that a dead attempt left is settled."""
    shop.open_shop(database)
    row = ledger.decided(ledger.fresh(shop.a_request()), Send(channel=Channel.EMAIL), shop.NOON)
    with build_ports(settings, database).store.locked(shop.STORE, shop.PERSON) as tx:
        tx.save(replace(row, state=TouchState.SENDING, sending_at=shop.NOON, attempts=1))
    with database.writing() as connection:
        connection.execute(
            update(table(JourneyRow)).values(
                id=f"jny_{uuid.uuid4().hex}",  # of which this session's server knows nothing, whatever ran before
                status="closed",
                closed_at=datetime.now(UTC) - timedelta(hours=1),
            )
        )
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(settings, stop=stop))
    try:
        for _ in range(1200):
            seen = await look(client, settings)
            if all(found is not None and found.last and not found.running for found in seen.values()):
                break
            assert not running.done()
            await asyncio.sleep(0.05)
        with database.reading() as connection:
            assert connection.execute(table(LedgerRowModel).select()).one().state == "unknown"
        results = {}
        for job in PLANS:
            handle = client.get_schedule_handle(schedule_id(settings, job))
            # all its runs together: the clock may have come to the next one meanwhile
            runs = [one.action for one in (await handle.describe()).info.recent_actions]
            told = [await client.get_workflow_handle(run.workflow_id).result() for run in runs]  # type: ignore[union-attr]
            results[job] = dict(sum(map(Counter, told), Counter()))
        assert results == {
            Job.SWEEP: {},
            Job.RECONCILE: {"settled": 1},
            Job.ARCHIVE: {"missing": 1},
            Job.PURGE: {},
        }
        await run_now(client, settings, Job.RECONCILE)
    finally:
        stop.set()
        await asyncio.wait_for(running, 60)
        await forget(client, settings)


async def test_without_temporal_the_worker_is_not_disturbed(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schedules that cannot be made now are made as soon as they can be."""
    tries = []

    async def sometimes(*given: object) -> dict[Job, str]:
        tries.append(given)
        if len(tries) < 3:
            raise RuntimeError
        return dict.fromkeys(PLANS, "there")

    monkeypatch.setattr(schedules, "ensure", sometimes)
    await asyncio.wait_for(ensure_until_done(client, settings, first_wait=0.01), 60)
    assert len(tries) == 3


async def test_reconciling_twice_side_by_side(jobs: Jobs, database: Database) -> None:
    """Two runs settle each leftover once, and between them count it once."""
    for n in range(10):
        request = shop.a_request(step=f"step-{n}")
        row = ledger.decided(ledger.fresh(request), Send(channel=Channel.EMAIL), shop.NOON)
        with jobs.ports.store.locked(shop.STORE, shop.PERSON) as tx:
            tx.save(replace(row, state=TouchState.SENDING, sending_at=shop.NOON, attempts=1))
    with database.writing() as connection:
        connection.execute(update(table(JourneyRow)).values(status="closed"))
    both = await asyncio.gather(*(jobs.maintain(Round(job=Job.RECONCILE)) for _ in range(2)))
    with database.reading() as connection:
        states = [row.state for row in connection.execute(table(LedgerRowModel).select())]
    assert states == ["unknown"] * 10
    assert sum(done.counts.get("settled", 0) for done in both) == 10
    assert (await jobs.maintain(Round(job=Job.RECONCILE))).counts == {}


async def forget(client: Client, settings: Settings) -> None:
    """The schedules of this test go with it."""
    for job in PLANS:
        await client.get_schedule_handle(schedule_id(settings, job)).delete()
