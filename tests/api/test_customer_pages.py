"""Where the order is: for whoever holds the link, on a phone, without a login; and nothing that a visit changes."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from api import desk
from api.conftest import Client
from api.opened import address, counted
from doorstep.domain.orders import OrderState
from doorstep.domain.shipments import Shipment, ShipmentStatus
from doorstep.models.base import Database
from doorstep.models.codec_json import order_json
from doorstep.models.links import LinkPurpose
from doorstep.models.orders import CheckpointRow, OrderLineRow, OrderRow, ShipmentRow
from doorstep.models.people import PersonRow
from doorstep.models.stores import StoreRow

HTML = {"Accept": "text/html"}
ARRIVED = desk.NOW - timedelta(days=1)


@pytest.fixture
def person(client: Client) -> httpx.AsyncClient:
    """Nobody: no key, no login, no cookie."""
    return client(None)


@pytest.fixture
def page(app: FastAPI) -> str:
    return address(app, LinkPurpose.TRACKING)


def change[Row](database: Database, kind: type[Row], key: object, **values: object) -> None:
    with database.write() as session:
        row = session.get(kind, key)
        for name, value in values.items():
            setattr(row, name, value)


def deliver(database: Database) -> None:
    """The one parcel arrives, yesterday at noon UTC."""
    parcel = Shipment(
        ref=desk.PARCEL, status=ShipmentStatus.DELIVERED, status_at=ARRIVED, delivered_at=ARRIVED
    )
    state = OrderState(lines=desk.STATE.lines, refunds=desk.STATE.refunds, shipments={desk.PARCEL: parcel})
    change(database, OrderRow, desk.ORDER, state=order_json(state))
    change(database, ShipmentRow, desk.PARCEL, status="delivered", status_at=ARRIVED, delivered_at=ARRIVED)
    with database.write() as session:
        session.add(
            CheckpointRow(
                shipment_ref=desk.PARCEL,
                status="delivered",
                at=ARRIVED,
                received_at=ARRIVED,
                event_id="evt_home",
            )
        )


def words(html: str) -> str:
    return " ".join(re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())


async def test_an_order_under_way_says_where_it_is_by_its_customers_own_clock(
    person: httpx.AsyncClient, page: str
) -> None:
    answer = await person.get(page)
    said = words(answer.text)
    assert answer.status_code == 200
    assert "Your order is on its way." in said
    assert "Nordwind" in said
    assert f"Hello {desk.FIRST}" in said
    assert "On its way Tuesday, March 3, 7:00 AM" in said.replace("\u202f", " "), "12:00 UTC in New York"
    assert "Trail shoe × 2" in said
    assert "2 kept, 1 refunded × 3" in said
    assert desk.LAST not in said
    assert desk.EMAIL not in said


async def test_a_carriers_page_is_linked_by_https_only(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    for url, shown in [
        ("https://carrier.example/0034", True),
        ("http://carrier.example/0034", False),
        ("javascript:alert(1)", False),
        ('https://x.example/"onclick="x', False),
    ]:
        change(furnished, ShipmentRow, desk.PARCEL, tracking_url=url)
        html = (await person.get(page)).text
        assert (f'href="{url}"' in html) is shown
        assert ("Track with DHL" in html) is shown
        assert "onclick" not in html


async def test_once_it_has_arrived_it_can_be_rated_and_before_it_cannot(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    assert "?score=" not in (await person.get(page)).text
    deliver(furnished)
    html = (await person.get(page)).text
    assert "Your order has arrived." in html
    assert "yesterday" in html
    [five] = re.findall(r'href="(/r/[^"]+\?score=5)"', html)
    assert "How do you like it" in (await person.get(five)).text


async def test_the_way_to_the_preferences_is_on_every_page(person: httpx.AsyncClient, page: str) -> None:
    [preferences] = re.findall(r'href="(/p/[^"]+)"', (await person.get(page)).text)
    assert (await person.get(preferences)).status_code == 200


async def test_a_cancelled_order_does_not_speak_of_parcels(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    state = OrderState(lines=desk.STATE.lines, cancelled_at=ARRIVED, shipments=desk.STATE.shipments)
    change(furnished, OrderRow, desk.ORDER, state=order_json(state))
    html = (await person.get(page)).text
    assert "Your order was cancelled." in html
    assert "Expected" not in html


async def test_an_order_without_a_parcel_is_being_prepared(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    change(furnished, ShipmentRow, desk.PARCEL, status="cancelled")
    change(furnished, OrderRow, desk.ORDER, state=order_json(OrderState(lines=desk.STATE.lines)))
    assert "We are preparing your order." in (await person.get(page)).text


async def test_several_parcels_each_tell_what_is_in_them(
    person: httpx.AsyncClient, page: str, furnished: Database
) -> None:
    deliver(furnished)
    second = Shipment(
        ref="shp_two", status=ShipmentStatus.ATTEMPT_FAILED, status_at=desk.NOW, lines=(("l2", 3),)
    )
    first = Shipment(
        ref=desk.PARCEL, status=ShipmentStatus.DELIVERED, delivered_at=ARRIVED, lines=(("l1", 2),)
    )
    state = OrderState(lines=desk.STATE.lines, shipments={first.ref: first, second.ref: second})
    change(furnished, OrderRow, desk.ORDER, state=order_json(state))
    change(furnished, ShipmentRow, desk.PARCEL, lines=[["l1", 2]])
    with furnished.write() as session:
        session.add(
            ShipmentRow(
                ref="shp_two",
                store_id=desk.MINE,
                order_ref=desk.ORDER,
                external_id="f2",
                status="attempt_failed",
                status_at=desk.NOW,
                lines=[["l2", 3]],
                updated_at=desk.NOW,
            )
        )
    said = words((await person.get(page)).text)
    assert "Part of your order has arrived. 1 of 2 parcels so far." in said
    assert "Parcel 1 of 2 Delivered" in said
    assert "Parcel 2 of 2 Could not be handed over" in said
    assert "Inside: 3 × Wool sock" in said
    assert "?score=" not in said


async def test_markup_in_names_is_text(person: httpx.AsyncClient, page: str, furnished: Database) -> None:
    attack = "<img src=x onerror=alert(1)>\"'{{7*7}}"
    change(furnished, OrderLineRow, (desk.ORDER, "l1"), title=attack)
    change(furnished, PersonRow, desk.PERSON, first_name="<b>Eve</b>")
    change(furnished, OrderRow, desk.ORDER, number=attack)
    change(furnished, ShipmentRow, desk.PARCEL, carrier=attack, tracking_number=attack)
    change(
        furnished,
        StoreRow,
        desk.MINE,
        name=attack,
        brand={"primary": "red;}</style><script>", "logo_text": attack},
    )
    html = (await person.get(page)).text
    assert "<img" not in html
    assert "<script" not in html
    assert "<b>Eve" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "{{7*7}}" in html


@pytest.mark.parametrize("purpose", [LinkPurpose.TRACKING, LinkPurpose.REVIEW, LinkPurpose.PREFERENCES])
async def test_opening_any_page_changes_nothing_and_lets_nothing_in(
    person: httpx.AsyncClient, app: FastAPI, furnished: Database, purpose: LinkPurpose
) -> None:
    before = counted(furnished)
    for _ in range(2):
        answer = await person.get(address(app, purpose) + "?score=1&rating=1&on=sms&shown=sms")
        assert answer.status_code == 200
    assert counted(furnished) == before
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert "<script" not in answer.text
    assert ' style="' not in answer.text, "the policy would refuse it"
    assert not re.findall(r'(?:src|action)="', answer.text)


@pytest.mark.parametrize("purpose", [LinkPurpose.TRACKING, LinkPurpose.REVIEW, LinkPurpose.PREFERENCES])
async def test_a_token_that_is_not_ours_or_for_something_else_is_a_friendly_404(
    person: httpx.AsyncClient, app: FastAPI, furnished: Database, purpose: LinkPurpose
) -> None:
    good = address(app, purpose)
    elsewhere = address(app, LinkPurpose.UNSUBSCRIBE).removeprefix("/u/")
    before = counted(furnished)
    body = {"score": "1", "shown": "email"}
    for path in [good[:-1], f"{good}A", f"/{purpose}/x", f"/{purpose}/{elsewhere}", f"/{purpose}/é.é"]:
        seen = await person.get(path, headers=HTML)
        assert (seen.status_code, "does not open anything" in seen.text) == (404, True)
        assert (await person.get(path)).json()["code"] == "not_found"
        if purpose is not LinkPurpose.TRACKING:
            assert (await person.post(path, data=body, headers=HTML)).status_code == 404
    assert counted(furnished) == before


@pytest.mark.parametrize("purpose", [LinkPurpose.TRACKING, LinkPurpose.REVIEW, LinkPurpose.PREFERENCES])
async def test_an_erased_persons_links_open_nothing(
    person: httpx.AsyncClient, app: FastAPI, furnished: Database, purpose: LinkPurpose
) -> None:
    change(furnished, PersonRow, desk.PERSON, erased_at=desk.NOW)
    before = counted(furnished)
    assert (await person.get(address(app, purpose), headers=HTML)).status_code == 404
    if purpose is not LinkPurpose.TRACKING:
        answer = await person.post(address(app, purpose), data={"score": "1", "shown": "email"}, headers=HTML)
        assert answer.status_code == 404
    assert counted(furnished) == before


async def test_another_stores_order_is_not_shown(
    person: httpx.AsyncClient, app: FastAPI, furnished: Database
) -> None:
    path = address(app, LinkPurpose.TRACKING, order=desk.OTHER_ORDER)
    assert (await person.get(path, headers=HTML)).status_code == 404
    assert (await person.get(address(app, LinkPurpose.TRACKING, order=""), headers=HTML)).status_code == 404
    with furnished.read() as session:
        assert session.get(OrderRow, desk.OTHER_ORDER) is not None
