"""What `intelligence` needs to know of an order, its person and the catalogue."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from doorstep.contracts import AdviceRequest
from doorstep.domain.orders import OrderState
from doorstep.errors import NotFound
from doorstep.intelligence.recommendations import Bought, Candidate
from doorstep.intelligence.replenishment import InUse
from doorstep.models.bestsellers import Bestsellers
from doorstep.models.codec_json import order_state
from doorstep.models.facts import owned_products
from doorstep.models.habits import Habits
from doorstep.models.orders import OrderLineRow, OrderRow, ProductRow
from doorstep.models.tables import table

_orders, _lines, _products = table(OrderRow), table(OrderLineRow), table(ProductRow)


def candidates(
    connection: Connection,
    request: AdviceRequest,
    sellers: Bestsellers,
    states: Mapping[str, OrderState] | None = None,
) -> tuple[list[Bought], list[Candidate], frozenset[str]]:
    """What the person bought in that order, the products of its categories, and what they own. `states`: of all orders
    of the person that count, by ref; None: as the tables have them."""
    if states is None:
        states = _states(connection, request)
    mine = states[request.order_ref]
    refs = {line.product_ref for line in mine.kept_lines}
    known = {row.ref: row for row in _catalogue(connection, request.store_id, refs)}
    bought = [
        Bought(
            category=line.category or (known[line.product_ref].category if line.product_ref in known else ""),
            price_minor=line.price_minor,
        )
        for line in mine.kept_lines
    ]
    found = sellers.of(connection, request.store_id, {b.category for b in bought}, request.as_of)
    return bought, found, owned_products(list(states.values()))


def in_use(
    connection: Connection,
    request: AdviceRequest,
    habits: Habits,
    states: Mapping[str, OrderState] | None = None,
) -> list[InUse]:
    """The products of that order that the person keeps and has not bought again since, with what is known
    about how long they last. `states` as for `candidates`."""
    if states is None:
        states = _states(connection, request)
    mine, order = states[request.order_ref], _order(connection, request)
    since = mine.delivered_at or order.placed_at or order.created_at
    pieces: dict[str, int] = {}
    for line in mine.kept_lines if mine.cancelled_at is None else ():
        pieces[line.product_ref] = pieces.get(line.product_ref, 0) + mine.kept(line)
    for ref in _bought_later(connection, request, order.placed_at or order.created_at, states):
        pieces.pop(ref, None)
    known = {row.ref: row for row in _catalogue(connection, request.store_id, pieces)}
    made = []
    for ref, n in sorted(pieces.items()):
        days = known[ref].replenish_days if ref in known else None
        habit = None if days else habits.of(connection, request.store_id, ref, request.as_of)
        made.append(InUse(product_ref=ref, pieces=n, since=since, replenish_days=days, habit=habit))
    return made


def _order(connection: Connection, request: AdviceRequest) -> Any:
    row = connection.execute(
        select(_orders.c.placed_at, _orders.c.created_at).where(_orders.c.id == request.order_ref)
    ).first()
    if row is None:
        raise NotFound(f"There is no order '{request.order_ref}'.")
    return row


def _states(connection: Connection, request: AdviceRequest) -> dict[str, OrderState]:
    """The state of every order of the person; raises `NotFound` when the one asked about is not there."""
    rows = connection.execute(
        select(_orders.c.id, _orders.c.state).where(
            (_orders.c.person_id == request.person_ref) | (_orders.c.id == request.order_ref)
        )
    )
    states = {row.id: order_state(row.state) for row in rows}
    if request.order_ref not in states:
        raise NotFound(f"There is no order '{request.order_ref}'.")
    return states


def _catalogue(connection: Connection, store_id: str, refs: Iterable[str]) -> list[Any]:
    wanted = sorted(refs)
    if not wanted:
        return []
    return list(
        connection.execute(
            select(_products).where(_products.c.store_id == store_id, _products.c.ref.in_(wanted))
        )
    )


def _bought_later(
    connection: Connection, request: AdviceRequest, placed_at: datetime, known: Container[str]
) -> set[str]:
    """`known`: the orders that count."""
    rows = connection.execute(
        select(_orders.c.id, _lines.c.product_ref)
        .select_from(_lines.join(_orders, _orders.c.id == _lines.c.order_ref))
        .where(
            _orders.c.person_id == request.person_ref,
            _orders.c.id != request.order_ref,
            _orders.c.placed_at > placed_at,
            _orders.c.placed_at <= request.as_of,
        )
    )
    return {product for ref, product in rows if ref in known}
