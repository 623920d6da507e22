"""Webhooks against the whole house (API, worker, Temporal server): 200 a second for a minute,
one in ten a new order; a burst of 5,000 over 50 connections; and that each order got exactly one journey."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from temporalio.client import Client

from bench import load
from bench.ground import Ground, ground
from bench.processes import environment, process
from bench.report import Figures
from doorstep.models.base import Database
from doorstep.models.stores import ConnectionRow, StoreRow
from doorstep.processes import free_ports
from doorstep.sources.signed import secret_from, signed_headers

RATE, SECONDS, BURST, CONNECTIONS = 200, 60, 5000, 50
CONNECTION = "bench-api"
OURS = "WorkflowType = 'standard.v1'"  # the schedules' workflows are nobody's journey
_STAGES = ("pre_transit", "in_transit", "out_for_delivery", "delivered")


def run(figures: Figures) -> None:
    """Adds `webhook_*` and `burst_*` figures."""
    scale = float(os.environ.get("BENCH_SCALE", "1"))
    with ground() as here, _house(here) as (port, database, secret):
        asyncio.run(_measure(figures, here.address, port, database, secret, scale))


@contextmanager
def _house(here: Ground) -> Iterator[tuple[int, Database, str]]:
    database, secret, port = Database(here.url), secret_from(os.urandom(32)), free_ports(1)[0]
    now = datetime.now(UTC)
    with database.write() as session:
        session.add(StoreRow(id="bench", name="Bench", zone="Europe/Berlin", currency="EUR", created_at=now))
        session.flush()
        session.add(ConnectionRow(id=CONNECTION, store_id="bench", source="signed", created_at=now))
    settings = environment(here.address, here.url, here.folder, DOORSTEP_PORT=str(port))
    settings["DOORSTEP_CONNECTION_SECRET_BENCH_API"] = secret
    with (
        process("-m", "doorstep", "worker", **settings),
        process("-m", "doorstep", "api", **settings),
    ):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if asyncio.run(_ready(port)) == 200:
                    break
            except OSError:
                pass
            time.sleep(0.2)
        yield port, database, secret
    database.dispose()


async def _ready(port: int) -> int:
    line = await load.Line.open(port)
    try:
        return await line.ask(load.get(f"127.0.0.1:{port}", "/readyz", {}))
    finally:
        line.close()


async def _measure(
    figures: Figures, address: str, port: int, database: Database, secret: str, scale: float
) -> None:
    client = await Client.connect(address)
    steady, burst = int(RATE * SECONDS * scale), int(BURST * scale)
    await load.burst(port, _shots("warm", port, secret, 200), 4)
    await _drained(database)
    await _sent(database, 20)
    shots = _shots("steady", port, secret, steady)
    with load.undisturbed():
        result = await load.at_rate(port, shots, RATE)
    figures.add("webhook_p50_ms", result.percentile(0.5), "ms")
    figures.add("webhook_p99_ms", result.percentile(0.99), "ms", at_most=50)
    figures.add("webhooks_refused", result.refused, "", at_most=0)
    figures.add("webhooks_drained_s", await _drained(database), "s")
    shots = _shots("burst", port, secret, burst)
    with load.undisturbed():
        result = await load.burst(port, shots, CONNECTIONS)
    figures.add("burst_per_second", burst / result.seconds, "1/s")
    figures.add("burst_p99_ms", result.percentile(0.99), "ms", at_most=300)
    figures.add("burst_refused", result.refused, "", at_most=0)
    figures.add("burst_drained_s", await _drained(database), "s")
    orders = sum(-(-n // 10) for n in (200, steady, burst))
    started = (await client.count_workflows(OURS)).count
    for _ in range(50):  # visibility follows a little later
        if started >= orders:
            break
        await asyncio.sleep(0.2)
        started = (await client.count_workflows(OURS)).count
    figures.add("orders_without_one_journey", abs(started - orders), "", at_most=0)


def _shots(name: str, port: int, secret: str, count: int) -> list[load.Shot]:
    """Signed beforehand: every tenth a new order, the others news of the latest ones."""
    now = datetime.now(UTC)
    shots: list[load.Shot] = []
    orders: list[str] = []
    told: dict[str, int] = {}
    for n in range(count):
        if n % 10 == 0:
            orders.append(f"{name}-{n}")
            event = _order(orders[-1], now)
        else:
            order = orders[-1 - (n % min(len(orders), 7))]
            stage = told[order] = told.get(order, -1) + 1
            event = {
                "type": f"shipment.{_STAGES[min(stage, 3)]}",
                "id": f"{order}-{n}",
                "occurred_at": (now - timedelta(hours=2) + timedelta(seconds=n)).isoformat(),
                "order": order,
                "subject": f"parcel-{order}",
            }
        body = json.dumps(event).encode()
        headers = signed_headers(secret, f"wh-{name}-{n}", now, body)
        shots.append(load.post(f"127.0.0.1:{port}", f"/webhooks/{CONNECTION}", headers, body))
    return shots


def _order(external: str, now: datetime) -> dict[str, object]:
    line = {
        "id": "1", "product": "p1", "title": "Soap", "category": "bath", "quantity": 1, "price_minor": 900,
    }  # fmt: skip
    return {
        "type": "order.placed",
        "id": external,
        "occurred_at": (now - timedelta(hours=3)).isoformat(),
        "order": external,
        "person": {"id": external, "email": f"{external}@example.com", "first_name": "Bea", "locale": "en"},
        "data": {
            "number": f"#{external}",
            "currency": "EUR",
            "total_minor": 900,
            "lines": [line],
            "shipping_address": {"city": "Berlin", "zip": "10115", "country": "DE"},
            "consents": [{"channel": "email", "granted": True, "at": now.isoformat()}],
        },
    }


async def _sent(database: Database, messages: int, limit: float = 60) -> None:
    """Until so many have gone out: a worker's first ones compile templates and more, once in its life."""
    began = time.perf_counter()
    while time.perf_counter() - began < limit:
        with database.reading() as connection:
            sent = connection.execute(
                text("SELECT count(*) FROM ledger WHERE state = 'accepted'")
            ).scalar_one()
        if sent >= messages:
            return
        await asyncio.sleep(0.25)


async def _drained(database: Database, limit: float = 420) -> float:
    """Seconds until every event has reached its journey."""
    began = time.perf_counter()
    while time.perf_counter() - began < limit:
        with database.read() as session:
            left = (
                session.connection()
                .execute(text("SELECT count(*) FROM inbox_events WHERE status IN ('pending', 'held')"))
                .scalar_one()
            )
        if not left:
            break
        await asyncio.sleep(0.25)
    return time.perf_counter() - began
