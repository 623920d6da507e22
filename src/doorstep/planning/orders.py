"""The orders of a person, now or as they were known at an instant of the past."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.engine import Connection, Row

from doorstep.domain.events import Envelope
from doorstep.domain.facts import OrderPlaced
from doorstep.domain.orders import OrderState
from doorstep.models.codec_json import order_state
from doorstep.models.inbox import InboxEventRow
from doorstep.models.orders import OrderRow
from doorstep.models.tables import table
from doorstep.rehearsal.records import OrderRecord
from doorstep.workflows.hearing import Hearing

_orders, _events = table(OrderRow), table(InboxEventRow)

UNTOLD = (
    "This person's other orders are taken as they are today: what was heard of {which} by then is not kept."
)
_GOODS = ("order", "return")
"""What may change which pieces the person keeps."""


def orders_now(connection: Connection, journey: Row[Any], state: OrderState) -> dict[str, OrderRecord]:
    """The person's orders, without their words. `state`: of the journey's own."""
    rows = _rows(connection, journey)
    return {r.id: _record(r, state if r.id == journey.order_ref else order_state(r.state)) for r in rows}


def orders_then(
    connection: Connection, journey: Row[Any], state: OrderState, at: datetime
) -> tuple[dict[str, OrderRecord], tuple[str, ...]]:
    """Those that were known by `at` (aware), each as had been heard by then; and in words what cannot be known: an
    exchange's own lines are told with those of its first order, and events are let go when they are old."""
    rows = [r for r in _rows(connection, journey) if r.id == journey.order_ref or (r.created_at or at) <= at]
    others = [r for r in rows if r.id != journey.order_ref]
    told = _told(connection, others)
    found, untold = {}, []
    for row in rows:
        known = state if row.id == journey.order_ref else _known(row, told[row.parent_ref or row.id], at)
        if known is None:
            untold.append(row.number or row.external_id)
        found[row.id] = _record(row, order_state(row.state) if known is None else known)
    which = " and ".join(sorted(untold))
    return found, ((UNTOLD.format(which=which),) if untold else ())


def _rows(connection: Connection, journey: Row[Any]) -> list[Row[Any]]:
    mine = (_orders.c.person_id == journey.person_id) | (_orders.c.id == journey.order_ref)
    return list(connection.execute(select(_orders).where(mine)))


def _record(row: Row[Any], state: OrderState) -> OrderRecord:
    return OrderRecord(
        ref=row.id,
        external_id=row.external_id,
        journey_id=row.journey_id,
        created_at=row.created_at,
        person_ref=row.person_id or "",
        placed_at=row.placed_at,
        whole=row.whole,
        state=state,
    )


def _told(connection: Connection, orders: Iterable[Row[Any]]) -> dict[str, list[Row[Any]]]:
    """What was told of each order; of an exchange what was told of the order that it joined."""
    found: dict[str, list[Row[Any]]] = {row.parent_ref or row.id: [] for row in orders}
    goods = or_(*(_events.c.type.startswith(f"{kind}.") for kind in _GOODS))
    query = select(_events).where(_events.c.order_ref.in_(found), goods)
    for event in connection.execute(query.order_by(_events.c.received_at)) if found else ():
        found[event.order_ref].append(event)
    return found


def _known(order: Row[Any], told: list[Row[Any]], at: datetime) -> OrderState | None:
    """None: it changed since, and what it was before is not known."""
    whole = any(event.type == OrderPlaced.type for event in told)
    later = any(event.received_at > at for event in told)
    if not later and (whole or order.updated_at <= at):
        return order_state(order.state)
    if not whole or order.parent_ref is not None:
        return None
    hearing = Hearing()
    hearing.receive(_envelope(event) for event in told if event.received_at <= at)
    hearing.absorb()
    return hearing.order


def _envelope(event: Row[Any]) -> Envelope:
    return Envelope(
        id=event.id,
        fact_key=event.fact_key,
        type=event.type,
        occurred_at=event.occurred_at,
        received_at=event.received_at,
        connection=event.connection_id,
        order_ref=event.order_ref,
        subject=event.subject,
        data=event.data,
    )
