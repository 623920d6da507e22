"""Orders that come late, go back, or whose customer says stop at the last moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from house import House
from shopkeeper import IDA, Delivery, Order, catalogue

from conftest import Houses
from doorstep.domain.messages import Channel, Rendered
from doorstep.ports import Ports

pytestmark = pytest.mark.system


async def test_an_order_imported_twenty_days_late_sends_nothing_stale(house: House) -> None:
    """Everything that was due in those twenty days is recorded as stale and not sent; what is due from then on is."""
    now = house.now()
    order = Order(id=42001, customer=IDA, placed=now - timedelta(days=20))
    scans = [
        order.scan(s, order.placed + timedelta(days=d)) for s, d in (("in_transit", 1), ("delivered", 2))
    ]
    await house.tell(catalogue(), order.placed_event(), *scans)
    await house.pass_time(minutes=10)

    assert await house.outbox() == []
    steps = await house.steps(order.journey)
    past = {s["step"] for s in steps.values() if datetime.fromisoformat(s["due"]["utc"]) <= house.now()}
    assert past >= {"order-confirmation", "shipped", "delivered", "care-guide", "arrived-safely", "check-in"}
    assert past >= {"review-request", "cross-sell-7", "cross-sell-14"}
    for step in steps.values():
        if step["step"] in past:
            assert (step["outcome"], step["reason"]) == ("skipped", "stale"), step["key"]

    await house.until(order.placed + timedelta(days=32))
    assert await house.sent() == ["cross-sell-21", "win-back-30"]


async def test_a_refund_on_day_twelve_ends_a_thirty_day_wait_at_once(house: House) -> None:
    """Everything refunded while the journey waits for the parcel: it leaves its course that minute, confirms the
    refund, takes the points back, and sends nothing more."""
    order = Order(id=42011, customer=IDA, placed=house.now())
    await house.tell(order.created(), order.fulfilled(order.placed + timedelta(minutes=1)))
    await house.until(order.placed + timedelta(days=12))
    before = await house.journey(order.journey)
    deadline = order.placed + timedelta(days=29)
    assert [w["name"] for w in before["waits"] if datetime.fromisoformat(w["until"]["utc"]) > deadline] == [
        "order.delivered"
    ]
    sent = len(await house.outbox())

    refunded = house.now()
    await house.tell(order.refunded(refunded))
    await house.pass_time(minutes=1)

    after = await house.journey(order.journey)
    assert (after["status"], after["exit_cause"], after["waits"]) == ("closed", "nothing_kept", [])
    assert datetime.fromisoformat(after["closed"]["utc"]) - refunded < timedelta(minutes=1)
    assert (await house.sent())[sent:] == ["refund-confirmation"]
    assert "35.00" in (await house.outbox())[-1]["text"]
    assert [p["points"] for p in after["points"]] == [35, -35]
    await house.pass_time(days=30)
    assert len(await house.outbox()) == sent + 1


async def test_a_part_refunded_leaves_the_journey_on_its_course(house: House) -> None:
    """One of two lines goes back: that is confirmed, its points are taken back, and the journey goes on."""
    order = Order(id=42021, customer=IDA, placed=house.now())
    await house.tell(order.created())
    await house.until(order.placed + timedelta(hours=2))
    await house.tell(order.refunded(house.now(), lines=1))
    await house.pass_time(minutes=1)

    seen = await house.journey(order.journey)
    assert (seen["status"], await house.sent()) == ("open", ["order-confirmation", "partial-refund"])
    assert [p["points"] for p in seen["points"]] == [35, -24]


@dataclass
class Interrupted:
    """A renderer that lets something happen between `reserved` and `sending`: rendering is what lies there."""

    inner: Any
    happens: dict[str, Callable[[], None]]

    def channels(self, template: str) -> Any:
        return self.inner.channels(template)

    def render(self, template: str, channel: Channel, content: Any) -> Rendered:
        rendered: Rendered = self.inner.render(template, channel, content)
        self.happens.pop(template, lambda: None)()
        return rendered


async def test_an_opt_out_committed_before_sending_wins(houses: Houses) -> None:
    """The customer withdraws consent through the endpoint while the message is rendered, slot already reserved:
    nothing is sent, and the ledger says that consent was missing."""
    happens: dict[str, Callable[[], None]] = {}
    house: House = await houses(wrap=lambda ports: _interrupted(ports, happens))
    order = Order(id=42031, customer=IDA, placed=house.now())
    await house.tell(order.placed_event())
    states: list[str] = []

    def withdraw() -> None:
        told = order.of_person("consent.withdrawn", house.now(), data={"channel": "email"})
        states.append(_state(house, f"{order.journey}:reassurance"))
        assert _posted(house, told).json()["status"] == "accepted"

    happens["reassurance"] = withdraw
    await house.until(order.placed + timedelta(days=1, hours=3))

    assert states == ["reserved"], "the slot was reserved when the word came"
    assert await house.sent() == ["order-confirmation"]
    step = (await house.steps(order.journey))["reassurance"]
    assert (step["outcome"], step["reason"], step["attempts"]) == ("skipped", "not_consented", 0)
    assert [d["verdict"] for d in step["decisions"]] == ["send", "skip"]


def _interrupted(ports: Ports, happens: dict[str, Callable[[], None]]) -> Ports:
    return replace(ports, renderer=Interrupted(ports.renderer, happens))


def _posted(house: House, told: Delivery) -> httpx.Response:
    """A webhook from the thread in which the touch is under way."""
    with httpx.Client(base_url=house.settings.base_url, trust_env=False) as client:
        return client.post(
            f"/webhooks/{told.connection}", content=told.content, headers=told.signed(house.now())
        )


def _state(house: House, key: str) -> str:
    with house.database.reading() as connection:
        row = connection.exec_driver_sql("SELECT state FROM ledger WHERE key = ?", (key,)).first()
    return "" if row is None else str(row[0])
