"""A reading in the making: the adapters add to it what they find, in any order, and note what they could not
read. A fact told twice in one webhook (an order repeats its refunds) is kept once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from doorstep.domain.ids import digest, order_ref, shipment_ref
from doorstep.sources.base import NeedsFetch, ReadEvent, Reading, SourceContext
from doorstep.sources.sightings import (
    ConsentSighting,
    LineSighting,
    OrderSighting,
    PersonSighting,
    ProductSighting,
    ShipmentSighting,
)


@dataclass(slots=True)
class Draft:
    """Mutable, short-lived, of one webhook."""

    context: SourceContext
    delivery: str
    events: dict[str, ReadEvent] = field(default_factory=dict)
    orders: dict[str, OrderSighting] = field(default_factory=dict)
    shipments: dict[str, ShipmentSighting] = field(default_factory=dict)
    consents: list[ConsentSighting] = field(default_factory=list)
    products: dict[str, ProductSighting] = field(default_factory=dict)
    needs_fetch: list[NeedsFetch] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    shop_left: datetime | None = None

    def problem(self, sentence: str) -> None:
        """Note a part that could not be read. Names paths and vendor words, never a person's data."""
        if sentence not in self.problems and len(self.problems) < 50:
            self.problems.append(sentence)

    def order_ref(self, external_id: str) -> str:
        return order_ref(self.context.store_id, external_id)

    def shipment_ref(self, external_id: str) -> str:
        return shipment_ref(self.context.store_id, external_id)

    def event(
        self,
        type_: str,
        fact_key: str,
        at: datetime,
        *,
        order: str | None = None,
        subject: str | None = None,
        data: Mapping[str, Any] | None = None,
        person: PersonSighting | None = None,
        external_id: str | None = None,
    ) -> None:
        """Add an event unless its fact is told already. Without an id of its own it gets one that follows from
        the webhook and the fact, so that a retry makes the same."""
        self.events.setdefault(
            fact_key,
            ReadEvent(
                external_id=external_id or digest(self.delivery, fact_key),
                fact_key=fact_key,
                type=type_,
                occurred_at=at,
                subject=subject,
                data=dict(data or {}),
                external_order_id=order,
                order_ref=self.order_ref(order) if order else None,
                person=person if person is not None and person.identified else None,
            ),
        )

    def reading(self) -> Reading:
        """What was found: `order.placed` first, then by when it happened."""
        events = sorted(self.events.values(), key=lambda e: (e.type != "order.placed", e.occurred_at))
        orders = tuple(self.orders.values())
        return Reading(
            events=tuple(events),
            order=orders[0] if len(orders) == 1 else None,
            orders=orders,
            shipments=tuple(self.shipments.values()),
            consents=tuple(self.consents),
            products=tuple(self.products.values()),
            problems=tuple(self.problems),
            needs_fetch=tuple(self.needs_fetch),
            shop_left=self.shop_left,
        )


def line_data(lines: tuple[LineSighting, ...]) -> list[dict[str, Any]]:
    """Lines as `data["lines"]` carries them: the fields of `facts.Line`, no titles."""
    return [
        {
            "ref": line.ref,
            "product_ref": line.product_ref,
            "quantity": line.quantity,
            "current": line.current,
            "category": line.category,
            "price_minor": line.price_minor,
            # only where it is not the default: histories are paid for by the byte
            **({} if line.requires_shipping else {"requires_shipping": False}),
        }
        for line in lines
    ]
