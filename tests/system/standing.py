"""Where a release's fixture leaves its journeys standing, told to a house of that release's own code."""

from __future__ import annotations

from datetime import timedelta

from house import House
from shopkeeper import CLARA, IDA, JONAS, Customer, Order, catalogue

ROOMY = {"caps": [{"limit": 9, "hours": 20}, {"limit": 30, "hours": 168}]}
SELLING, PAUSED, LOST, PARTLY, CLOSING, MOVING, FRESH, OVER = range(81001, 81009)
"""On its winback; paused on its first day; never arrived; a part sent back; cancelled, its refund to come; parcel under
way; confirmed a moment ago; closed."""


async def told(house: House) -> dict[str, Order]:
    """Forty days of a shop. Answers what each order is an example of."""
    began = house.now()
    orders: dict[str, Order] = {}

    async def placed(day: float, number: int, customer: Customer) -> Order:
        await house.until(began + timedelta(days=day))
        order = Order(id=number, customer=customer, placed=house.now())
        await house.tell(catalogue(), order.placed_event())
        await house.pass_time(seconds=3)
        orders[str(number)] = order
        return order

    async def scanned(day: float, order: Order, *states: str) -> None:
        for n, state in enumerate(states):
            await house.until(began + timedelta(days=day + n / 4))
            await house.tell(order.scan(state, house.now()))
            await house.pass_time(seconds=3)

    selling = await placed(0, SELLING, IDA)
    paused = await placed(0.1, PAUSED, JONAS)
    assert (await house.act(paused.journey, "pause")).status_code == 200
    over = await placed(0.2, OVER, CLARA)
    await house.act(over.journey, "cancel")
    await scanned(2, selling, "in_transit", "out_for_delivery", "delivered")
    lost = await placed(8, LOST, CLARA)
    await scanned(9, lost, "in_transit")
    partly = await placed(25, PARTLY, JONAS)
    await scanned(26, partly, "in_transit", "delivered")
    await house.until(began + timedelta(days=29))
    back = {"lines": [[str(partly.line(1)), 1]]}
    await house.tell(partly.event("return.requested", house.now(), subject="ret-1", data=back))
    await house.tell(partly.refunded(house.now(), lines=1))
    closing = await placed(35, CLOSING, CLARA)
    await house.pass_time(hours=5)
    await house.tell(closing.event("order.cancelled", house.now()))
    moving = await placed(38, MOVING, IDA)
    await scanned(39, moving, "in_transit")
    unknown = Order(id=81999, customer=JONAS, placed=house.now())
    await house.tell(unknown.scan("in_transit", house.now()))  # held: its order has not come
    await placed(40, FRESH, JONAS)
    return orders
