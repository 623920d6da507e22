"""The worker's resident memory with 5,000 open standard journeys."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import timedelta

from temporalio.client import Client

from bench import seed
from bench.ground import ground
from bench.processes import environment, process, resident_mb
from bench.report import Figures
from doorstep.converter import data_converter
from doorstep.models.base import Database

JOURNEYS = 5000


def run(figures: Figures) -> None:
    """Adds `worker_mb`: the peak seen from the first journey to the last one's first wait."""
    count = int(JOURNEYS * float(os.environ.get("BENCH_SCALE", "1")))
    with ground() as here:
        database = Database(here.url)
        seed.store(database)
        seeded = seed.orders(database, "mem", count, journey_type="standard.v1")
        settings = environment(here.address, here.url, here.folder)
        with process("-m", "doorstep", "worker", **settings) as worker:
            asyncio.run(_measure(figures, here.address, seeded, worker.pid, database))
        database.dispose()


async def _measure(
    figures: Figures, address: str, seeded: list[seed.Seeded], pid: int, database: Database
) -> None:
    client = await Client.connect(address, data_converter=data_converter())
    places = asyncio.Semaphore(20)

    async def open_one(order: seed.Seeded) -> None:
        async with places:
            await client.start_workflow(
                "standard.v1",
                seed.start_of(order, pace=0, settle=timedelta(seconds=1)),
                id=order.journey_id,
                task_queue="bench",
            )

    opened = asyncio.gather(*(open_one(order) for order in seeded))
    peak, deadline = 0.0, time.monotonic() + 1500
    while time.monotonic() < deadline:
        peak = max(peak, resident_mb(pid))
        if opened.done() and _waiting(database) >= len(seeded):
            break
        await asyncio.sleep(0.5)
    await opened
    figures.add("worker_open_journeys", _waiting(database), "")
    figures.add("worker_mb", peak, "MB", at_most=500)


def _waiting(database: Database) -> int:
    """Journeys whose confirmation is out and whose next wait is on record."""
    from sqlalchemy import text

    with database.read() as session:
        query = text("SELECT count(*) FROM journeys WHERE phase = 'on its way'")
        return int(session.connection().execute(query).scalar_one())
