"""Everything killed at random moments while orders flow."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest
from tests.system.kills import claims
from tests.system.kills.house import Lane, Zygote, kill_server
from tests.system.kills.orders import Order
from tests.system.kills.story import CARED

from doorstep.temporal_server import TemporalServer

pytestmark = pytest.mark.system

SEED = 20261122
ORDERS = [Order(f"soak-{n}") for n in range(30)]
KILLS = ("worker", "api", "server") * 5
EVERY = (0.2, 0.8)
"""Seconds between kills."""


async def test_random_deaths_change_nothing(
    tmp_path: Path, zygote: Zygote, temporal_server: TemporalServer, migrated: str
) -> None:
    """Fifteen deaths among worker, API and server leave the ledger of an undisturbed run, save marketing that a
    death left ambiguous: that is unknown, and never sent twice."""
    stormy_server = TemporalServer(tmp_path / "temporal")
    async with stormy_server:
        calm = Lane("calm", tmp_path, zygote, temporal_server, migrated, concurrency=4)
        stormy = Lane("stormy", tmp_path, zygote, stormy_server, migrated, concurrency=4, workers=2)
        async with calm, stormy:
            flowing = [asyncio.create_task(_flow(lane)) for lane in (calm, stormy)]
            killed = await _storm(stormy, stormy_server)
            await asyncio.gather(*flowing)
            await asyncio.gather(*(claims.over(lane, ORDERS) for lane in (calm, stormy)))
            assert killed == {"worker": 5, "api": 5, "server": 5}
            await stormy.until(lambda: len(stormy.deaths) >= 10, "the last death to be told of")
            assert sorted(stormy.deaths.values()) == [-9] * 10
            expected, found = claims.ledger(calm), claims.ledger(stormy)
            assert set(expected.values()) == {"accepted"}
            unknown = {key for key, state in found.items() if state == "unknown"}
            assert all(key.endswith(CARED) for key in unknown)
            assert found == expected | dict.fromkeys(unknown, "unknown")
            wrong = claims.sent_wrong(stormy, ORDERS) + await claims.heard_wrong(stormy, ORDERS)
            assert not wrong, "\n".join(wrong)


async def _flow(lane: Lane) -> None:
    """The orders, a little apart, each told until it is taken."""
    telling = []
    for order in ORDERS:
        telling.append(asyncio.create_task(lane.tell(order)))
        await asyncio.sleep(0.3)
    await asyncio.gather(*telling)


async def _storm(lane: Lane, server: TemporalServer) -> Counter[str]:
    """Kills in a seeded order at seeded moments; how many of each."""
    chance = random.Random(SEED)
    kinds = list(KILLS)
    chance.shuffle(kinds)
    killed: Counter[str] = Counter()
    for kind in kinds:
        await asyncio.sleep(chance.uniform(*EVERY))
        if kind == "server":
            await kill_server(server)
        else:
            await lane.until(lambda kind=kind: lane.kill(kind), f"a {kind} to kill")
        killed[kind] += 1
    return killed
