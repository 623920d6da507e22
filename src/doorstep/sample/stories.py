"""Six orders, each at another stage of its ninety days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from doorstep.sample.bodies import Delivery, Order
from doorstep.sample.shop import (
    CALATHEA,
    CATALOGUE,
    FERN,
    FOOD,
    IDA,
    JONAS,
    LENA,
    MILA,
    MIST,
    MONSTERA,
    OWN,
    PAUL,
    POT,
    TALES,
    THEO,
)

Ago = Callable[..., datetime]


def stories(now: datetime) -> list[tuple[Order, list[Delivery]]]:
    """Each order with its webhooks in the order they happened, the last of them before `now` (aware)."""
    now = now.replace(microsecond=0)

    def ago(*, days: float = 0, minutes: float = 0) -> datetime:
        return now - timedelta(days=days, minutes=minutes)

    return [
        _fresh(ago),
        _under_way(ago),
        _delivered(ago),
        _badly_reviewed(ago),
        _refunded(ago),
        _imported_late(ago),
    ]


def catalogue() -> Delivery:
    """Every product, in one batch."""
    told = [{**product.told(), "id": f"sample-product-{product.id}"} for product in CATALOGUE]
    return Delivery(connection=OWN, id="sample-catalogue", body={"events": told})


def _fresh(ago: Ago) -> tuple[Order, list[Delivery]]:
    order = Order(
        id=41001,
        number="#FF-1001",
        person=IDA,
        products=(FERN, FOOD),
        placed=ago(minutes=20),
        stage="just placed",
    )
    return order, [order.created()]


def _under_way(ago: Ago) -> tuple[Order, list[Delivery]]:
    order = Order(
        id=41002,
        number="#FF-1002",
        person=JONAS,
        products=(MONSTERA, POT),
        placed=ago(days=3),
        stage="on its way",
    )
    return order, [order.created(), order.fulfilled(ago(days=2)), order.scanned("in_transit", ago(days=1))]


def _delivered(ago: Ago) -> tuple[Order, list[Delivery]]:
    """Through our own event API, one webhook per event."""
    order = Order(
        id=41003,
        number="#FF-1003",
        person=MILA,
        products=(CALATHEA, MIST),
        placed=ago(days=8),
        stage="delivered",
    )
    parcel = {"subject": "41003-1"}
    tracking = {"tracking_company": "DHL", "tracking_number": "003404343441003"}
    events = [
        order.placed_event(),
        order.event("shipment.created", ago(days=7), **parcel, data=tracking),
        order.event("shipment.in_transit", ago(days=6), **parcel),
        order.event("shipment.delivered", ago(days=2), **parcel),
    ]
    return order, [order.own(event) for event in events]


def _badly_reviewed(ago: Ago) -> tuple[Order, list[Delivery]]:
    """The order from Shopify, the review from elsewhere: they meet in one journey."""
    order = Order(
        id=41004,
        number="#FF-1004",
        person=THEO,
        products=(FERN, TALES),
        placed=ago(days=14),
        stage="bad review",
    )
    review = order.event("review.submitted", ago(days=1), data={"rating": 2})
    return order, [
        order.created(),
        order.fulfilled(ago(days=13)),
        order.scanned("delivered", ago(days=9)),
        order.own(review),
    ]


def _refunded(ago: Ago) -> tuple[Order, list[Delivery]]:
    order = Order(
        id=41005, number="#FF-1005", person=LENA, products=(MIST,), placed=ago(days=12), stage="refunded"
    )
    return order, [
        order.created(),
        order.fulfilled(ago(days=11)),
        order.scanned("delivered", ago(days=8)),
        order.refunded(ago(minutes=90)),
    ]


def _imported_late(ago: Ago) -> tuple[Order, list[Delivery]]:
    """Placed twenty days ago, heard of now: what is stale is not sent."""
    order = Order(
        id=41006,
        number="#FF-1006",
        person=PAUL,
        products=(POT, FOOD),
        placed=ago(days=20),
        stage="imported late",
    )
    arrived = order.event("shipment.delivered", ago(days=16), subject="41006-1")
    return order, [order.own(order.placed_event(), arrived)]
