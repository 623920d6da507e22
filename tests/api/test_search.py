"""POST /journeys/search: what a customer says on the phone finds their order, and only theirs."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api import desk
from api.conftest import Client
from doorstep.ingest.persons import name_key as key_at_ingest
from doorstep.models.base import Database
from doorstep.models.names import name_key


async def found(agent: httpx.AsyncClient, **asked: Any) -> list[str]:
    answer = await agent.post("/journeys/search", json=asked)
    assert answer.status_code == 200, answer.text
    return [hit["journey_id"] for hit in answer.json()["found"]]


@pytest.mark.parametrize("number", ["#1042", "1042", " 1042 ", "# 1042"])
async def test_an_order_number_in_any_spelling_finds_the_orders_of_every_store(
    agent: httpx.AsyncClient, number: str
) -> None:
    assert set(await found(agent, order_number=number)) == {desk.JOURNEY, desk.OTHER_JOURNEY}


async def test_the_stores_own_order_id_finds_it(agent: httpx.AsyncClient) -> None:
    assert await found(agent, order_number="5001") == [desk.JOURNEY]


async def test_an_email_in_any_case_finds_the_person(agent: httpx.AsyncClient) -> None:
    assert desk.JOURNEY in await found(agent, email=f" {desk.EMAIL.upper()} ")


@pytest.mark.parametrize("phone", [desk.PHONE, "0151 12345678", "0049 151 12345678", "+49 (151) 12 34-56-78"])
async def test_a_phone_in_any_notation_finds_the_person(agent: httpx.AsyncClient, phone: str) -> None:
    assert await found(agent, phone=phone) == [desk.JOURNEY]


@pytest.mark.parametrize("name", ["Zebedäa Quillfeather", "zebedaa", "QUILL", "quillf zeb", "Zebedäa  Q"])
async def test_the_beginnings_of_a_name_find_the_person(agent: httpx.AsyncClient, name: str) -> None:
    assert await found(agent, name=name) == [desk.JOURNEY]


@pytest.mark.parametrize("name", ["feather", "zebz", "%%", "__", "zeb%"])
async def test_what_no_word_of_the_name_begins_with_finds_nobody(agent: httpx.AsyncClient, name: str) -> None:
    assert await found(agent, name=name) == []


async def test_all_that_is_given_must_fit(agent: httpx.AsyncClient) -> None:
    assert await found(agent, order_number="1042", name="quill") == [desk.JOURNEY]
    assert await found(agent, order_number="1042", name="nobody") == []


async def test_an_address_that_cannot_be_one_finds_nobody_rather_than_everybody(
    agent: httpx.AsyncClient,
) -> None:
    assert await found(agent, email="not an address", order_number="1042") == []
    assert await found(agent, phone="12x", order_number="1042") == []


async def test_a_result_says_enough_to_choose_and_masks_the_address(agent: httpx.AsyncClient) -> None:
    hit = (await agent.post("/journeys/search", json={"email": desk.EMAIL, "store": desk.MINE})).json()[
        "found"
    ][0]
    assert hit["name"] == f"{desk.FIRST} {desk.LAST}"
    assert hit["email"] == "z•••@mail.example"
    assert hit["phone"] == "+49 ••• 678"
    assert hit["items"] == ["Trail shoe", "Wool sock"]
    assert (hit["order_number"], hit["store_name"], hit["phase"]) == ("#1042", "Nordwind", "in transit")


async def test_a_stores_key_finds_its_own_customers_only(client: Client) -> None:
    other = client(store=desk.OTHER)
    assert await found(other, email=desk.EMAIL) == [desk.OTHER_JOURNEY]
    assert await found(other, name="quill") == []
    assert await found(other, order_number="5001") == []
    answer = await other.post("/journeys/search", json={"order_number": "1", "store": desk.MINE})
    assert answer.status_code == 404


async def test_an_order_that_is_only_heard_of_is_found_as_held(
    agent: httpx.AsyncClient, furnished: Database
) -> None:
    with furnished.write() as session:
        session.add(desk.order("ord_held", desk.MINE, "6001", "", desk.PERSON, whole=False, placed_at=None))
    hits = (await agent.post("/journeys/search", json={"order_number": "6001"})).json()["found"]
    assert [hit["status"] for hit in hits] == ["held"]


async def test_more_than_fit_is_said(agent: httpx.AsyncClient, furnished: Database) -> None:
    desk.many(furnished, 5)
    answer = (await agent.post("/journeys/search", json={"name": "quill", "limit": 3})).json()
    assert (len(answer["found"]), answer["more"]) == (3, True)


@pytest.mark.parametrize("asked", [{}, {"limit": 5}, {"name": "x"}, {"store": "nordwind"}, {"mail": "x"}, []])
async def test_a_search_for_nothing_is_refused(agent: httpx.AsyncClient, asked: Any) -> None:
    answer = await agent.post("/journeys/search", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    ("first", "last"), [("Zoë", "Müller"), ("  JEAN ", "d’Arc"), ("Ægir", "Straße"), ("", "李")]
)
def test_names_are_folded_alike_where_they_are_stored_and_where_they_are_sought(
    first: str, last: str
) -> None:
    assert name_key(first, last) == key_at_ingest(first, last)
