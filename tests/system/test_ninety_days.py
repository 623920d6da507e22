"""Ninety days, from the first webhook to the close, as a customer and a support agent see them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from house import House
from shopkeeper import IDA, Delivery, Order, catalogue

from conftest import Houses
from doorstep.domain import ids

pytestmark = pytest.mark.system

ROOMY = {"caps": [{"limit": 1, "hours": 20}, {"limit": 8, "hours": 168}]}
"""Nothing of the standard journey is held back for being too much."""
JOURNEY = [
    *("order-confirmation", "reassurance", "shipped", "education", "community", "anticipation"),
    *("out-for-delivery", "delivered", "care-guide", "arrived-safely", "check-in", "review-request"),
    *("cross-sell-7", "review-thanks", "cross-sell-14", "cross-sell-21", "win-back-30", "win-back-45"),
    *("win-back-60", "replenishment"),
]
Tells = Callable[[Order, str, datetime], Delivery]


def by_signed_api(order: Order, what: str, at: datetime) -> Delivery:
    """The order and its parcel, as our own event API is told."""
    if what == "placed":
        return order.placed_event()
    return order.scan(what, at)


def by_shopify(order: Order, what: str, at: datetime) -> Delivery:
    """The same, as Shopify tells it."""
    if what == "placed":
        return order.created()
    return order.fulfilled(at) if what == "created" else order.scanned(what, at)


async def placed(house: House, number: int, tells: Tells = by_signed_api) -> Order:
    """A new order, and the moment in which it settles."""
    now = house.now()
    order = Order(id=number, customer=IDA, placed=now)
    await house.tell(tells(order, "placed", now))
    await house.pass_time(seconds=3)
    return order


async def delivered(house: House, order: Order, tells: Tells = by_signed_api) -> None:
    """Its parcel, from the label to the door, on day 7."""
    scans = (
        (1, "created"),
        (1.1, "in_transit"),
        (3.6, "in_transit"),
        (7, "out_for_delivery"),
        (7.2, "delivered"),
    )
    for day, what in scans:
        await house.until(order.placed + timedelta(days=day))
        await house.tell(tells(order, what, house.now()))
        await house.pass_time(seconds=3)


@pytest.mark.parametrize("tells", [by_signed_api, by_shopify])
async def test_every_message_of_ninety_days_in_its_order(houses: Houses, tells: Tells) -> None:
    """Each message of the standard journey comes once, in its place, to the right address, and names its order;
    support reads each step with outcome and trace; the close is on day 90."""
    house = await houses(policy=ROOMY)
    await house.tell(catalogue())
    order = await placed(house, 41001, tells)
    await delivered(house, order, tells)
    await house.until(order.placed + timedelta(days=14, hours=2))
    await house.tell(order.event("review.submitted", house.now(), data={"rating": 5}))
    await house.until(order.placed + timedelta(days=91))

    messages, seen = await house.outbox(order.journey), await house.journey(order.journey)
    course = course_of(seen["person"]["ref"])
    assert [m["template"] for m in messages] == course
    await they_are_as_they_should_be(house, order, messages)
    assert {s["step"]: s["outcome"] for s in seen["steps"]} == dict.fromkeys(course, "sent")
    it_is_explained_and_closed(seen, order)
    assert [(p["points"], p["reason"]) for p in seen["points"]] == [(35, "order"), (50, "review")]


def course_of(person: str) -> list[str]:
    """What this person gets: one in ten, by a hash of their reference (drawn anew in each house), is surprised on
    day 40."""
    lucky = ids.fraction("variant", "surprise", person) < 1 / 10
    after = JOURNEY.index("win-back-45")
    return [*JOURNEY[:after], *["surprise"] * lucky, *JOURNEY[after:]]


async def they_are_as_they_should_be(house: House, order: Order, messages: list[dict[str, Any]]) -> None:
    """Right recipient, the order's number where it belongs, and never a hole in the text."""
    text_messages = [m for m in messages if m["channel"] == "sms"]
    assert {m["template"] for m in text_messages} <= {"out-for-delivery"}
    for message in messages:
        assert message["to"] == (IDA.phone if message in text_messages else IDA.email)
        whole = await house.get(f"/outbox/{message['id']}")
        for part in (whole["subject"], whole["text"], whole["html"]):
            assert not re.search(r"\bNone\b|\bundefined\b|{{", part), (message["template"], part)
    assert order.number in messages[0]["text"] + messages[0]["subject"]
    assert messages[0]["accepted_under_key"] == 1


def it_is_explained_and_closed(seen: dict[str, Any], order: Order) -> None:
    """Every step ended, says why, and shows the rules and facts behind it."""
    for step in seen["steps"]:
        assert step["outcome"] in ("sent", "skipped", "cancelled"), step["key"]
        assert step["sentence"]
        assert step["reason"] or step["outcome"] != "skipped", step["key"]
        rules = [rule for decision in step["decisions"] for rule in decision["rules"]]
        assert rules, f"{step['key']} has no trace"
        assert any(rule["facts"] for rule in rules), f"{step['key']} read nothing"
    assert (seen["status"], seen["waits"]) == ("closed", [])
    local = datetime.fromisoformat(seen["closed"]["local"])
    assert (local.date() - order.placed.astimezone(local.tzinfo).date()).days == 90


async def test_the_next_order_within_sixty_days_makes_a_vip(house: House) -> None:
    """A second order on day 35 ends the promotions of the first, welcomes a VIP, and begins a journey of its own
    that knows it is not the first."""
    first = await placed(house, 41011)
    await delivered(house, first)
    await house.until(first.placed + timedelta(days=35))
    before = len(await house.outbox(first.journey))

    second = await placed(house, 41012)
    assert (await house.journey(first.journey))["phase"] == "loyal"
    await house.until(first.placed + timedelta(days=91))

    assert (await house.sent(first.journey))[before:] == ["vip-welcome"]
    ended = await house.journey(first.journey)
    assert (ended["status"], ended["outcome"]) == ("closed", "repurchased")
    it_is_explained_and_closed(ended, first)
    theirs = await house.steps(second.journey)
    assert theirs["reassurance"]["reason"] == "not_relevant"
    assert theirs["education"]["outcome"] == "sent"
    assert (await house.journey(second.journey))["status"] == "open"


async def test_the_next_order_after_sixty_days_only_ends_the_promotions(house: House) -> None:
    """On day 70 nobody is welcomed any more, and the journey still ends as repurchased on day 90."""
    first = await placed(house, 41021)
    await delivered(house, first)
    await house.until(first.placed + timedelta(days=70))
    before = len(await house.outbox(first.journey))
    await placed(house, 41022)
    await house.until(first.placed + timedelta(days=91))

    assert (await house.sent(first.journey))[before:] == []
    ended = await house.journey(first.journey)
    assert (ended["status"], ended["outcome"]) == ("closed", "repurchased")
