"""What happens to the journeys whose histories a release commits: together they walk every corner of a journey that
leaves commands in a history. Each story has a house of its own; `scripts/record-histories` tells them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from house import House
from shopkeeper import CLARA, IDA, JONAS, Customer, Delivery, Order, catalogue

ROOMY = {"caps": [{"limit": 9, "hours": 20}, {"limit": 30, "hours": 168}]}
Story = Callable[[House], Awaitable[None]]
STORIES: dict[str, Story] = {}


def story(told: Story) -> Story:
    STORIES[told.__name__.replace("_", "-")] = told
    return told


async def heard(house: House, *told: Delivery) -> None:
    """Tells it, and sees that it was understood."""
    answers = await house.tell(*told)
    assert set(answers) <= {"accepted", "duplicate"}, answers


async def ordered(house: House, number: int, customer: Customer = IDA) -> Order:
    order = Order(id=number, customer=customer, placed=house.now())
    await heard(house, catalogue(), order.placed_event())
    await house.pass_time(seconds=3)
    return order


async def until(house: House, order: Order, **delta: float) -> None:
    await house.until(order.placed + timedelta(**delta))


async def arrived(house: House, order: Order, day: float = 5) -> None:
    """Its parcel's way to the door."""
    for at, status in ((1, "in_transit"), (day, "out_for_delivery"), (day + 0.2, "delivered")):
        await until(house, order, days=at)
        await heard(house, order.scan(status, house.now()))
        await house.pass_time(seconds=3)


@story
async def ninety_days_with_a_good_review(house: House) -> None:
    order = await ordered(house, 61001)
    await arrived(house, order)
    await until(house, order, days=14)
    await heard(house, order.event("review.submitted", house.now(), data={"rating": 5}))
    await until(house, order, days=20)
    looked = order.of_person("product.browsed", house.now(), subject="7102")
    await heard(house, looked)
    await until(house, order, days=91)


@story
async def a_bad_review(house: House) -> None:
    order = await ordered(house, 61002)
    await arrived(house, order)
    await until(house, order, days=12)
    await heard(house, order.event("review.submitted", house.now(), data={"rating": 1}))
    await until(house, order, days=91)


@story
async def paused_and_resumed_in_each_way(house: House) -> None:
    ways = {"skip": IDA, "send_still_useful": JONAS, "shift": CLARA}
    orders = {way: await ordered(house, 61010 + n, ways[way]) for n, way in enumerate(ways)}
    for order in orders.values():
        assert (await house.act(order.journey, "pause")).status_code == 200
        assert (await house.act(order.journey, "pause")).status_code == 409
    await house.pass_time(days=2, hours=3)
    for way, order in orders.items():
        assert (await house.act(order.journey, "resume", catch_up=way)).status_code == 200
    await house.pass_time(days=3)
    for order in orders.values():
        await heard(house, order.scan("delivered", house.now()))
    await house.pass_time(days=89)


@story
async def sent_now_skipped_and_cancelled_by_an_agent(house: House) -> None:
    order = await ordered(house, 61020)
    journey = order.journey
    assert (await house.act(journey, "send-now", step="check-in")).status_code == 409
    assert (await house.act(journey, "send-now", step="reassurance")).status_code == 200
    assert (await house.act(journey, "skip", step="community")).status_code == 200
    assert (await house.act(journey, "skip", step="education")).status_code == 200
    await house.pass_time(days=5)
    assert (await house.act(journey, "cancel")).status_code == 200


@story
async def refunded_on_day_twelve(house: House) -> None:
    order = Order(id=61030, customer=IDA, placed=house.now())
    await heard(house, order.created(), order.fulfilled(order.placed + timedelta(minutes=1)))
    await until(house, order, days=12)
    await heard(house, order.refunded(house.now()))
    await house.pass_time(hours=1)


@story
async def cancelled_and_the_refund_comes_later(house: House) -> None:
    order = await ordered(house, 61040)
    await until(house, order, days=1.5)
    await heard(house, order.event("order.cancelled", house.now()))
    await house.pass_time(days=3)
    refund = {"amount_minor": 3500, "currency": "EUR"}
    await heard(house, order.event("order.refunded", house.now(), subject="rf-1", data=refund))
    await house.pass_time(days=15)


@story
async def cancelled_and_never_refunded(house: House) -> None:
    order = await ordered(house, 61045)
    await until(house, order, hours=6)
    await heard(house, order.event("order.cancelled", house.now()))
    await house.pass_time(days=15)


@story
async def a_part_goes_back(house: House) -> None:
    order = Order(id=61050, customer=JONAS, placed=house.now())
    await heard(house, catalogue(), order.created())
    await house.pass_time(seconds=3)
    await arrived(house, order)
    await until(house, order, days=8)
    for what in ("return.requested", "return.received"):
        data = {"lines": [[str(order.line(1)), 1]]}
        await heard(house, order.event(what, house.now(), subject="ret-1", data=data))
        await house.pass_time(days=1)
    await heard(house, order.refunded(house.now(), lines=1))
    await until(house, order, days=91)


@story
async def news_late_twice_and_backwards(house: House) -> None:
    order = Order(id=61060, customer=IDA, placed=house.now() - timedelta(hours=30))
    late = [
        order.scan("in_transit", order.placed + timedelta(hours=4)),
        order.scan("out_for_delivery", order.placed + timedelta(hours=20)),
    ]
    await heard(house, *reversed(late), order.placed_event(), *late)
    await house.pass_time(minutes=5)
    delivered = house.now()
    await heard(house, order.scan("delivered", delivered))
    await house.pass_time(hours=1)
    await heard(house, order.scan("exception", delivered - timedelta(hours=2), substatus="delayed"))
    await house.pass_time(days=91)


@story
async def a_parcel_in_trouble(house: House) -> None:
    order = await ordered(house, 61070, CLARA)
    for day, status, more in (
        (1, "in_transit", {}),
        (2, "exception", {"substatus": "delayed"}),
        (3, "exception", {}),
        (4, "attempt_failed", {}),
        (5, "available_for_pickup", {}),
        (8, "delivered", {}),
    ):
        await until(house, order, days=day)
        await heard(house, order.scan(status, house.now(), **more))
        await house.pass_time(hours=2)
    await until(house, order, days=91)


@story
async def nothing_ever_arrives(house: House) -> None:
    order = await ordered(house, 61080)
    await until(house, order, days=1)
    await heard(house, order.scan("in_transit", house.now()))
    await until(house, order, days=92)


@story
async def the_next_order_comes(house: House) -> None:
    first = await ordered(house, 61090)
    await arrived(house, first)
    await until(house, first, days=35)
    await ordered(house, 61091)
    await until(house, first, days=91)


@story
async def erased(house: House) -> None:
    order = await ordered(house, 61100)
    await until(house, order, days=3)
    await heard(house, order.of_person("customer.erased", house.now()))
    await house.pass_time(hours=1)


@story
async def moved_to_another_zone(house: House) -> None:
    order = await ordered(house, 61110, JONAS)
    await until(house, order, days=2)
    moved = order.of_person("customer.zone_changed", house.now(), data={"zone": "Pacific/Auckland"})
    await heard(house, moved)
    await arrived(house, order)
    await until(house, order, days=30)
    subscribed = order.of_person("subscription.started", house.now(), subject="7201")
    await heard(house, subscribed)
    await until(house, order, days=91)
