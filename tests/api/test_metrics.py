"""`/metrics`: who may read it, what it tells, and that it tells of nobody."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from api import desk
from api.conftest import Client
from doorstep.models.base import Database
from doorstep.models.inbox import InboxEventRow
from doorstep.models.journeys import JourneyRow
from doorstep.models.keys import create
from doorstep.models.tables import table
from doorstep.settings import Settings
from telemetry.scraping import parsed, told, value


async def scrape(client: httpx.AsyncClient) -> str:
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return answer.text


async def test_who_may_read_metrics(client: Client, app: FastAPI) -> None:
    """A key of the scope `metrics` for every store, or an admin's; nobody else, unless opened to this machine."""
    assert (await client(None).get("/metrics")).status_code == 401
    assert (await client(("support",)).get("/metrics")).status_code == 403
    assert (await client(("metrics",), desk.MINE).get("/metrics")).status_code == 403
    for scope in ("metrics", "admin"):
        assert (await client((scope,)).get("/metrics")).status_code == 200
    assert (await client(("metrics",)).get("/journeys")).status_code == 403
    app.state.services.settings = Settings(data_dir=app.state.services.settings.data_dir, metrics_open=True)
    assert (await client(None).get("/metrics")).status_code == 200
    proxied = {"X-Forwarded-For": "203.0.113.9"}
    assert (await client(None).get("/metrics", headers=proxied)).status_code == 401


async def test_requests_are_told_by_route_and_never_by_address(client: Client) -> None:
    """The histogram names the route; a person's address in a path shows nowhere."""
    agent = client(("support",))
    before = parsed(await scrape(client(("metrics",))))
    await agent.get("/journeys")
    await agent.get("/journeys/somebody@example.com")
    await client(None).get("/nowhere/somebody@example.com")
    text = await scrape(client(("metrics",)))
    name, samples = "doorstep_http_request_seconds_count", parsed(text)

    def more(**labels: str) -> float:
        return value(samples, name, **labels) - value(before, name, **labels)

    assert more(route="/journeys", method="GET", status="200") == 1
    assert more(route="/journeys/{ref}") == 1
    assert more(route="(none)", status="404") == 1
    assert "somebody" not in text
    assert not [word for word in desk.PERSONAL if word in text]


async def test_gauges_follow_the_tables(client: Client, furnished: Database, app: FastAPI) -> None:
    """Undelivered events and their age, open journeys by type and phase, and the oldest due step, as of now."""
    events, journeys = table(InboxEventRow), table(JourneyRow)
    with furnished.writing() as connection:
        connection.execute(update(events).values(status="delivered"))
        connection.execute(update(journeys).values(next_due_at=desk.NOW + timedelta(hours=1)))
    quiet = parsed(await scrape(client(("metrics",))))
    assert value(quiet, "doorstep_inbox_undelivered_events") == 0
    assert value(quiet, "doorstep_inbox_undelivered_age_seconds") == 0
    assert value(quiet, "doorstep_steps_oldest_due_age_seconds") == 0
    assert value(quiet, "doorstep_database_up") == 1

    with furnished.writing() as connection:
        changed = connection.execute(
            update(events).values(status="pending", received_at=desk.NOW - timedelta(minutes=3))
        ).rowcount
        connection.execute(
            update(journeys)
            .where(journeys.c.status == "open")
            .values(next_due_at=desk.NOW - timedelta(minutes=10), paused=False)
        )
        kinds = connection.execute(journeys.select().where(journeys.c.status == "open")).all()
    app.state.gauges._kept.clear()  # what was told a moment ago is kept
    busy = parsed(await scrape(client(("metrics",))))
    assert value(busy, "doorstep_inbox_undelivered_events") == changed > 0
    assert value(busy, "doorstep_inbox_undelivered_age_seconds") == 180
    assert value(busy, "doorstep_steps_oldest_due_age_seconds") == 600
    for kind in {(row.type, row.phase) for row in kinds}:
        same = [row for row in kinds if (row.type, row.phase) == kind]
        assert value(busy, "doorstep_journeys_open", type=kind[0], phase=kind[1]) == len(same)

    with furnished.writing() as connection:
        connection.execute(update(journeys).values(paused=True))
    app.state.gauges._kept.clear()
    paused = parsed(await scrape(client(("metrics",))))
    assert value(paused, "doorstep_steps_oldest_due_age_seconds") == 0


async def test_a_slow_count_is_asked_seldom(client: Client, app: FastAPI, monkeypatch: object) -> None:
    """An answer is kept: a second scrape right after the first asks the database nothing."""
    scraper = client(("metrics",))
    await scrape(scraper)
    app.state.gauges.database = None  # whoever asked it now would fail
    again = parsed(await scrape(scraper))
    assert value(again, "doorstep_database_up") == 1


async def test_a_database_that_is_away_is_told(client: Client, app: FastAPI) -> None:
    """The scrape still answers, says so, and holds back gauges that nobody could ask."""
    scraper = client(("metrics",))
    app.state.gauges.database = None
    away = parsed(await scrape(scraper))
    assert value(away, "doorstep_database_up") == 0
    assert told(away, "doorstep_database_up")
    assert not told(away, "doorstep_inbox_undelivered_events")


async def test_a_database_that_only_reads_is_told(
    client: Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers every question and keeps no webhook: that is not up."""
    monkeypatch.setattr(Database, "takes_writes", lambda _self: False)
    told_now = parsed(await scrape(client(("metrics",))))
    assert value(told_now, "doorstep_database_up") == 0
    assert told(told_now, "doorstep_inbox_undelivered_events")


async def test_a_key_for_metrics_can_be_made(furnished: Database) -> None:
    """`doorstep keys create prometheus --scope metrics`."""
    row, _ = create(furnished, name="prometheus", scopes=("metrics",), now=desk.NOW)
    assert row.scopes == ["metrics"]
