"""A second worker: journeys per second with one and with two, in turn, on the same server.

Twice. With a mail provider that answers after `ANSWERS_AFTER` and few places per worker, what a worker waits for is
the provider, not this machine: there a second worker must bring its share. Without, everything there is runs on the
same cores; who used them says what the limit was.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from temporalio.client import Client

from bench import seed
from bench.ground import Ground, ground
from bench.processes import environment, process
from bench.provider import slow_provider
from bench.report import Figures
from bench.throughput import rate, reference
from doorstep.converter import data_converter
from doorstep.models.base import Database

ROUNDS = 2
WAITING, BUSY = 8, 24  # journeys per round
PLACES, ANSWERS_AFTER = 2, 0.3  # touches at once in one worker; seconds, as a provider on a slow day
TICK = os.sysconf("SC_CLK_TCK")


def run(figures: Figures) -> None:
    """Adds `two_workers_to_one` (the provider is the limit), `two_workers_to_one_one_machine` (the cores are), and
    how many cores each part used in the latter."""
    with ground() as here, slow_provider(ANSWERS_AFTER) as provider:
        database = Database(here.url)
        seed.store(database)
        orders = iter(seed.orders(database, "ref", (WAITING + BUSY) * (ROUNDS + 1) * 2))
        database.dispose()
        waits = {
            "SENDGRID_API_KEY": "SG.bench",
            "DOORSTEP_SENDGRID_URL": provider,
            "DOORSTEP_MAIL_FROM": "bench@example.com",
            "DOORSTEP_WORKER_CONCURRENCY": str(PLACES),
        }
        asyncio.run(_compare(figures, here, orders, WAITING, "", waits))
        asyncio.run(_compare(figures, here, orders, BUSY, "_one_machine", {}))


async def _compare(
    figures: Figures,
    here: Ground,
    orders: Iterator[seed.Seeded],
    journeys: int,
    name: str,
    more: dict[str, str],
) -> None:
    client = await Client.connect(here.address, data_converter=data_converter())
    rates: dict[int, list[float]] = {1: [], 2: []}
    used: dict[int, Counter[str]] = {1: Counter(), 2: Counter()}
    with ExitStack() as stack:
        pids = {1: dict(here.pids), 2: dict(here.pids)}
        for workers in (1, 2):
            queue = f"bench-{workers}{name}"
            ours = environment(
                here.address,
                here.url,
                here.folder,
                queue=queue,
                DOORSTEP_STORE_PACKAGES="bench.reference",
                **more,
            )
            for n in range(workers):
                worker = stack.enter_context(process("-m", "doorstep", "worker", **ours))
                pids[workers][f"worker_{n + 1}"] = worker.pid
        for round_ in range(ROUNDS + 1):  # the first warms up; each begins with the other
            for workers in (1, 2) if round_ % 2 else (2, 1):
                before, began = _seconds(pids[workers]), time.perf_counter()
                speed, _ = await rate(reference(client, orders, f"bench-{workers}{name}"), journeys)
                wall, spent = time.perf_counter() - began, _seconds(pids[workers])
                if round_:
                    rates[workers].append(speed)
                    used[workers].update({n: (spent[n] - before[n]) / wall / ROUNDS for n in spent})
                    figures.note(f"round {round_}{name}: {workers} × worker {speed:.2f} journeys/s")
    one, two = (statistics.median(rates[workers]) for workers in (1, 2))
    figures.add(f"one_worker{name}_per_second", one, "1/s")
    figures.add(f"two_workers{name}_per_second", two, "1/s")
    figures.add(f"two_workers_to_one{name}", two / one, "×", at_least=None if name else 1.3)
    for workers in (1, 2) if name else ():
        for part, cores in used[workers].items():
            figures.add(f"cores_with_{workers}_{part}", cores, "cores")


def _seconds(pids: dict[str, int]) -> Counter[str]:
    """Processor seconds of each so far, children included."""
    return Counter({name: _of(pid) for name, pid in pids.items()})


def _of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    own = (
        sum(int(ticks) for ticks in fields[11:15]) / TICK
    )  # user and system, and of children that have ended
    return own + sum(_of(int(child)) for child in children)
