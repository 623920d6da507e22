"""Every page that a customer opens, in every state it has words for: by name, as HTML."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from sqlmodel import col, delete, select

from api import desk
from doorstep.domain.messages import Channel
from doorstep.domain.orders import OrderState, Return
from doorstep.domain.shipments import Shipment, ShipmentStatus
from doorstep.models.addresses import address_hash
from doorstep.models.base import Database
from doorstep.models.codec_json import order_json
from doorstep.models.inbox import InboxEventRow, InboxWebhookRow
from doorstep.models.links import Link, LinkPurpose, sign
from doorstep.models.orders import CheckpointRow, OrderLineRow, OrderRow, ShipmentRow
from doorstep.models.people import PersonRow, SuppressionRow
from doorstep.models.stores import StoreRow

HTML = {"Accept": "text/html"}
SECOND = "shp_two"
BACK = Return(lines=(("l1", 2), ("l2", 3)))
SHIPPED = [s for s in ShipmentStatus if s not in (ShipmentStatus.PENDING, ShipmentStatus.CANCELLED)]


async def every_page(
    person: httpx.AsyncClient, app: FastAPI, database: Database
) -> AsyncIterator[tuple[str, str]]:
    """(what it shows, the page). The rows are changed from one to the next; the last person is an erased one."""
    site = Site(person, app, database)
    async for name, html in _tracking(site):
        yield f"tracking: {name}", html
    async for name, html in _preferences(site):
        yield f"preferences: {name}", html
    async for name, html in _review(site):
        yield f"review: {name}", html
    async for name, html in _unsubscribe(site):
        yield f"unsubscribe: {name}", html


class Site:
    """The pages of the desk's person, and what lies behind them."""

    def __init__(self, person: httpx.AsyncClient, app: FastAPI, database: Database) -> None:
        self.person, self.app, self.database = person, app, database
        self.secret = app.state.services.settings.secret_key()

    def link(self, purpose: LinkPurpose, channel: str = "") -> str:
        """The path of a page."""
        needs_order = purpose in (LinkPurpose.TRACKING, LinkPurpose.REVIEW)
        link = Link(
            purpose=purpose,
            store_id=desk.MINE,
            person_ref=desk.PERSON,
            order_ref=desk.ORDER if needs_order else "",
            channel=channel,
        )
        return f"/{purpose}/{sign(self.secret, link)}"

    async def get(self, purpose: LinkPurpose, channel: str = "") -> str:
        """The page as a browser sees it."""
        return (await self.person.get(self.link(purpose, channel), headers=HTML)).text

    async def post(self, purpose: LinkPurpose, data: dict[str, Any], channel: str = "") -> str:
        """What its form answers."""
        return (await self.person.post(self.link(purpose, channel), headers=HTML, data=data)).text

    def change(self, kind: type[Any], key: object, **values: object) -> None:
        """Some columns of one row."""
        with self.database.write() as session:
            row = session.get(kind, key)
            for name, value in values.items():
                setattr(row, name, value)

    def state(self, state: OrderState) -> None:
        """What is true of the order."""
        self.change(OrderRow, desk.ORDER, state=order_json(state))

    def parcel(self, status: str, **values: Any) -> None:
        """The one parcel, with one scan and no word of when it comes unless said."""
        usual = {"substatus": "", "expected_at": None, "expect_next_by": None, "delivered_at": None}
        self.change(ShipmentRow, desk.PARCEL, **{**usual, "status": status, "status_at": desk.NOW, **values})

    def add(self, row: Any) -> None:
        """One row more."""
        with self.database.write() as session:
            session.add(row)


async def _tracking(site: Site) -> AsyncIterator[tuple[str, str]]:
    page, day = LinkPurpose.TRACKING, timedelta(days=1)
    yield "silent", await site.get(page)
    for status in SHIPPED:
        site.parcel(status)
        yield str(status), await site.get(page)
    for ahead in (-3, -1, 0, 1, 3):
        site.parcel("in_transit", expected_at=desk.NOW + ahead * day)
        yield f"expected in {ahead} days", await site.get(page)
    site.parcel("in_transit", substatus="delayed")
    yield "delayed", await site.get(page)
    site.parcel("in_transit", expect_next_by=desk.NOW - day)
    yield "nothing heard", await site.get(page)
    for hours, status in ((5, "out_for_delivery"), (4, "attempt_failed"), (3, "in_transit")):
        site.add(_scan(status, hours))
    site.parcel("out_for_delivery", carrier="", tracking_url="https://carrier.example/0034")
    yield "out again", await site.get(page)
    site.change(
        StoreRow, desk.MINE, brand={"help_url": "https://a.example", "returns_url": "https://b.example"}
    )
    site.change(OrderRow, desk.ORDER, number="")
    site.parcel("pre_transit", tracking_url="")
    yield "without a number and a carrier", await site.get(page)
    async for shown in _whole_orders(site):
        yield shown


