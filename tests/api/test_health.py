"""Alive is not ready, and Temporal being away is neither."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from api import desk
from api.conftest import Client
from api.test_reading import the_view
from databases import only_reads_now
from doorstep.api.app import create_app
from doorstep.models.base import Database
from doorstep.models.migrate import head
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


async def test_it_is_ready_on_the_tables_of_the_next_release(
    client: Client, put_at: Callable[[str], None]
) -> None:
    """In an upgrade the tables come first: a load balancer that asks must not drop every old API at once."""
    put_at("9999")
    answer = await client(None).get("/readyz")
    database = answer.json()["database"]
    assert (answer.status_code, database["state"]) == (200, "ok")
    assert "newer release's and serve this one, which is to be updated" in database["detail"]
    assert (await client().get("/journeys")).status_code == 200


@pytest.mark.parametrize(
    ("at", "state", "said"),
    [("0004", "behind", "Run `doorstep migrate`"), ("9999_since_9998", "beyond", "no longer serve this one")],
)
async def test_it_is_not_ready_on_tables_that_do_not_serve_it(
    client: Client, put_at: Callable[[str], None], at: str, state: str, said: str
) -> None:
    """An older release's, or those of a newer one that has taken away what this one needs."""
    put_at(at)
    answer = await client(None).get("/readyz")
    database = answer.json()["database"]
    assert (answer.status_code, database["state"]) == (503, state)
    assert said in database["detail"]


async def test_it_is_not_ready_while_the_database_only_reads(client: Client, furnished: Database) -> None:
    """After a failover: nothing is kept there, and reads are answered. It is ready by itself once writes are taken."""
    if furnished.is_sqlite:  # has no standby
        assert (await client(None).get("/readyz")).status_code == 200
        return
    agent = client()
    url = furnished.engine.url.render_as_string(hide_password=False)
    only_reads_now(url, True)
    furnished.dispose()
    try:
        answer = await client(None).get("/readyz")
        database = answer.json()["database"]
        assert (answer.status_code, database["state"]) == (503, "down")
        assert "takes no writes" in database["detail"]
        assert (await agent.get("/journeys")).status_code == 200
    finally:
        only_reads_now(url, False)
    states = [(await client(None).get("/readyz")).status_code for _ in range(4)]
    assert states[-1] == 200


async def test_a_revision_that_is_no_longer_there_is_none(client: Client, furnished: Database) -> None:
    """A table of revisions without a row is a database never migrated, not one of a newer release."""
    with furnished.write() as session:
        session.connection().exec_driver_sql("DELETE FROM alembic_version")
    try:
        answer = await client(None).get("/readyz")
        assert (answer.status_code, answer.json()["database"]["state"]) == (503, "behind")
    finally:
        with furnished.write() as session:
            session.connection().exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{head()}')")


async def test_it_starts_and_reads_while_temporal_cannot_be_found(
    furnished: Database, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, temporal_address="127.0.0.1:1")
    app = create_app(settings, database=furnished)
    bare = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x")
    async with app.router.lifespan_context(app), bare:
        answer = await bare.get("/readyz")
    assert (answer.status_code, answer.json()["temporal"]["state"]) == (200, "down")
