"""Whole rows by prepared statements: a detail runs some fifteen of them, and building each anew would cost more
than running it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlmodel import Session, SQLModel, col

from doorstep.models.orders import OrderRow
from doorstep.models.prepared import Prepared, prepared
from doorstep.models.tables import table


def whole(
    model: type[SQLModel], *where: ColumnElement[bool], order: Iterable[Any] = (), limit: int = 0
) -> Prepared:
    """All columns of one table. Lists go in as subqueries: a prepared statement cannot grow."""
    query = select(table(model)).where(*where).order_by(*order)
    return prepared(query.limit(limit) if limit else query)


def rows(session: Session, statement: Prepared, **params: Any) -> list[Any]:
    """Every row. `session.connection()` begins the transaction, so that all of them see one state."""
    return statement.all(session.connection(), params)


#: the journey's own order and the exchanges that joined it; `order` is the own one's reference
ORDERS_OF_JOURNEY = or_(
    col(OrderRow.id) == bindparam("order"), col(OrderRow.parent_ref) == bindparam("order")
)
ORDER_REFS = select(col(OrderRow.id)).where(ORDERS_OF_JOURNEY)
