"""Shopify's recorded deliveries through the endpoint. Others' data, read where it is; without it this is skipped."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from doorstep.api import problems
from doorstep.api.webhook_parts import WebhookDeps
from doorstep.api.webhooks import build_webhooks
from doorstep.ingest import Writer, redrive
from doorstep.models import Database
from doorstep.models.codec_json import order_state
from doorstep.models.stores import ConnectionRow, StoreRow
from doorstep.settings import Settings
from doorstep.sources.shopify.adapter import signature
from ingest.telling import rows, value

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HERE = Path(__file__).resolve().parents[3]
PAYLOADS = Path(os.environ.get("DOORSTEP_PAYLOADS", HERE / "shared" / "payloads")) / "shopify"
FILES = ("orders_create", "orders_paid", "orders_updated", "orders_cancelled")
pytestmark = pytest.mark.skipif(
    not PAYLOADS.is_dir(),
    reason="no recorded payloads beside this checkout: only the project's own were sent",
)


@pytest.fixture
def deps(database: Database, tmp_path: Path) -> Iterator[WebhookDeps]:
    with database.write() as session:
        session.add(StoreRow(id="shop", name="Shop", currency="USD", created_at=NOW))
        session.flush()
        session.add(ConnectionRow(id="web", store_id="shop", source="shopify", created_at=NOW))
    settings = Settings(data_dir=tmp_path)
    settings.keep_connection_secret("web", "hush")
    writer = Writer(database).start()
    yield WebhookDeps(settings=settings, database=database, writer=writer, clock=lambda: NOW)
    writer.close()


async def post(deps: WebhookDeps, name: str) -> dict[str, Any]:
    app = FastAPI()
    problems.install(app)
    app.include_router(build_webhooks(deps))
    recorded = json.loads((PAYLOADS / f"{name}.json").read_bytes())
    body = json.dumps(recorded["body"]).encode()
    theirs = {k: v for k, v in recorded["headers"].items() if k.startswith("x-shopify-")}
    signed = {**theirs, "x-shopify-hmac-sha256": signature("hush", body)}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        answer = await client.post("/webhooks/web", content=body, headers=signed)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize("order", [FILES, FILES[::-1], (*FILES[2:], *FILES[:2])])
async def test_the_recorded_orders_webhooks_make_one_cancelled_order_in_any_order(
    deps: WebhookDeps, database: Database, order: tuple[str, ...]
) -> None:
    for name in order:
        assert (await post(deps, name))["status"] in ("accepted", "quarantined")

    (row,) = rows(database, "SELECT * FROM orders")
    assert order_state(value(row["state"])).gone
    assert len(rows(database, "SELECT * FROM journeys")) == 1
    assert len(rows(database, "SELECT * FROM inbox_events WHERE type = 'order.placed'")) == 1


@pytest.mark.parametrize(
    "name",
    [p.stem for p in sorted(PAYLOADS.glob("*_*.json")) if "rest" not in p.stem and "redact" not in p.stem],
)
async def test_every_recorded_delivery_is_kept_and_a_redrive_adds_nothing(
    deps: WebhookDeps, database: Database, name: str
) -> None:
    told = await post(deps, name)
    before = rows(database, "SELECT id, status FROM inbox_events ORDER BY id")

    done = redrive(database, NOW, told["id"])

    assert (done.webhooks, done.events) == (1, 0)
    assert rows(database, "SELECT id, status FROM inbox_events ORDER BY id") == before
