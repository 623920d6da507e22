"""Leaving the list: one click, at once, and nothing that a mail scanner does."""

from __future__ import annotations

from datetime import UTC, timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from api import desk
from api.conftest import Client
from doorstep.domain.customers import Consent, Suppression, SuppressionCause
from doorstep.domain.messages import Channel, Purpose
from doorstep.models.access import AuditRow
from doorstep.models.addresses import address_hash
from doorstep.models.base import Database
from doorstep.models.inbox import InboxEventRow
from doorstep.models.links import Link, LinkPurpose, covered, sign
from doorstep.models.people import ConsentRow, PersonRow, SuppressionRow
from doorstep.models.reading.consents import latest_consent
from doorstep.policies.suppression import binds

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def page(app: FastAPI) -> str:
    return address(app)


def address(app: FastAPI, purpose: LinkPurpose = LinkPurpose.UNSUBSCRIBE, channel: str = "email") -> str:
    link = Link(
        purpose=purpose, store_id=desk.MINE, person_ref=desk.PERSON, order_ref=desk.ORDER, channel=channel
    )
    return f"/u/{sign(app.state.services.settings.secret_key(), link)}"


@pytest.fixture
def person(client: Client) -> httpx.AsyncClient:
    """Nobody: no key, no login, no cookie."""
    return client(None)


def words(database: Database) -> list[bool]:
    with database.read() as session:
        mine = select(ConsentRow).where(ConsentRow.person_id == desk.PERSON).order_by(col(ConsentRow.at))
        return [row.granted for row in session.exec(mine)]


