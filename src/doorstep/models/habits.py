"""How soon a store's customers buy a product again, read once in a while: it is read from all its orders."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from doorstep.intelligence.replenishment import Habit, Reorder, habit_of
from doorstep.models.orders import OrderLineRow, OrderRow
from doorstep.models.remembered import Remembered
from doorstep.models.tables import table

_orders, _lines = table(OrderRow), table(OrderLineRow)

MOST_ORDERS = 2000
"""The latest so many of a product speak for it."""
MOST_PRODUCTS = 20_000
"""Remembered at once, some 300 bytes each."""


class Habits:
    """Remembers per product. For use from several threads."""

    def __init__(self) -> None:
        self._known: Remembered[tuple[str, str], Habit | None] = Remembered(MOST_PRODUCTS)

    def of(self, connection: Connection, store_id: str, product: str, as_of: datetime) -> Habit | None:
        """How soon the product is bought again as of `as_of` (aware), or up to a quarter of an hour before; None: too
        little is known."""
        return self._known.of(
            (store_id, product), as_of, lambda: habit_of(reorders(connection, store_id, product, as_of))
        )


def reorders(connection: Connection, store_id: str, product: str, as_of: datetime) -> list[Reorder]:
    """How soon persons bought the product again, from its latest orders."""
    rows = connection.execute(
        select(
            _orders.c.person_id,
            _orders.c.placed_at,
            func.sum(_lines.c.quantity).label("pieces"),
        )
        .select_from(_lines.join(_orders, _orders.c.id == _lines.c.order_ref))
        .where(
            _lines.c.store_id == store_id,
            _lines.c.product_ref == product,
            _orders.c.person_id.is_not(None),
            _orders.c.placed_at <= as_of,
            _orders.c.test.is_(False),
        )
        .group_by(_orders.c.id, _orders.c.person_id, _orders.c.placed_at)
        .order_by(_orders.c.placed_at.desc(), _orders.c.person_id)
        .limit(MOST_ORDERS)
    )
    found: list[Reorder] = []
    later: dict[str, datetime] = {}
    for person, placed_at, pieces in rows:  # from the newest back
        if person in later:
            days = (later[person] - placed_at).total_seconds() / 86_400
            found.append(Reorder(person_ref=person, days=days, pieces=int(pieces)))
        later[person] = placed_at
    return found
