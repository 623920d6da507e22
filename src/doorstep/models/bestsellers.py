"""What sells in a store's categories. How many persons bought each product is read once in a while, what it costs and
whether it is there for each recommendation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from sqlalchemy import distinct, func, select
from sqlalchemy.engine import Connection

from doorstep.intelligence.recommendations import Candidate
from doorstep.models.orders import OrderLineRow, OrderRow, ProductRow
from doorstep.models.remembered import Remembered
from doorstep.models.tables import table

_orders, _lines, _products = table(OrderRow), table(OrderLineRow), table(ProductRow)

MOST_CANDIDATES = 500
"""Of one category, the most bought: advice is worth milliseconds, not seconds."""
MOST_CATEGORIES = 200
"""Remembered at once, some 50 kB each."""
_AT_ONCE = 500
"""Parameters of one statement; SQLite takes 32,766."""


class Bestsellers:
    """Remembers per category who sells. For use from several threads."""

    def __init__(self) -> None:
        self._buyers: Remembered[tuple[str, str], dict[str, int]] = Remembered(MOST_CATEGORIES)

    def of(
        self, connection: Connection, store_id: str, categories: Iterable[str], as_of: datetime
    ) -> list[Candidate]:
        """Products in stock of those categories with how many persons bought each, as of `as_of` (aware) or up to a
        quarter of an hour before; of each category the most bought only. Spellings with other capitals are found
        where the database can fold them (SQLite: ASCII only)."""
        buyers: dict[str, int] = {}
        for category in sorted(set(categories) - {""}):
            read = partial(_buyers, connection, store_id, category)
            buyers |= self._buyers.of((store_id, category), as_of, read)
        refs = sorted(buyers)
        rows = [
            row
            for start in range(0, len(refs), _AT_ONCE)
            for row in connection.execute(
                select(_products.c.ref, _products.c.category, _products.c.price_minor).where(
                    _products.c.store_id == store_id,
                    _products.c.ref.in_(refs[start : start + _AT_ONCE]),
                    _products.c.in_stock.is_(True),
                )
            )
        ]
        return [
            Candidate(ref=ref, category=category, price_minor=price, in_stock=True, buyers=buyers[ref])
            for ref, category, price in rows
        ]


def _buyers(connection: Connection, store_id: str, category: str) -> dict[str, int]:
    """How many persons bought each product of that category; those in stock first, then the most bought."""
    folded = category.strip().lower()
    buyers = func.count(distinct(_orders.c.person_id)).label("buyers")
    rows = connection.execute(
        select(_products.c.ref, buyers)
        .select_from(
            _products.outerjoin(
                _lines,
                (_lines.c.store_id == _products.c.store_id) & (_lines.c.product_ref == _products.c.ref),
            ).outerjoin(_orders, (_orders.c.id == _lines.c.order_ref) & _orders.c.test.is_(False))
        )
        .where(
            _products.c.store_id == store_id,
            _products.c.category.in_([category, folded])
            | (func.lower(func.trim(_products.c.category)) == folded),
        )
        .group_by(_products.c.store_id, _products.c.ref, _products.c.in_stock)
        .order_by(_products.c.in_stock.desc(), buyers.desc(), _products.c.ref)
        .limit(MOST_CANDIDATES)
    )
    return {row.ref: row.buyers for row in rows}