async def test_opening_the_link_changes_nothing_however_often(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    for _ in range(3):
        answer = await person.get(page)
        assert answer.status_code == 200
        assert "Nordwind" in answer.text
        assert '<form method="post">' in answer.text
    assert "set-cookie" not in answer.headers
    assert (await person.head(page)).status_code in (200, 405)
    assert words(furnished) == [True]


async def test_who_has_left_is_not_asked_again(
    person: httpx.AsyncClient, app: FastAPI, page: str, furnished: Database
) -> None:
    """Of that channel; and a mail program may say it again."""
    await person.post(page, data=ONE_CLICK)
    answer = await person.get(page)
    assert answer.status_code == 200
    assert "You are unsubscribed" in answer.text
    assert "<form" not in answer.text
    assert "<form" in (await person.get(address(app, channel="sms"))).text
    assert (await person.post(page, data=ONE_CLICK)).status_code == 200


@pytest.mark.parametrize("multipart", [False, True])
async def test_one_click_withdraws_consent_tells_the_journeys_and_is_audited(
    person: httpx.AsyncClient, page: str, furnished: Database, multipart: bool
) -> None:
    files = {"List-Unsubscribe": (None, "One-Click")} if multipart else None
    answer = await person.post(page, files=files, data=None if multipart else ONE_CLICK)
    assert answer.status_code == 200
    assert "You are unsubscribed" in answer.text
    assert words(furnished) == [True, False]
    with furnished.read() as session:
        [told] = session.exec(select(InboxEventRow).where(InboxEventRow.type == "consent.withdrawn"))
        [line] = session.exec(select(AuditRow).where(AuditRow.action == "consent.withdrawn"))
    assert (told.person_id, told.status, told.data) == (
        desk.PERSON,
        "pending",
        {"channel": "email", "purpose": "marketing"},
    )
    assert line.subject == desk.PERSON


async def test_a_second_click_changes_nothing_more(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    for _ in range(2):
        assert (await person.post(page, data=ONE_CLICK)).status_code == 200
    assert words(furnished) == [True, False]


async def test_a_second_click_outranks_a_grant_from_before_it_that_comes_late(
    person: httpx.AsyncClient, page: str, app: FastAPI, furnished: Database
) -> None:
    """Left, joined again in the shop, left again: the shop's word of the joining may come last, and is not the last."""
    minutes = iter((0, 20))
    app.state.services.clock = lambda: desk.NOW + timedelta(minutes=next(minutes))
    for _ in range(2):
        assert (await person.post(page, data=ONE_CLICK)).status_code == 200
    late = {"channel": "email", "purpose": "marketing", "granted": True, "source": "shop"}
    with furnished.write() as session:
        rejoined = desk.NOW + timedelta(minutes=10)
        session.add(ConsentRow(store_id=desk.MINE, person_id=desk.PERSON, at=rejoined, **late))
    with furnished.read() as session:
        held = latest_consent(session, desk.PERSON, "email", "marketing")
        told = session.exec(select(InboxEventRow).where(InboxEventRow.type == "consent.withdrawn")).all()
    assert held is not None
    assert not held.granted
    assert len(told) == 1


async def test_a_post_without_one_click_changes_nothing(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    for data in ({}, {"List-Unsubscribe": "no"}, {"x": "One-Click"}):
        assert (await person.post(page, data=data)).status_code == 400
    assert words(furnished) == [True]


async def test_a_token_that_is_not_ours_or_for_something_else_is_404(
    person: httpx.AsyncClient, page: str, app: FastAPI, furnished: Database
) -> None:
    wrong = [
        page[:-1],
        f"{page}A",
        "/u/x",
        "/u/x.y",
        address(app, LinkPurpose.TRACKING),
        page.replace(".", ""),
    ]
    for path in wrong:
        assert (await person.post(path, data=ONE_CLICK)).json()["code"] == "not_found"
        seen = await person.get(path, headers={"Accept": "text/html"})
        assert (seen.status_code, "not complete" in seen.text) == (404, True)
    assert words(furnished) == [True]


def erase(database: Database) -> None:
    with database.write() as session:
        row = session.get(PersonRow, desk.PERSON)
        assert row is not None
        row.erased_at = desk.NOW - timedelta(days=1)
        session.add(row)


async def test_an_erased_persons_link_still_silences_the_address(
    person: httpx.AsyncClient, page: str, app: FastAPI, furnished: Database
) -> None:
    """Somebody new of that address, who has agreed since, gets no more until they agree again: as the page says."""
    secret = app.state.services.settings.secret_key()
    hashed = address_hash(secret, Channel.EMAIL, desk.EMAIL)
    link = f"{page}?a={covered(secret, page.rpartition('/')[2], hashed)}"
    erase(furnished)
    assert '<form method="post">' in (await person.get(link)).text
    for _ in range(2):
        answer = await person.post(link, data=ONE_CLICK)
        assert (answer.status_code, "You are unsubscribed" in answer.text) == (200, True)
    assert words(furnished) == [True]  # of the erased person nothing is written
    with furnished.read() as session:
        entry = session.exec(select(SuppressionRow)).one()
        lines = session.exec(select(AuditRow).where(AuditRow.action == "address.silenced")).all()
    assert (entry.store_id, entry.channel, entry.address_hash) == (desk.MINE, "email", hashed)
    assert {line.subject for line in lines} == {desk.PERSON}
    held = Suppression(
        channel=Channel.EMAIL, cause=SuppressionCause(entry.cause), since=entry.since.astimezone(UTC)
    )
    for said_at, silent in ((desk.NOW - timedelta(hours=1), True), (desk.NOW + timedelta(hours=1), False)):
        agreed = Consent(
            channel=Channel.EMAIL, purpose=Purpose.MARKETING, granted=True, at=said_at, source="shop"
        )
        assert binds(held, Purpose.MARKETING, [agreed]) is silent
        assert not binds(held, Purpose.TRANSACTIONAL, [agreed])


async def test_an_old_link_of_an_erased_person_says_that_nothing_was_changed(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    """It does not say where it went: the page does not claim what did not happen, nor offer it."""
    erase(furnished)
    for link in (page, f"{page}?a=AAAA"):
        seen, left = await person.get(link), await person.post(link, data=ONE_CLICK)
        for answer in (seen, left):
            assert answer.status_code == 200
            assert "use the link in a newer message" in answer.text
            assert "unsubscribed" not in answer.text
            assert "<form" not in answer.text
    assert words(furnished) == [True]
    with furnished.read() as session:
        assert not session.exec(select(SuppressionRow)).all()


async def test_the_address_holds_no_personal_data_and_is_told_to_nobody(
    person: httpx.AsyncClient, page: str
) -> None:
    answer = await person.get(page)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "http" not in answer.text.replace("http-equiv", "")
