"""What waited for an order is let go when the whole order comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, select

from doorstep.domain import facts
from doorstep.domain.events import event_class
from doorstep.errors import Unreadable
from doorstep.ingest.consents import keep_word
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.erasure import Erasure, ask
from doorstep.ingest.inbox import SWEEP_AFTER, envelope_from
from doorstep.ingest.order_rows import Order
from doorstep.ingest.orders import Orders
from doorstep.ingest.sql import EVENTS, setting
from doorstep.models.inbox import InboxStatus
from doorstep.models.prepared import prepared
from doorstep.models.privacy import RequestKind
from doorstep.sources.sightings import PersonSighting

_WAITING = prepared(
    select(EVENTS).where(EVENTS.c.order_ref == bindparam("ref"), EVENTS.c.status == InboxStatus.HELD.value)
)
_LET_GO = setting(EVENTS, EVENTS.c.id == bindparam("event"), "status", "order_ref", "person_id", "due_at")
_ABOUT_LINES = (facts.OrderPlaced.type, facts.OrderUpdated.type, facts.OrderCancelled.type)


def release(delivery: Delivery, orders: Orders) -> None:
    """For every order that became whole just now and had been heard of before."""
    for order in list(orders.loaded.values()):
        if order.arrived and order.waited:
            rows = delivery.all(_WAITING, ref=order.ref)
            for row in sorted(rows, key=lambda r: (r.occurred_at, r.id)):
                _let_go(delivery, orders, order, row)


def _let_go(delivery: Delivery, orders: Orders, order: Order, row: Any) -> None:
    envelope, root = envelope_from(row), orders.root(order)
    person_level = _about_person(envelope.type)
    status = InboxStatus.PENDING if root.whole or person_level else InboxStatus.HELD
    moved = root is not order and not person_level
    if moved and envelope.type in _ABOUT_LINES:
        status = InboxStatus.KEPT  # the exchange's lines are told to its root as a change of lines
    elif moved:
        root.state = root.state.apply(replace(envelope, order_ref=root.ref))
        root.touched = True
    values: dict[str, Any] = {
        "status": status.value,
        "order_ref": None if person_level else root.ref,
        "person_id": order.person_id,
        "due_at": delivery.received_at + SWEEP_AFTER,
    }
    delivery.change(_LET_GO, {"event": row.id, **values})
    if person_level and order.person_id is not None:
        delivery.persons.add(order.person_id)
        if envelope.type in (facts.ConsentGranted.type, facts.ConsentWithdrawn.type):
            keep_word(delivery, order.person_id, envelope)
        if envelope.type == facts.ZoneChanged.type:
            zone = facts.ZoneChanged.read(envelope).zone
            orders.people.stated_zone(order.person_id, zone, envelope.occurred_at, order.person)
        if envelope.type == facts.PersonErased.type:
            who = Erasure(person_id=order.person_id, named=PersonSighting(), at=envelope.occurred_at)
            delivery.erasures.append(who)
        if envelope.type == facts.DataRequested.type:
            ask(delivery, RequestKind.ACCESS, order.person_id, envelope.occurred_at)
    elif root.whole:
        delivery.journeys.add(root.journey_id)


def _about_person(type_: str) -> bool:
    try:
        return event_class(type_).about_person
    except Unreadable:  # a store package that is not loaded any more
        return False
