"""A second worker: journeys per second with one and with two, in turn, on the same server; and who used the
processor meanwhile, which says what the limit was."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from temporalio.client import Client

from bench import seed
from bench.ground import Ground, ground
from bench.processes import environment, process
from bench.report import Figures
from bench.throughput import JOURNEYS, rate, reference
from doorstep.converter import data_converter
from doorstep.models.base import Database

ROUNDS = 4
TICK = os.sysconf("SC_CLK_TCK")


def run(figures: Figures) -> None:
    """Adds `two_workers_to_one` and, of the rounds with two, the processor's share of each part."""
    with ground() as here:
        asyncio.run(_measure(figures, here))


async def _measure(figures: Figures, here: Ground) -> None:
    database = Database(here.url)
    seed.store(database)
    orders = iter(seed.orders(database, "ref", JOURNEYS * (ROUNDS + 1) * 2))
    client = await Client.connect(here.address, data_converter=data_converter())
    rates: dict[int, list[float]] = {1: [], 2: []}
    used: dict[int, Counter[str]] = {1: Counter(), 2: Counter()}
    with ExitStack() as stack:
        pids = {1: dict(here.pids), 2: dict(here.pids)}
        for workers in (1, 2):
            more = {"DOORSTEP_STORE_PACKAGES": "bench.reference"}
            ours = environment(here.address, here.url, here.folder, queue=f"bench-{workers}", **more)
            for n in range(workers):
                worker = stack.enter_context(process("-m", "doorstep", "worker", **ours))
                pids[workers][f"worker {n + 1}"] = worker.pid
        for round_ in range(ROUNDS + 1):  # the first warms up; each begins with the other
            for workers in (1, 2) if round_ % 2 else (2, 1):
                before, began = _seconds(pids[workers]), time.perf_counter()
                speed, _ = await rate(reference(client, orders, f"bench-{workers}"))
                wall = time.perf_counter() - began
                spent = _seconds(pids[workers])
                if round_:
                    rates[workers].append(speed)
                    shares = {name: (spent[name] - before[name]) / wall for name in spent}
                    used[workers].update(shares)
                    told = ", ".join(f"{name} {share:.2f}" for name, share in shares.items())
                    figures.note(f"round {round_}: {workers} × worker {speed:.1f} journeys/s; cores: {told}")
    one, two = (statistics.median(rates[workers]) for workers in (1, 2))
    figures.add("one_worker_journeys_per_second", one, "1/s")
    figures.add("two_workers_journeys_per_second", two, "1/s")
    figures.add("two_workers_to_one", two / one, "×", at_least=1.3)
    for workers in (1, 2):
        for name, share in used[workers].items():
            figures.add(f"cores_{workers}_workers_{name.replace(' ', '_')}", share / ROUNDS, "cores")
    database.dispose()


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
