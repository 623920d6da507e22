"""PostgreSQL dies in the middle of webhooks and touches, stays away, and comes back on its files."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from tests.system.kills import claims
from tests.system.kills.house import Lane, Zygote
from tests.system.kills.orders import CONNECTION, PLACED, SECRET, Order
from tests.system.kills.story import CARED

from doorstep.postgres_server import PostgresServer
from doorstep.sources.signed.adapter import signed_headers
from doorstep.temporal_server import TemporalServer

pytestmark = pytest.mark.system

ORDERS = [Order(f"away-{n}") for n in range(24)]
DEATHS, AWAY_SECONDS = 3, 1.5


async def test_a_database_that_goes_away_and_comes_back_loses_nothing(
    tmp_path: Path,
    zygote: Zygote,
    temporal_server: TemporalServer,
    own_postgres: PostgresServer,
    migrated_on_it: str,
) -> None:
    """While it is away the API answers 503 and when to come back; afterwards writer, courier, sweep and worker go
    on by themselves: no process died of it, no event or touch is lost, nothing is sent twice."""
    lane = Lane("away", tmp_path, zygote, temporal_server, migrated_on_it, concurrency=4, workers=2)
    async with lane:
        await lane.answering()
        flowing = asyncio.create_task(_flow(lane))
        for _ in range(DEATHS):
            await asyncio.sleep(0.8)
            await asyncio.to_thread(own_postgres.kill)
            await _told_to_come_back(lane)
            await asyncio.sleep(AWAY_SECONDS)
            own_postgres.start()  # from this thread: the server lives as long as it
        await flowing
        await claims.over(lane, ORDERS)
        wrong = claims.sent_wrong(lane, ORDERS) + await claims.heard_wrong(lane, ORDERS)
        states = claims.ledger(lane)
        wrong += [f"unknown: {k}" for k, s in states.items() if s == "unknown" and not k.endswith(CARED)]
        assert not wrong, "\n".join(wrong)
        assert not lane.deaths
        assert any("503" in said for said in lane.sender.answers.values()), "it died while webhooks came"


async def _flow(lane: Lane) -> None:
    """The orders, a little apart, each told until it is taken."""
    telling = []
    for order in ORDERS:
        telling.append(asyncio.create_task(lane.tell(order)))
        await asyncio.sleep(0.25)
    await asyncio.gather(*telling)


async def _told_to_come_back(lane: Lane) -> None:
    """A webhook and a reader are told 503 and when to come back; readiness says why."""
    body = json.dumps(Order("nobody").body(PLACED)).encode()
    headers = signed_headers(SECRET, "nobody", datetime.now(UTC), body)
    async with httpx.AsyncClient(base_url=lane.sender.url, timeout=20, trust_env=False) as client:
        answers = [
            await client.post(f"/webhooks/{CONNECTION}", content=body, headers=headers),
            await client.get("/journeys/jny_x", headers={"Authorization": "Bearer dsk_whatever"}),
        ]
        ready = await client.get("/readyz")
    for answer in answers:
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) > 0
    assert ready.status_code == 503
    assert ready.json()["database"]["state"] == "down"