async def _whole_orders(site: Site) -> AsyncIterator[tuple[str, str]]:
    page, day = LinkPurpose.TRACKING, timedelta(days=1)
    for ago in (0, 1, 4):
        at = desk.NOW - ago * day
        parcel = Shipment(ref=desk.PARCEL, status=ShipmentStatus.DELIVERED, status_at=at, delivered_at=at)
        site.state(replace(desk.STATE, refunds={}, shipments={desk.PARCEL: parcel}))
        site.parcel("delivered", delivered_at=at, status_at=at)
        yield f"arrived {ago} days ago", await site.get(page)
    site.add(second_parcel(status="pre_transit"))
    yield "one of two arrived", await site.get(page)
    site.state(desk.STATE)
    for first, second in (
        ("in_transit", "pre_transit"),
        ("pre_transit", "pre_transit"),
        ("delivered", "delivered"),
    ):
        site.parcel(first)
        site.change(ShipmentRow, SECOND, status=second)
        yield f"two parcels {first} {second}", await site.get(page)
    for ref in (desk.PARCEL, SECOND):
        site.change(ShipmentRow, ref, delivered_at=desk.NOW)
    yield "two parcels of a larger order arrived", await site.get(page)
    with site.database.write() as session:
        session.exec(delete(ShipmentRow))
    site.add(
        desk.order(
            "ord_x", desk.MINE, "5002", "#1043", desk.PERSON, parent_ref=desk.ORDER, journey_id=desk.JOURNEY
        )
    )
    line = {"order_ref": "ord_x", "store_id": desk.MINE, "product_ref": "p-sock"}
    site.add(OrderLineRow(**line, ref="l9", title="Wool sock", quantity=1))
    yield "no parcel", await site.get(page)
    site.state(OrderState(lines=desk.STATE.lines, returns={"b": Return(lines=(("l1", 1), ("l2", 3)))}))
    yield "some in return", await site.get(page)
    fewer = tuple(replace(line, current=1) for line in desk.STATE.lines)
    site.state(OrderState(lines=fewer))
    yield "some taken off", await site.get(page)
    site.state(OrderState(lines=tuple(replace(line, current=0) for line in fewer[:1]) + fewer[1:]))
    yield "one line taken off", await site.get(page)
    site.state(OrderState(lines=desk.STATE.lines, returns={"b": BACK}))
    yield "all in return", await site.get(page)
    site.state(OrderState(lines=desk.STATE.lines, refunds={"r": BACK.lines}))
    here = replace(BACK, received=BACK.lines)
    site.state(OrderState(lines=desk.STATE.lines, returns={"b": here}))
    yield "all came back", await site.get(page)
    some = Return(lines=BACK.lines, received=(("l1", 1),))
    site.state(OrderState(lines=desk.STATE.lines, returns={"b": some}))
    yield "some came back", await site.get(page)
    site.state(OrderState(lines=desk.STATE.lines, refunds={"r": BACK.lines}))
    yield "all refunded", await site.get(page)
    for ago in (0, 1, 4):
        site.state(OrderState(lines=desk.STATE.lines, cancelled_at=desk.NOW - ago * day))
        yield f"cancelled {ago} days ago", await site.get(page)


def second_parcel(**more: Any) -> ShipmentRow:
    """Another parcel of the order, with its socks in it."""
    return ShipmentRow(
        ref=SECOND,
        store_id=desk.MINE,
        order_ref=desk.ORDER,
        external_id="f2",
        status_at=desk.NOW,
        lines=[["l2", 3]],
        updated_at=desk.NOW,
        **more,
    )


def _scan(status: str, hours: int) -> CheckpointRow:
    at = desk.NOW - timedelta(hours=hours)
    return CheckpointRow(
        shipment_ref=desk.PARCEL, status=status, at=at, received_at=at, event_id=f"evt_{status}_{hours}"
    )


async def _preferences(site: Site) -> AsyncIterator[tuple[str, str]]:
    page = LinkPurpose.PREFERENCES
    yield "to choose", await site.get(page)
    yield "saved", await site.post(page, {"shown": ["email", "sms"], "on": ["sms"]})
    yield "nothing named", await site.post(page, {"shown": "pigeon"})
    for channel, address in ((Channel.EMAIL, desk.EMAIL), (Channel.SMS, desk.PHONE)):
        hashed = address_hash(site.secret, channel, address)
        site.add(
            SuppressionRow(
                store_id=desk.MINE, channel=channel, address_hash=hashed, cause="bounce", since=desk.NOW
            )
        )
    for cause in ("bounce", "complaint", "stop", "manual"):
        with site.database.write() as session:
            for row in session.exec(select(SuppressionRow)):
                row.cause = cause
        yield f"blocked by {cause}", await site.get(page)


async def _review(site: Site) -> AsyncIterator[tuple[str, str]]:
    page = LinkPurpose.REVIEW
    site.change(OrderRow, desk.ORDER, number="#1042")
    yield "to rate", await site.get(page)
    yield "no star chosen", await site.post(page, {"text": "42"})
    yield "thanks", await site.post(page, {"score": "2"})
    yield "rated another way", await site.post(page, {"score": "5"})
    parcel = Shipment(ref=desk.PARCEL, status=ShipmentStatus.DELIVERED, delivered_at=desk.NOW)
    site.state(OrderState(lines=desk.STATE.lines, shipments={desk.PARCEL: parcel}))
    yield "the tracking page of a rated order", await site.get(LinkPurpose.TRACKING)
    with site.database.write() as session:
        for kind in (InboxEventRow, InboxWebhookRow):
            session.exec(delete(kind).where(col(kind.connection_id) == "review-page"))
    yield "thanks for the best", await site.post(page, {"score": "5"})


async def _unsubscribe(site: Site) -> AsyncIterator[tuple[str, str]]:
    page = LinkPurpose.UNSUBSCRIBE
    for channel in ("email", "sms", "push"):
        yield f"asked of {channel}", await site.get(page, channel)
        yield f"left {channel}", await site.post(page, {"List-Unsubscribe": "One-Click"}, channel)
    site.change(PersonRow, desk.PERSON, erased_at=desk.NOW)
    yield "nobody", await site.get(page, "email")
    yield "nobody left", await site.post(page, {"List-Unsubscribe": "One-Click"}, "email")
    for purpose in LinkPurpose:
        if purpose is not page:
            yield f"lost /{purpose}/", await site.get(purpose)
    yield "lost /u/", (await site.person.get("/u/x", headers=HTML)).text
