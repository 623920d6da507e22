"""What `docker-compose.yml` describes, started natively: PostgreSQL, a Temporal server of four shards on it with its
schema by Temporal's own tool, two workers, the API. Each part dies while journeys run through it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from tests.system.kills import claims
from tests.system.kills.house import Lane, Zygote, kill_server
from tests.system.kills.orders import Order
from tests.system.kills.story import CARED

from doorstep import processes
from doorstep.postgres_server import PostgresServer
from doorstep.server_binaries import find_server
from doorstep.server_stores import PostgresDatabases
from doorstep.temporal_server import TemporalServer

pytestmark = pytest.mark.system

ORDERS = [Order(f"topology-{n}") for n in range(36)]
APART = 0.4
"""Seconds between orders: they come through everything that happens."""


async def test_journeys_go_through_the_deaths_of_a_worker_the_server_and_the_database(
    tmp_path: Path, zygote: Zygote, own_postgres: PostgresServer, migrated_on_it: str
) -> None:
    """One worker killed, the Temporal server killed and restarted, then the database under both: nothing is lost,
    nothing is sent twice, one journey per order, and nobody but the killed worker died."""
    binary = find_server()
    if binary is None or binary.is_cli:
        pytest.skip("the temporal CLI has SQLite only, and Go is not here to build the official server")
    stores = PostgresDatabases(host=processes.LOOPBACK, port=own_postgres.port)
    async with TemporalServer(tmp_path / "temporal", binary=binary, stores=stores) as server:
        assert shards_in_use(own_postgres) == 4
        lane = Lane("topology", tmp_path, zygote, server, migrated_on_it, concurrency=4, workers=2)
        async with lane:
            await lane.answering()
            flowing = asyncio.create_task(_flow(lane))
            for strike in _strikes(lane, server, own_postgres):
                await asyncio.sleep(2)
                await strike()
            assert not flowing.done(), "orders came through it all"
            await flowing
            await claims.over(lane, ORDERS)
            wrong = claims.sent_wrong(lane, ORDERS) + await claims.heard_wrong(lane, ORDERS)
            states = claims.ledger(lane)
            wrong += [f"unknown: {k}" for k, s in states.items() if s == "unknown" and not k.endswith(CARED)]
            assert not wrong, "\n".join(wrong)
            assert list(lane.deaths.values()) == [-9], "one worker died, and nobody of what befell the others"


def _strikes(
    lane: Lane, server: TemporalServer, postgres: PostgresServer
) -> list[Callable[[], Awaitable[None]]]:
    async def worker() -> None:
        await lane.until(lambda: lane.kill("worker"), "a worker to kill")

    async def temporal() -> None:
        await kill_server(server)

    async def database() -> None:
        await asyncio.to_thread(postgres.kill)
        await asyncio.sleep(1)
        postgres.start()  # from this thread: it lives as long as the server should

    return [worker, temporal, database]


async def _flow(lane: Lane) -> None:
    telling = []
    for order in ORDERS:
        telling.append(asyncio.create_task(lane.tell(order)))
        await asyncio.sleep(APART)
    await asyncio.gather(*telling)


def shards_in_use(postgres: PostgresServer) -> int:
    """How many shards the cluster has taken up, by its own table."""
    engine = create_engine(postgres.url("temporal"))
    with engine.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM shards").scalar_one()
    engine.dispose()
    return int(count)
