"""A rating by the customer: once per order, heard by the journey, and its text kept out of everything but the inbox."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from api import desk
from api.conftest import Client
from api.opened import address, counted
from doorstep.models.base import Database
from doorstep.models.codec_json import order_state
from doorstep.models.inbox import InboxEventRow, InboxWebhookRow
from doorstep.models.links import LinkPurpose
from doorstep.models.orders import OrderRow

HTML = {"Accept": "text/html"}
TEXT = "The left one squeaks, says Zebedäa <b>loudly</b>."


@pytest.fixture
def person(client: Client) -> httpx.AsyncClient:
    return client(None)


@pytest.fixture
def page(app: FastAPI) -> str:
    return address(app, LinkPurpose.REVIEW)


def told(database: Database) -> list[InboxEventRow]:
    with database.read() as session:
        query = select(InboxEventRow).where(
            InboxEventRow.type == "review.submitted", InboxEventRow.connection_id == "review-page"
        )
        return list(session.exec(query))


async def test_a_star_tapped_in_the_message_is_chosen_and_not_sent(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    for query in ("score=4", "rating=4"):
        html = (await person.get(f"{page}?{query}")).text
        assert html.count(" checked") == 1
        assert 'value="4" required aria-label="4 of 5" checked' in html
    for query in ("score=9", "score=abc", "score=", "score=-1", "score=4.0"):
        answer = await person.get(f"{page}?{query}")
        assert (answer.status_code, answer.text.count(" checked")) == (200, 0)
    assert told(furnished) == []


async def test_a_rating_becomes_one_event_of_that_order_for_its_journey(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    answer = await person.post(page, data={"score": "5", "text": TEXT}, headers=HTML)
    assert answer.status_code == 200
    assert "Thank you" in answer.text
    assert "5 of 5" in answer.text
    [event] = told(furnished)
    assert (event.order_ref, event.person_id, event.status) == (desk.ORDER, desk.PERSON, "pending")
    assert event.data == {"rating": 5}
    with furnished.read() as session:
        raw = session.get(InboxWebhookRow, event.webhook_id)
        assert raw is not None
        assert json.loads(raw.body) == {"order": desk.ORDER, "rating": 5, "text": TEXT}
        assert raw.headers == {}


async def test_a_double_click_is_one_fact_and_the_first_rating_stands(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    answers = await asyncio.gather(*(person.post(page, data={"score": "4"}) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert all("4 of 5" in answer.text for answer in answers)
    after = counted(furnished)
    later = await person.post(page, data={"score": "1"})
    assert "have rated this order" in later.text
    assert "4 of 5" in later.text
    assert len(told(furnished)) == 1
    assert counted(furnished) == after
    assert "4 of 5" in (await person.get(f"{page}?score=1")).text


async def test_a_bad_rating_is_a_complaint_of_the_order(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    answer = await person.post(page, data={"score": "1"})
    assert "We are sorry" in answer.text
    assert "mailto:" in answer.text
    with furnished.read() as session:
        order = session.get(OrderRow, desk.ORDER)
        assert order is not None
        assert order_state(order.state).open_complaint


@pytest.mark.parametrize("sent", [{}, {"score": "0"}, {"score": "6"}, {"score": "five"}, {"text": TEXT}])
async def test_without_a_score_nothing_is_stored_and_the_text_is_not_lost(
    person: httpx.AsyncClient, page: str, furnished: Database, sent: dict[str, Any]
) -> None:
    before = counted(furnished)
    assert (await person.post(page, data=sent)).json()["code"] == "bad_input"
    seen = await person.post(page, data=sent, headers=HTML)
    assert (seen.status_code, "Please choose" in seen.text) == (400, True)
    assert ("&lt;b&gt;loudly" in seen.text) is ("text" in sent)
    assert counted(furnished) == before


async def test_a_body_that_is_no_form_is_refused(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    for body in (b"\xff\xfe", b"score", b"&".join(b"a=1" for _ in range(50)), b'{"score": 5}'):
        assert (await person.post(page, content=body)).status_code == 400
    assert told(furnished) == []


async def test_a_very_long_text_is_kept_to_its_limit(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    assert (await person.post(page, data={"score": "3", "text": "ä" * 9000})).status_code == 200
    with furnished.read() as session:
        raw = session.get(InboxWebhookRow, told(furnished)[0].webhook_id)
        assert raw is not None
        assert json.loads(raw.body)["text"] == "ä" * 2000


async def test_the_tracking_page_knows_the_rating(
    person: httpx.AsyncClient, app: FastAPI, page: str, furnished: Database
) -> None:
    await person.post(page, data={"score": "4"})
    html = (await person.get(address(app, LinkPurpose.TRACKING))).text
    assert "You gave it 4 of 5" in html
    assert "?score=" not in html


async def test_a_rating_told_by_the_stores_own_review_system_stands(
    person: httpx.AsyncClient, app: FastAPI, page: str, furnished: Database
) -> None:
    """The journey hears one review: a second one, with two stars, would open a complaint that nobody is told of."""
    at = datetime(2026, 3, 9, 12, tzinfo=UTC)
    event = {
        "id": "evt_of_theirs",
        "external_id": "r-1",
        "connection_id": "shop-api",
        "fact_key": "r-1",
        "webhook_id": "w",
    }
    with furnished.write() as session:
        session.add(
            InboxEventRow(
                **event,
                store_id=desk.MINE,
                type="review.submitted",
                order_ref=desk.ORDER,
                person_id=desk.PERSON,
                data={"rating": 5},
                occurred_at=at,
                received_at=at,
                due_at=at,
            )
        )
    tracking = (await person.get(address(app, LinkPurpose.TRACKING))).text
    assert "You gave it 5 of 5" in tracking
    assert "?score=" not in tracking
    assert "5 of 5" in (await person.get(page)).text
    later = await person.post(page, data={"score": "2"})
    assert "have rated this order" in later.text
    assert "5 of 5" in later.text
    assert told(furnished) == []
