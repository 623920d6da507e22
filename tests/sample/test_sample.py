"""The sample store, through the real endpoint on a real port."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from doorstep import sample
from doorstep.api import problems
from doorstep.api.webhook_parts import WebhookDeps
from doorstep.api.webhooks import build_webhooks
from doorstep.errors import Unavailable
from doorstep.ingest import Writer
from doorstep.models import Database
from doorstep.models.codec_json import order_state
from doorstep.settings import Settings
from ingest.telling import rows, value

NOW = datetime(2026, 3, 20, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=database_url)


@pytest.fixture
def clock() -> list[datetime]:
    return [NOW]


@pytest.fixture
def base_url(database: Database, settings: Settings, clock: list[datetime]) -> Iterator[str]:
    """The endpoint, served."""
    writer = Writer(database).start()
    app = FastAPI()
    problems.install(app)
    deps = WebhookDeps(settings=settings, database=database, writer=writer, clock=lambda: clock[0])
    app.include_router(build_webhooks(deps))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    writer.close()


def everything(database: Database) -> dict[str, list[object]]:
    tables = (
        "stores",
        "connections",
        "persons",
        "orders",
        "journeys",
        "inbox_webhooks",
        "inbox_events",
        "products",
    )
    return {name: [tuple(r.values()) for r in rows(database, f"SELECT * FROM {name}")] for name in tables}


def test_six_orders_at_six_stages(settings: Settings, base_url: str, database: Database) -> None:
    report = sample.load(settings, base_url, now=NOW)

    assert report.new == report.sent
    assert [o.stage for o in report.orders] == [
        "just placed", "on its way", "delivered", "bad review", "refunded", "imported late"
    ]  # fmt: skip
    journeys = {r["id"] for r in rows(database, "SELECT id FROM journeys")}
    assert journeys == {o.journey_id for o in report.orders}
    assert {r["status"] for r in rows(database, "SELECT status FROM inbox_webhooks")} == {"read"}
    states = {
        r["number"]: order_state(value(r["state"]))
        for r in rows(database, "SELECT number, state FROM orders")
    }
    assert states["#FF-1002"].shipped
    assert states["#FF-1003"].delivered_at == NOW.replace(microsecond=0) - timedelta(days=2)
    assert states["#FF-1004"].open_complaint
    assert states["#FF-1005"].gone
    assert len(rows(database, "SELECT * FROM products WHERE category != ''")) == 7


def test_loaded_again_days_later_nothing_changes(
    settings: Settings, base_url: str, database: Database, clock: list[datetime]
) -> None:
    sample.load(settings, base_url, now=NOW)
    before = everything(database)
    clock[0] = NOW + timedelta(days=3)

    report = sample.load(settings, base_url, now=clock[0])

    assert (report.new, everything(database)) == (0, before)


def test_an_endpoint_that_refuses_is_told(settings: Settings, base_url: str, clock: list[datetime]) -> None:
    clock[0] = NOW + timedelta(hours=1)  # the signatures are too old

    with pytest.raises(Unavailable, match="401"):
        sample.load(settings, base_url, now=NOW)


def test_nobody_in_the_sample_can_be_reached() -> None:
    from doorstep.sample import shop

    people = [p for p in vars(shop).values() if isinstance(p, shop.Person)]
    assert len(people) == 6
    assert all(p.email.endswith("@example.com") and p.phone.startswith("+4930231250") for p in people)
