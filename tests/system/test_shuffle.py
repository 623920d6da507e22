"""Order-insensitivity: what arrives within the settle window gives one ledger, whatever the order and however often."""

from __future__ import annotations

import hashlib
import random
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from house import House
from shopkeeper import IDA, Delivery, Order, catalogue

from conftest import Houses

pytestmark = pytest.mark.system

SETTLE = 120.0
"""Seconds; virtual, so that waiting for it costs nothing and telling the slowest shuffle fits into it."""
SEEDS = range(6)
DAYS = timedelta(days=8)
"""Until cross-selling has begun."""
KNOWN = timedelta(hours=6).total_seconds()
"""After the order was placed: by then the latest straggler has come."""
UNDER_WAY = {"shipped", "out-for-delivery", "shipping-exception"}
TOLD_LATE = {"delayed", "silence"}


def story(placed: datetime) -> list[Delivery]:
    """A morning in which everything happens, by two sources; the order itself comes first."""
    order = Order(id=43001, customer=IDA, placed=placed)

    def at(minutes: float) -> datetime:
        return placed + timedelta(minutes=minutes)

    return [
        order.placed_event(),
        order.created("orders/updated", updated_at=at(5).isoformat()),
        order.scan("created", at(10)),
        order.scan("in_transit", at(20)),
        order.scan("exception", at(30), substatus="address_problem"),
        order.scan("in_transit", at(40)),
        order.scan("out_for_delivery", at(50)),
        order.refunded(at(55), lines=1),
        order.scan("delivered", at(60)),
        order.of_person("product.browsed", at(70), subject="7102"),
        order.event("review.submitted", at(80), data={"rating": 5}),
    ]


async def ledger(house: House, placed: datetime) -> dict[str, tuple[Any, ...]]:
    """Touch key → state, outcome, reason, channel, due after placing, digest of what was sent."""
    journey = Order(id=43001, customer=IDA, placed=placed).journey
    bodies = {m["key"]: _digest(m) for m in await house.outbox(journey)}
    rows = {}
    for name, step in (await house.steps(journey)).items():
        due = (datetime.fromisoformat(step["due"]["utc"]) - placed).total_seconds()
        known = tuple(step[field] for field in ("state", "outcome", "reason", "channel"))
        rows[name] = (*known, due, bodies.get(step["key"]))
    return rows


def _digest(message: dict[str, Any]) -> str:
    """Of the words; links hold the house's port and the person's drawn reference."""
    words = re.sub(r"http://127\.0\.0\.1:\S+", "LINK", message["subject"] + message["text"])
    return hashlib.sha256(words.encode()).hexdigest()


async def end_of(house: House, placed: datetime, told: list[Delivery]) -> dict[str, tuple[Any, ...]]:
    """Tell all of it inside one settle window, then see what the next days make of it."""
    began = house.now()
    for delivery in told:
        assert (await house.post(delivery)).status_code == 200
    assert house.now() - began < timedelta(seconds=SETTLE)
    await house.pass_time(seconds=SETTLE + 5)
    await house.until(placed + DAYS)
    return await ledger(house, placed)


async def test_any_order_and_any_repetition_gives_the_identical_ledger(houses: Houses) -> None:
    """Six seeded shuffles, each event doubled, events before their order among them: every touch has the same
    key, state, reason, channel, moment and words."""
    rooms = [await houses(settle=SETTLE) for _ in range(len(SEEDS) + 1)]
    placed = rooms[0].now().replace(microsecond=0) - timedelta(minutes=90)
    told = story(placed)
    ledgers = []
    for room in rooms:
        assert await room.tell(catalogue()) == ["accepted"]
    straight = await end_of(rooms[0], placed, told)
    early = 0
    for seed, room in zip(SEEDS, rooms[1:], strict=True):
        shuffled = [*told, *told]
        random.Random(seed).shuffle(shuffled)
        early += shuffled[0].id not in (told[0].id, told[1].id)
        ledgers.append(await end_of(room, placed, shuffled))

    assert early >= 3, "too few of these begin before their order"
    assert {row[1] for row in straight.values()} >= {"sent", "skipped"}
    assert {name.partition(":")[0] for name in straight} >= {
        "order-confirmation",
        "delivered",
        "partial-refund",
    }
    for seed, shuffled_ledger in zip(SEEDS, ledgers, strict=True):
        assert shuffled_ledger == straight, f"seed {seed}"


async def test_what_comes_after_the_window_changes_no_end(houses: Houses) -> None:
    """The same events, shuffled and minutes apart: the same final order, nothing twice, nothing that later news
    had overtaken, and wherever the ledger differs the touch was skipped for a reason, or told a delay."""
    straight_house = await houses(settle=SETTLE)
    placed = straight_house.now().replace(microsecond=0) - timedelta(minutes=90)
    told = story(placed)
    straight = await end_of(straight_house, placed, told)
    for seed in (1, 2):
        late_house = await houses(settle=1.0)
        chance = random.Random(seed)
        shuffled = [*told[1:], *chance.sample(told[1:], 5)]
        chance.shuffle(shuffled)
        for delivery in (told[0], *shuffled):
            await late_house.tell(delivery)
            await late_house.pass_time(minutes=3)
        await late_house.until(placed + DAYS)

        late = await ledger(late_house, placed)
        assert await final_order(late_house, placed) == await final_order(straight_house, placed)
        assert all(m["accepted_under_key"] == 1 for m in await late_house.outbox())
        sent = await late_house.sent()
        assert UNDER_WAY.isdisjoint(sent[sent.index("delivered") :]), "told after it was delivered"
        for name in straight.keys() | late.keys():
            one, other = straight.get(name), late.get(name)
            if one != other:
                explained(name, one, other)


def explained(name: str, one: tuple[Any, ...] | None, other: tuple[Any, ...] | None) -> None:
    """A difference is a skip with its reason on one side, or a notice of delay, or what was said before all of it
    was known: once all is known, the words are the same too."""
    if name.partition(":")[0] in TOLD_LATE:
        return
    skips = [row for row in (one, other) if row is not None and row[1] in ("skipped", "cancelled")]
    if skips:
        assert all(row[2] or row[1] == "cancelled" for row in skips), name
        return
    assert one is not None, f"{name}: sent late, never heard of in order"
    assert other is not None, f"{name}: sent in order, never heard of late"
    assert one[1] == other[1], name
    assert one[4] < KNOWN, f"{name}: told in other words"


async def final_order(house: House, placed: datetime) -> dict[str, Any]:
    seen = await house.journey(Order(id=43001, customer=IDA, placed=placed).journey)
    parcels = [(p["ref"], p["status"], p["delivered"]["utc"]) for p in seen["shipments"]]
    order = {k: v for k, v in seen["order"].items() if k not in ("placed", "delivered")}
    delivered = seen["order"]["delivered"]["utc"]
    points = sorted((p["points"], p["reason"]) for p in seen["points"])
    return {**order, "delivered": delivered, "parcels": parcels, "points": points, "phase": seen["phase"]}
