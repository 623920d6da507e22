"""What sealing costs: the reference scenario with and without a codec key, in turn, on the same server."""

from __future__ import annotations

import asyncio
import os
import statistics
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from temporalio.client import Client

from bench import seed
from bench.ground import ground
from bench.processes import environment, process
from bench.report import Figures
from bench.throughput import JOURNEYS, rate, reference
from doorstep.codec import draw_key
from doorstep.converter import data_converter
from doorstep.models.base import Database
from doorstep.settings import Settings

ROUNDS = 4
KEYS = "DOORSTEP_CODEC_KEYS"


def run(figures: Figures) -> None:
    """Adds `codec_throughput_ratio`: journeys per second sealed, to journeys per second not."""
    with ground() as here:
        asyncio.run(_measure(figures, here.address, here.url, here.folder))


async def _measure(figures: Figures, address: str, url: str, folder: Path) -> None:
    database = Database(url)
    seed.store(database)
    orders = iter(seed.orders(database, "ref", JOURNEYS * (ROUNDS + 1) * 2))
    rates: dict[str, list[float]] = {"plain": [], "sealed": []}
    with ExitStack() as stack:
        clients = {}
        for name, keys in (("plain", ""), ("sealed", draw_key(datetime.now(UTC).date()))):
            os.environ[KEYS] = keys  # as every process of a deployment has it
            settings = Settings(data_dir=folder / "data", database_url=url)
            clients[name] = await Client.connect(address, data_converter=data_converter(settings))
            more = {"DOORSTEP_STORE_PACKAGES": "bench.reference", KEYS: keys}
            ours = environment(address, url, folder, queue=f"bench-{name}", **more)
            stack.enter_context(process("-m", "doorstep", "worker", **ours))
        del os.environ[KEYS]
        for round_ in range(ROUNDS + 1):  # the first warms up; each begins with the other
            for name in ("plain", "sealed") if round_ % 2 else ("sealed", "plain"):
                took, handle = await rate(reference(clients[name], orders, f"bench-{name}"))
                _see(name, "encryption-key-id" in (await handle.fetch_history()).to_json())
                if round_:
                    rates[name].append(took)
                    figures.note(f"round {round_}: {name} {took:.1f} journeys/s")
    plain, sealed = (statistics.median(rates[name]) for name in ("plain", "sealed"))
    figures.add("codec_throughput_ratio", sealed / plain, "×", at_least=0.9)
    database.dispose()


def _see(name: str, is_sealed: bool) -> None:
    if is_sealed != (name == "sealed"):
        raise RuntimeError(f"This measures nothing: {name} journeys are {'' if is_sealed else 'not '}sealed.")
