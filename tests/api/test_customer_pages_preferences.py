"""The preference centre: what is chosen here holds at once, for every touch that has not left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

import shop
from api import desk
from api.conftest import Client
from api.opened import address, counted
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import Decision, Send, Skip
from doorstep.models.access import AuditRow
from doorstep.models.addresses import address_hash
from doorstep.models.base import Database
from doorstep.models.facts import FactsReader, addresses_of
from doorstep.models.inbox import InboxEventRow
from doorstep.models.links import LinkPurpose
from doorstep.models.people import IdentityRow, SuppressionRow
from doorstep.policies.gate import decide


@pytest.fixture
def person(client: Client) -> httpx.AsyncClient:
    return client(None)


@pytest.fixture
def page(app: FastAPI) -> str:
    """The page; every look at the clock is a second later, as in life."""
    ticks: Iterator[int] = iter(range(10_000))
    app.state.services.clock = lambda: desk.NOW + timedelta(seconds=next(ticks))
    return address(app, LinkPurpose.PREFERENCES)


def gate(database: Database, channel: Channel) -> Decision:
    """What the gate says to marketing on that channel, from the facts in the database."""
    request = shop.a_request(
        store_id=desk.MINE,
        person_ref=desk.PERSON,
        order_ref=desk.ORDER,
        journey_id=desk.JOURNEY,
        channels=(channel,),
        due_at=desk.NOW,
        expires_at=desk.NOW + timedelta(days=3),
        as_of=desk.NOW + timedelta(hours=6),
    )
    with database.read() as session:
        connection = session.connection()
        addresses = addresses_of(connection, desk.PERSON)
        facts = FactsReader(b"test").facts(connection, request, request.as_of, addresses)
    return decide(request, facts, request.as_of)


def events(database: Database) -> list[tuple[str, str | None, dict[str, str]]]:
    with database.read() as session:
        query = (
            select(InboxEventRow)
            .where(InboxEventRow.connection_id == "preferences")
            .order_by(InboxEventRow.occurred_at, InboxEventRow.type)  # type: ignore[arg-type]
        )
        return [(row.type, row.person_id, dict(row.data)) for row in session.exec(query)]


async def test_it_shows_what_stands_on_each_channel_there_is_an_address_for(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    html = (await person.get(page)).text
    assert 'name="on" value="email" checked' in html
    assert 'name="on" value="sms">' in html
    assert 'value="push"' not in html
    assert desk.EMAIL not in html
    assert desk.PHONE not in html
    with furnished.write() as session:
        [phone] = session.exec(
            select(IdentityRow).where(IdentityRow.person_id == desk.PERSON, IdentityRow.kind == "phone")
        )
        session.delete(phone)
    assert 'value="sms"' not in (await person.get(page)).text


async def test_consent_withdrawn_here_stops_marketing_and_given_here_lets_it_go(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    assert isinstance(gate(furnished, Channel.EMAIL), Send)
    answer = await person.post(page, data={"shown": ["email", "sms"], "on": ["sms"]})
    assert (answer.status_code, "Saved." in answer.text) == (200, True)
    refused = gate(furnished, Channel.EMAIL)
    assert isinstance(refused, Skip)
    assert refused.reason == "not_consented"
    assert isinstance(gate(furnished, Channel.SMS), Send)
    await person.post(page, data={"shown": ["email", "sms"], "on": ["email", "sms"]})
    assert isinstance(gate(furnished, Channel.EMAIL), Send)


async def test_every_change_is_an_event_of_the_person_and_a_line_in_the_audit(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    await person.post(page, data={"shown": ["email", "sms"], "on": ["sms"]})
    about = {"purpose": "marketing"}
    assert sorted(events(furnished), key=lambda e: e[0]) == [
        ("consent.granted", desk.PERSON, {"channel": "sms", **about}),
        ("consent.withdrawn", desk.PERSON, {"channel": "email", **about}),
    ]
    with furnished.read() as session:
        lines = list(session.exec(select(AuditRow).where(AuditRow.subject == desk.PERSON)))
    assert {line.action for line in lines} == {"consent.granted", "consent.withdrawn"}


async def test_saving_what_stands_already_writes_nothing(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    before = counted(furnished)
    assert (await person.post(page, data={"shown": ["email", "sms"], "on": ["email"]})).status_code == 200
    assert counted(furnished) == before
    for _ in range(2):
        await person.post(page, data={"shown": ["email", "sms"], "on": []})
    assert len(events(furnished)) == 1


async def test_a_channel_the_form_does_not_name_stays_as_it_is(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    before = counted(furnished)
    for sent in ({"shown": "sms"}, {"shown": "push", "on": "push"}, {"shown": "pigeon", "on": "pigeon"}):
        assert (await person.post(page, data=sent)).status_code == 200
    assert (await person.post(page, data={})).json()["code"] == "bad_input"
    assert (await person.post(page, data={"on": "sms"})).json()["code"] == "bad_input"
    assert counted(furnished) == before


async def test_a_blocked_address_is_said_to_be_so_and_not_granted(
    person: httpx.AsyncClient, app: FastAPI, page: str, furnished: Database
) -> None:
    secret = app.state.services.settings.secret_key()
    with furnished.write() as session:
        session.add(
            SuppressionRow(
                store_id=desk.MINE,
                channel="sms",
                address_hash=address_hash(secret, Channel.SMS, desk.PHONE),
                cause="stop",
                since=desk.NOW,
            )
        )
    html = (await person.get(page)).text
    assert "You answered STOP" in html
    assert 'value="sms" disabled' in html
    before = counted(furnished)
    await person.post(page, data={"shown": ["email", "sms"], "on": ["email", "sms"]})
    assert counted(furnished) == before


async def test_who_came_back_after_an_erasure_can_choose_again(
    person: httpx.AsyncClient, app: FastAPI, page: str, furnished: Database
) -> None:
    """The address is remembered as an erased person's: marketing starts only with a new yes, and ends with a no."""
    secret = app.state.services.settings.secret_key()
    with furnished.write() as session:
        session.add(
            SuppressionRow(
                store_id=desk.MINE,
                channel="sms",
                address_hash=address_hash(secret, Channel.SMS, desk.PHONE),
                cause="erasure",
                since=desk.NOW - timedelta(days=1),
            )
        )
    assert 'value="sms">' in (await person.get(page)).text
    html = (await person.post(page, data={"shown": ["sms"], "on": ["sms"]})).text
    assert 'value="sms" checked' in html
    assert isinstance(gate(furnished, Channel.SMS), Send)
    html = (await person.post(page, data={"shown": ["sms"], "on": []})).text
    assert 'value="sms">' in html
    assert isinstance(gate(furnished, Channel.SMS), Skip)
