"""A worker dies (SIGKILL) in the middle of a job that a schedule started. Two runs side by side, beside the dead one's,
then do what was left: everything, and each thing once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from temporalio.client import Client

import shop
from doorstep.activities.ports import build_ports
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import Send, TouchState
from doorstep.maintenance.jobs import Jobs
from doorstep.maintenance.schedules import PLANS, schedule_id
from doorstep.models.base import Database
from doorstep.models.inbox import InboxEventRow, InboxWebhookRow
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import LedgerRowModel, OutboxMessage
from doorstep.models.tables import table
from doorstep.settings import Settings
from doorstep.touch import ledger
from doorstep.workflows.maintenance import Job, Round
from gateway.stage import Stage
from ingest.telling import open_shop, order, take, whole
from maintenance.doomed import SMALL
from maintenance.stage import add_journeys, add_webhook, kept, run_workflows

pytestmark = pytest.mark.system
MANY = 3 * SMALL
LONG_AGO = timedelta(days=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """`MANY` things to do; `done` says of how many the tables say so. The worker dies before its `dies`th commit,
    when that many are `left_done`."""

    dies: int
    left_done: int
    done: Callable[[], int]
    once: Callable[[], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class House:
    """What a job is prepared with."""

    client: Client
    database: Database
    settings: Settings
    stage: Stage

    def count(self, rows: Any, *where: Any) -> int:
        with self.database.reading() as connection:
            return int(
                connection.execute(select(func.count()).select_from(table(rows)).where(*where)).scalar_one()
            )

    def jobs(self) -> Jobs:
        ports = build_ports(self.settings, self.database)
        return Jobs(client=self.client, settings=self.settings, database=self.database, ports=ports)


@pytest.fixture
def house(client: Client, settings: Settings, database: Database, tmp_path: Path) -> House:
    stage = Stage(client, database, tmp_path)
    return House(
        client=client, database=database, stage=stage, settings=replace(settings, task_queue=stage.queue)
    )


async def sweep(house: House) -> Work:
    """Orders whose journeys nobody started; it dies when Temporal has them all and no row says so."""
    open_shop(house.database)
    stage, an_hour_ago = house.stage, datetime.now(UTC) - timedelta(hours=1)
    for n in range(MANY):
        take(house.database, whole(order(stage.order(n), placed=an_hour_ago)), f"w{n}", an_hour_ago)
    events = table(InboxEventRow)

    async def once() -> None:
        async with stage.worker():
            heard = await asyncio.gather(*(stage.heard(n) for n in range(MANY)))
        assert [set(types) for types, _ in heard] == [
            {"order.placed"}
        ] * MANY  # a journey drops what it has heard

    return Work(
        dies=1,
        left_done=0,
        done=lambda: house.count(
            InboxEventRow, events.c.type == "order.placed", events.c.status == "delivered"
        ),
        once=once,
    )


async def reconcile(house: House) -> Work:
    """Touches that a dead attempt left `sending`, of a journey that has closed."""
    shop.open_shop(house.database)
    store = build_ports(house.settings, house.database).store
    for n in range(MANY):
        row = ledger.decided(
            ledger.fresh(shop.a_request(step=f"s{n}")), Send(channel=Channel.EMAIL), shop.NOON
        )
        with store.locked(shop.STORE, shop.PERSON) as tx:
            tx.save(replace(row, state=TouchState.SENDING, sending_at=shop.NOON, attempts=1))
    with house.database.writing() as connection:
        connection.execute(
            update(table(JourneyRow)).values(
                status="closed", closed_at=datetime.now(UTC), archived_at=datetime.now(UTC)
            )
        )
    states = table(LedgerRowModel)

    async def once() -> None:
        assert house.count(LedgerRowModel, states.c.attempts == 1) == MANY
        assert house.count(OutboxMessage) == 0, "nothing is sent again"

    return Work(
        dies=4,
        left_done=3,
        done=lambda: house.count(LedgerRowModel, states.c.state == "unknown"),
        once=once,
    )


async def purge(house: House) -> Work:
    """Webhooks whose bodies are past their days."""
    shop.open_shop(house.database)
    for n in range(MANY):
        add_webhook(house.database, f"hook{n}", datetime.now(UTC) - LONG_AGO)
    webhooks = table(InboxWebhookRow)

    async def once() -> None:
        assert house.count(InboxWebhookRow) == MANY, "the rows stay"

    return Work(
        dies=2,
        left_done=SMALL,
        done=lambda: house.count(InboxWebhookRow, webhooks.c.status == "purged", webhooks.c.body == b""),
        once=once,
    )


async def archive(house: House) -> Work:
    """Histories of journeys that closed an hour ago; what was kept before the death stays as it was."""
    shop.open_shop(house.database)
    journeys = add_journeys(house.database, MANY, datetime.now(UTC) - timedelta(hours=1))
    await run_workflows(house.client, journeys)
    before: dict[str, datetime] = {}

    def done() -> int:
        found = kept(house.database)
        before.update({j: row.archived_at for j, row in found.items() if j not in before})
        return len(found)

    async def once() -> None:
        found = kept(house.database)
        assert {j: row.archived_at for j, row in found.items()} == before
        assert set(found) == set(journeys)

    return Work(dies=2, left_done=SMALL, done=done, once=once)


@pytest.mark.parametrize("prepare", [sweep, reconcile, purge, archive], ids=lambda f: f.__name__)
async def test_what_a_killed_run_left_is_done_once(
    house: House, prepare: Callable[[House], Awaitable[Work]]
) -> None:
    job = Job(prepare.__name__)
    work = await prepare(house)
    try:
        killed = await asyncio.to_thread(die_in, job, work.dies, house.settings)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert work.done() == work.left_done
        jobs = house.jobs()
        await asyncio.gather(*(jobs.maintain(Round(job=job)) for _ in range(2)))
        assert work.done() == MANY
        await work.once()
        assert (await jobs.maintain(Round(job=job))).counts == {}
    finally:
        for job in PLANS:
            await house.client.get_schedule_handle(schedule_id(house.settings, job)).delete()


@pytest.mark.parametrize("prepare", [reconcile, archive], ids=lambda f: f.__name__)
async def test_runs_that_were_missed_are_made_up_for_by_the_next(
    house: House, prepare: Callable[[House], Awaitable[Work]]
) -> None:
    """Nobody ran it for a week (sweep and purge: beside this): one run then does all of it."""
    work = await prepare(house)
    jobs, job = house.jobs(), Job(prepare.__name__)
    jobs.clock = lambda: datetime.now(UTC) + timedelta(days=7)
    assert sum((await jobs.maintain(Round(job=job))).counts.values()) == MANY
    assert work.done() == MANY
    await work.once()


def die_in(job: Job, commits: int, settings: Settings) -> subprocess.CompletedProcess[str]:
    env = os.environ | {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "DOORSTEP_DATA_DIR": str(settings.data_dir),
        "DOORSTEP_DATABASE_URL": settings.database_url,
        "DOORSTEP_TEMPORAL_ADDRESS": str(settings.temporal_address),
        "DOORSTEP_TEMPORAL_NAMESPACE": settings.temporal_namespace,
        "DOORSTEP_TASK_QUEUE": settings.task_queue,
    }
    command = [sys.executable, "-m", "maintenance.doomed", job.value, str(commits)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
