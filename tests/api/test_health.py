"""Alive is not ready, and Temporal being away is neither."""

from __future__ import annotations

from pathlib import Path

import httpx

from api import desk
from api.conftest import Client
from api.test_reading import the_view
from doorstep.api.app import create_app
from doorstep.models.base import Database
from doorstep.settings import Settings


async def test_without_temporal_it_is_ready_and_says_what_is_missing(client: Client) -> None:
    answer = await client(None).get("/readyz")
    body = answer.json()
    assert (answer.status_code, body["ready"]) == (200, True)
    assert (body["database"]["state"], body["temporal"]["state"]) == ("ok", "down")


async def test_with_temporal_everything_is_ok(client: Client, gateway: desk.ToldGateway) -> None:
    gateway.view = the_view()
    assert (await client(None).get("/readyz")).json()["temporal"]["state"] == "ok"


async def test_a_database_that_was_never_migrated_is_not_ready(tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path}/empty.db")
    app = create_app(Settings(data_dir=tmp_path), database=empty, gateway=desk.ToldGateway())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as bare:
        answer = await bare.get("/readyz")
        assert (answer.status_code, answer.json()["database"]["state"]) == (503, "behind")
        assert (await bare.get("/healthz")).json() == {"alive": True}
    empty.dispose()


async def test_it_starts_and_reads_while_temporal_cannot_be_found(
    furnished: Database, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, temporal_address="127.0.0.1:1")
    app = create_app(settings, database=furnished)
    bare = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x")
    async with app.router.lifespan_context(app), bare:
        answer = await bare.get("/readyz")
    assert (answer.status_code, answer.json()["temporal"]["state"]) == (200, "down")
