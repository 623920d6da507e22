"""What one key, link, address or connection may ask: past it a 429 that says when to come back, and nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from api import desk
from api.conftest import Client
from api.opened import address
from doorstep.api.app import create_app
from doorstep.api.limits import CALLERS, Limits, Rate, RateLimited
from doorstep.models.base import Database
from doorstep.models.inbox import InboxWebhookRow
from doorstep.models.links import LinkPurpose
from doorstep.models.stores import ConnectionRow
from doorstep.models.tables import table
from doorstep.settings import Settings
from doorstep.sources.signed.adapter import secret_from, signed_headers

SECRET, OTHER = secret_from(b"a" * 32), secret_from(b"b" * 32)
WEBHOOKS = table(InboxWebhookRow)


def limits(app: FastAPI, **rates: int) -> None:
    """Other limits than the settings', for this app."""
    none = dict.fromkeys(("rate_keys", "rate_wrong", "rate_webhooks", "rate_pages"), 0)
    app.state.limits = Limits.of(Settings(**{**none, **rates}))


def test_a_minutes_worth_may_come_at_once_and_then_one_at_a_time() -> None:
    """Refused ones cost nothing: whoever waits as told gets through."""
    rate = Rate(60)
    assert [rate.wait("a", 0.0) for _ in range(60)] == [0.0] * 60
    assert [round(rate.wait("a", 0.0), 6) for _ in range(3)] == [1.0] * 3
    assert rate.wait("b", 0.0) == 0.0
    assert rate.wait("a", 1.0) == 0.0
    assert rate.wait("a", 1.0) == pytest.approx(1.0)
    assert [rate.wait("a", 500.0) for _ in range(60)] == [0.0] * 60
    assert rate.wait("a", 500.0) > 0


def test_no_number_of_callers_fills_the_memory() -> None:
    """The longest silent is forgotten first; zero is no limit and remembers nobody."""
    rate, open_ = Rate(1), Rate(0)
    for n in range(CALLERS + 500):
        rate.wait(str(n), float(n) / 1000)
        assert open_.wait("a", 0.0) == 0.0
    assert rate.callers == CALLERS
    assert open_.callers == 0
    assert rate.wait(str(CALLERS + 499), 11.0) > 0


async def test_a_key_that_asks_too_much_is_told_when_to_come_back(app: FastAPI, client: Client) -> None:
    """Another key is not touched by it."""
    limits(app, rate_keys=3)
    eager, calm = client(), client()
    answers = [await eager.get("/journeys") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    problem = answers[-1].json()
    assert (problem["code"], problem["status"]) == ("rate_limited", 429)
    assert 10 < int(answers[-1].headers["Retry-After"]) <= 20  # a slow machine has used some of it up
    assert "DOORSTEP_RATE_KEYS" in problem["mend"]
    assert (await calm.get("/journeys")).status_code == 200


async def test_a_link_that_is_opened_again_and_again_is_slowed_down(app: FastAPI, client: Client) -> None:
    """Each link for itself; leaving by one click is never refused."""
    limits(app, rate_pages=2)
    person = client(None)
    tracking, preferences = address(app, LinkPurpose.TRACKING), address(app, LinkPurpose.PREFERENCES)
    assert [(await person.get(tracking)).status_code for _ in range(3)] == [200, 200, 429]
    assert (await person.get(preferences)).status_code == 200
    leave = address(app, LinkPurpose.UNSUBSCRIBE)
    sent: dict[str, Any] = {"data": {"List-Unsubscribe": "One-Click"}}
    assert {(await person.post(leave, **sent)).status_code for _ in range(4)} == {200}


def test_only_whoever_comes_again_is_told_to(app: FastAPI) -> None:
    """A store's webhook is sent again; what Twilio tells, it tells once, and so it is always taken."""
    limits(app, rate_webhooks=1)
    held: Limits = app.state.limits
    held.webhook("shop", "shopify")
    with pytest.raises(RateLimited):
        held.webhook("shop", "shopify")
    held.webhook("other", "shopify")
    for _ in range(5):
        held.webhook("sms", "twilio")


async def test_wrong_keys_lock_out_nobody_with_a_right_one(app: FastAPI, client: Client) -> None:
    limits(app, rate_wrong=1)
    bare, right = client(None), client()
    bare.headers["Authorization"] = "Bearer dsk_wrong_wrong"
    answers: list[httpx.Response] = [await bare.get("/journeys") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [401, 429]
    assert (await right.get(f"/journeys/{desk.JOURNEY}")).status_code == 200


def event(number: int, secret: str) -> dict[str, Any]:
    """One signed event of the connection, as httpx posts it."""
    body = json.dumps({"type": "order.cancelled", "order": f"88{number}", "data": {}})
    return {"content": body, "headers": signed_headers(secret, f"msg-{number}", desk.NOW, body.encode())}


@pytest.fixture
async def opened(
    furnished: Database, gateway: desk.ToldGateway, tmp_path: Path
) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """The whole app as `doorstep api` starts it, with low limits by its settings, and somebody without a key."""
    settings = Settings(data_dir=tmp_path, rate_wrong=3, rate_webhooks=2)
    settings.keep_connection_secret("told", SECRET)
    with furnished.write() as session:
        session.add(ConnectionRow(id="told", store_id=desk.MINE, source="signed", created_at=desk.NOW))
    app = create_app(settings, database=furnished, gateway=gateway, clock=lambda: desk.NOW)
    web = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8080")
    async with app.router.lifespan_context(app), web:
        yield app, web


async def test_who_sends_wrong_signatures_is_slowed_down_and_shuts_out_nobody(
    opened: tuple[FastAPI, httpx.AsyncClient], furnished: Database
) -> None:
    """401 until the limit, then 429 with its time; a right one from the same address is taken all the same."""
    _, web = opened
    answers = [await web.post("/webhooks/told", **event(n, OTHER)) for n in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    problem = answers[-1].json()
    assert (problem["code"], problem["detail"]) == (
        "rate_limited",
        "Too many requests with invalid signatures.",
    )
    assert 10 < int(answers[-1].headers["Retry-After"]) <= 20  # a slow machine has used some of it up
    with furnished.reading() as connection:
        stored = select(WEBHOOKS.c.external_id).where(WEBHOOKS.c.connection_id == "told")
        assert connection.execute(stored).all() == []
        assert (await web.post("/webhooks/told", **event(1, SECRET))).status_code == 200


async def test_a_connection_that_sends_too_much_is_told_to_send_it_again(
    opened: tuple[FastAPI, httpx.AsyncClient], furnished: Database
) -> None:
    """What is refused is not stored, so that the same webhook is taken when it comes again."""
    app, web = opened
    answers = [await web.post("/webhooks/told", **event(n, SECRET)) for n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["code"] == "rate_limited"
    assert 15 < int(answers[-1].headers["Retry-After"]) <= 30
    limits(app)
    app.state.webhooks.limits = app.state.limits
    assert (await web.post("/webhooks/told", **event(2, SECRET))).json()["status"] == "accepted"
    with furnished.reading() as connection:
        asked = select(WEBHOOKS.c.external_id).where(WEBHOOKS.c.connection_id == "told")
        assert sorted(connection.execute(asked).scalars()) == ["msg-0", "msg-1", "msg-2"]
