"""Completed journeys per second and events of history: Doorstep's reference scenario against the bare
workflow, in turn, on the same server."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from bench import seed
from bench.bare import Bare, nothing
from bench.ground import ground
from bench.processes import environment, process
from bench.report import Figures
from doorstep.contracts import DELIVER_SIGNAL
from doorstep.converter import data_converter
from doorstep.domain.events import Envelope
from doorstep.models.base import Database
from doorstep.processes import BEHIND_THE_API

PACE = 0.3
"""Seconds between moments, the same for both."""
SETTLE = timedelta(seconds=0.1)
JOURNEYS, ROUNDS, AT_ONCE = 48, 5, 48
_TALE = (
    ("shipment.created", "shp"),
    ("shipment.in_transit", "shp"),
    ("shipment.out_for_delivery", "shp"),
    ("shipment.delivered", "shp"),
    ("insert.scanned", None),
    ("review.submitted", None),
)


def run(figures: Figures) -> None:
    """Adds `journeys_per_second_ratio`, `history_events_ratio` and what they were made of."""
    with ground() as here:
        asyncio.run(_measure(figures, here.address, here.url, here.folder))


async def _measure(figures: Figures, address: str, url: str, folder: Path) -> None:
    database = Database(url)
    seed.store(database)
    orders = seed.orders(database, "ref", JOURNEYS * (ROUNDS + 1))
    client = await Client.connect(address, data_converter=data_converter())
    rates: dict[str, list[float]] = {"bare": [], "doorstep": []}
    ours = environment(
        address, url, folder, queue="bench-doorstep", DOORSTEP_STORE_PACKAGES="bench.reference"
    )
    with bare_worker(address), process("-m", "doorstep", "worker", **ours):
        for round_ in range(ROUNDS + 1):  # the first warms up
            mine = iter(orders[round_ * JOURNEYS : (round_ + 1) * JOURNEYS])
            for name, one in (("bare", _bare(client, round_)), ("doorstep", reference(client, mine))):
                speed, handle = await rate(one)
                if round_:
                    rates[name].append(speed)
                    figures.note(f"round {round_}: {name} {speed:.1f} journeys/s")
                events = len((await handle.fetch_history()).events)
                figures.add(f"{name}_history_events", events, "events")
    bare, ours = (statistics.median(rates[name]) for name in ("bare", "doorstep"))
    figures.add("bare_journeys_per_second", bare, "1/s")
    figures.add("doorstep_journeys_per_second", ours, "1/s")
    pairs = zip(rates["doorstep"], rates["bare"], strict=True)  # neighbours in time: a machine's pace changes
    figures.add("journeys_per_second_ratio", statistics.median(a / b for a, b in pairs), "×", at_least=0.6)
    ratio = figures.value("doorstep_history_events") / figures.value("bare_history_events")
    figures.add("history_events_ratio", ratio, "×", at_most=1.25)
    database.dispose()


Start = Callable[[int], Awaitable[WorkflowHandle[Any, Any]]]


async def rate(one: Start, journeys: int = JOURNEYS) -> tuple[float, WorkflowHandle[Any, Any]]:
    """Runs that many of them, `AT_ONCE` at a time: how many ended per second, and one of them."""
    places = asyncio.Semaphore(AT_ONCE)

    async def through(n: int) -> WorkflowHandle[Any, Any]:
        async with places:
            handle = await one(n)
            await handle.result()
            return handle

    began = time.perf_counter()
    handles = await asyncio.gather(*(through(n) for n in range(journeys)))
    return journeys / (time.perf_counter() - began), handles[-1]


def _bare(client: Client, round_: int) -> Start:
    async def one(n: int) -> WorkflowHandle[Any, Any]:
        handle: WorkflowHandle[Any, Any] = await client.start_workflow(
            "bare", PACE, id=f"bare-{round_}-{n}", task_queue="bench-bare", result_type=int
        )
        for _ in range(6):
            await asyncio.sleep(PACE)
            await handle.signal("nudge")
        return handle

    return one


def reference(client: Client, orders: Iterator[seed.Seeded], queue: str = "bench-doorstep") -> Start:
    """One journey of the reference scenario, each with the next order."""

    async def one(_: int) -> WorkflowHandle[Any, Any]:
        order = next(orders)
        handle: WorkflowHandle[Any, Any] = await client.start_workflow(
            "reference.v1",
            seed.start_of(order, pace=PACE, settle=SETTLE),
            id=order.journey_id,
            task_queue=queue,
            result_type=str,
        )
        for type_, subject in _TALE:
            await asyncio.sleep(PACE)
            await handle.signal(DELIVER_SIGNAL, [_told(order, type_, subject)])
        return handle

    return one


def _told(order: seed.Seeded, type_: str, subject: str | None) -> Envelope:
    now = datetime.now(UTC)
    return Envelope(
        id=f"{order.journey_id}-{type_}",
        fact_key=f"{type_}:{subject}",
        type=type_,
        occurred_at=now,
        received_at=now,
        connection="bench",
        order_ref=order.order_ref,
        person_ref=order.person_ref,
        subject=f"shp_{order.order_ref}" if subject else None,
        data={"rating": 5} if type_ == "review.submitted" else {},
    )


@contextmanager
def bare_worker(address: str) -> Iterator[None]:
    """One worker process for the baseline."""
    with process("-m", "bench.throughput", address, niceness=BEHIND_THE_API):
        yield


async def _serve_bare(address: str) -> None:
    client = await Client.connect(address)
    with ThreadPoolExecutor(20) as threads:
        worker = Worker(
            client,
            task_queue="bench-bare",
            workflows=[Bare],
            activities=[nothing],
            activity_executor=threads,
        )
        await worker.run()


if __name__ == "__main__":
    asyncio.run(_serve_bare(sys.argv[1]))
