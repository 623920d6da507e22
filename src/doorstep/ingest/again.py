"""What follows for a person from what was just stored: another order, another clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, select

from doorstep.domain import facts
from doorstep.domain.events import Envelope
from doorstep.ingest import inbox
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.order_rows import Order
from doorstep.ingest.orders import Orders
from doorstep.ingest.person_rows import Person
from doorstep.ingest.sql import JOURNEYS, LINES, ORDERS
from doorstep.models.inbox import InboxStatus
from doorstep.models.journeys import JourneyStatus
from doorstep.models.prepared import prepared

_OTHERS = prepared(
    select(
        ORDERS.c.id,
        ORDERS.c.placed_at,
        ORDERS.c.total_minor,
        ORDERS.c.currency,
        JOURNEYS.c.status,
    )
    .outerjoin(JOURNEYS, JOURNEYS.c.id == ORDERS.c.journey_id)
    .where(
        ORDERS.c.person_id == bindparam("person"),
        ORDERS.c.whole,
        ORDERS.c.parent_ref.is_(None),
        ORDERS.c.id != bindparam("ref"),
    )
)
_PRODUCTS_OF = prepared(
    select(LINES.c.product_ref).where(LINES.c.order_ref == bindparam("ref")).order_by(LINES.c.ref)
)


def ordered_again(delivery: Delivery, orders: Orders) -> None:
    """Each new order tells the person's earlier open journeys, as one event of the person; an order imported
    late hears of the later ones itself. So the same orders give the same facts in any order of arrival."""
    for order in orders.loaded.values():
        if not order.arrived or order.parent_ref is not None or order.sighting is None:
            continue
        if order.person is None or order.person.new:
            continue
        others = delivery.all(_OTHERS, person=order.person_id, ref=order.ref)
        mine = order.sighting.placed_at
        if any(
            o.placed_at < mine and o.status in (JourneyStatus.PENDING, JourneyStatus.OPEN) for o in others
        ):
            _tell_person(delivery, order)
        for later in others:
            if later.placed_at > mine:
                _tell_order(delivery, order, later)


def _tell_person(delivery: Delivery, order: Order) -> None:
    seen, person = order.sighting, order.person
    if seen is None or person is None:
        return
    envelope = _envelope(
        delivery,
        f"ordered_again:{order.ref}",
        order.ref,
        facts.OrderedAgain.type,
        {
            "total_minor": seen.total_minor,
            "currency": seen.currency,
            "products": [line.product_ref for line in seen.lines if line.product_ref],
        },
    )
    envelope = replace(envelope, occurred_at=seen.placed_at, person_ref=person.id)
    place = inbox.Place(status=InboxStatus.PENDING, person_id=person.id, except_journey=order.journey_id)
    if inbox.store(delivery, envelope, f"ordered_again:{order.ref}", place):
        delivery.persons.add(person.id)


def _tell_order(delivery: Delivery, order: Order, later: Any) -> None:
    name = f"ordered_again:{later.id}:{order.ref}"
    products = [row.product_ref for row in delivery.all(_PRODUCTS_OF, ref=later.id)]
    data = {
        "total_minor": later.total_minor,
        "currency": later.currency,
        "products": [p for p in products if p],
    }
    envelope = _envelope(delivery, name, later.id, facts.OrderedAgain.type, data)
    envelope = replace(envelope, occurred_at=later.placed_at, order_ref=order.ref, person_ref=order.person_id)
    place = inbox.Place(status=InboxStatus.PENDING, order_ref=order.ref, person_id=order.person_id)
    if inbox.store(delivery, envelope, name, place) and order.facts is not None:
        order.facts.add(envelope.fact_key)


def zones_changed(delivery: Delivery, moved: list[Person]) -> None:
    """Every open journey of the person hears by which clock they live now."""
    for person in {p.id: p for p in moved if not p.new and p.zone != p.zone_was}.values():
        name = f"zone:{person.id}:{delivery.webhook_id}"
        envelope = _envelope(delivery, name, None, facts.ZoneChanged.type, {"zone": person.zone})
        envelope = replace(
            envelope, fact_key=f"{facts.ZoneChanged.type}:{person.id}:{envelope.id}", person_ref=person.id
        )
        place = inbox.Place(status=InboxStatus.PENDING, person_id=person.id)
        if inbox.store(delivery, envelope, name, place):
            delivery.persons.add(person.id)


def _envelope(
    delivery: Delivery, external_id: str, subject: str | None, type_: str, data: dict[str, object]
) -> Envelope:
    return Envelope(
        id=inbox.event_id(delivery.at.id, external_id),
        fact_key=f"{type_}:{subject}",
        type=type_,
        occurred_at=delivery.received_at,
        received_at=delivery.received_at,
        connection=delivery.at.id,
        subject=subject,
        data=data,
    )
