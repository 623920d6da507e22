"""One journey's status over HTTP with 100,000 orders in the database and neither worker nor Temporal running."""

from __future__ import annotations

import asyncio
import os
import random
import time
from datetime import UTC, datetime

from sqlalchemy import text

from bench import load, seed
from bench.ground import ground
from bench.processes import environment, process
from bench.report import Figures
from bench.webhooks import _ready
from doorstep.models.base import Database
from doorstep.models.keys import ensure_first_admin_key
from doorstep.models.ledger import DecisionRow, LedgerRowModel
from doorstep.processes import free_ports

ORDERS, ASKED, TOUCHES = 100_000, 2000, 8


def run(figures: Figures) -> None:
    """Adds `status_p50_ms` and `status_p99_ms`."""
    orders = int(ORDERS * float(os.environ.get("BENCH_SCALE", "1")))
    with ground(temporal=False) as here:
        database = Database(here.url)
        seed.store(database)
        seeded = seed.orders(database, "big", orders)
        _touches(database, seeded)
        if not database.is_sqlite:  # which autovacuum does within a minute of any bulk load
            with database.writing() as connection:
                connection.execute(text("ANALYZE"))
        key = ensure_first_admin_key(database, datetime.now(UTC)) or ""
        database.dispose()
        port = free_ports(1)[0]
        settings = environment(
            f"127.0.0.1:{free_ports(1)[0]}", here.url, here.folder, DOORSTEP_PORT=str(port)
        )
        with process("-m", "doorstep", "api", **settings):
            asyncio.run(_measure(figures, port, key, seeded))


def _touches(database: Database, seeded: list[seed.Seeded]) -> None:
    """A ledger of ordinary size beside every order."""
    now = datetime.now(UTC)
    trace = [
        {"rule": "consent", "verdict": "pass", "facts": {"channels": ["email"]}, "detail": "Stands."}
    ] * 9
    for start in range(0, len(seeded), 5000):
        ledger, decisions = [], []
        for one in seeded[start : start + 5000]:
            for n in range(TOUCHES):
                key = f"{one.journey_id}:step-{n}"
                ledger.append(
                    {
                        "key": key, "store_id": seed.STORE, "person_id": one.person_ref, "fence": 1,
                        "journey_id": one.journey_id, "order_ref": one.order_ref, "step": f"step-{n}",
                        "template": "check-in", "purpose": "marketing", "priority": 50, "request": {},
                        "due_at": now, "expires_at": now, "state": "accepted", "channel": "email",
                        "decided_at": now, "accepted_at": now, "created_at": now, "updated_at": now,
                    }
                )  # fmt: skip
                decisions.append(
                    {"key": key, "at": now, "verdict": "send", "channel": "email", "trace": trace}
                )
        with database.write() as session:
            session.connection().execute(LedgerRowModel.__table__.insert(), ledger)  # type: ignore[attr-defined]
            session.connection().execute(DecisionRow.__table__.insert(), decisions)  # type: ignore[attr-defined]


async def _measure(figures: Figures, port: int, key: str, seeded: list[seed.Seeded]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            await _ready(port)
            break
        except OSError:
            await asyncio.sleep(0.2)
    chosen = random.Random(7)
    headers = {"Authorization": f"Bearer {key}"}
    shots = [
        load.get(f"127.0.0.1:{port}", f"/journeys/{chosen.choice(seeded).journey_id}", headers)
        for _ in range(ASKED)
    ]
    await load.burst(port, shots[:50], 1)
    result = await load.burst(port, shots, 1)
    figures.add("status_p50_ms", result.percentile(0.5), "ms")
    figures.add("status_p99_ms", result.percentile(0.99), "ms", at_most=25)
    figures.add("status_refused", result.refused, "", at_most=0)
