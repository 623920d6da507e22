"""Whole rows by prepared statements: a detail runs some fifteen of them, and building each anew would cost more
than running it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlmodel import Session, SQLModel, col

from doorstep.models.orders import OrderRow
from doorstep.models.prepared import Prepared, prepared
from doorstep.models.tables import table
from doorstep.models.together import Step, together

_AHEAD = "doorstep: read ahead"


def whole(
    model: type[SQLModel], *where: ColumnElement[bool], order: Iterable[Any] = (), limit: int = 0
) -> Prepared:
    """All columns of one table. Lists go in as subqueries: a prepared statement cannot grow."""
    query = select(table(model)).where(*where).order_by(*order)
    return prepared(query.limit(limit) if limit else query)


def rows(session: Session, statement: Prepared, **params: Any) -> list[Any]:
    """Every row; those that were read `ahead`, if they were."""
    held: list[Any] | None = session.info.get(_AHEAD, {}).pop(_name(statement, params), None)
    return statement.all(session.connection(), params) if held is None else held


def ahead(session: Session, *asked: tuple[Iterable[Prepared], Mapping[str, Any]]) -> None:
    """Reads what `rows` will be asked for, the statements of each with their parameters, in one trip to PostgreSQL:
    there a detail's fifteen questions one after the other take longer than their answers. SQLite is no trip away."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return
    steps = [Step(statement, [params]) for statements, params in asked for statement in statements]
    together(connection, steps)
    held = session.info.setdefault(_AHEAD, {})
    held |= {_name(step.statement, step.several[0]): step.rows for step in steps}


def _name(statement: Prepared, params: Mapping[str, Any]) -> tuple[Prepared, frozenset[tuple[str, Any]]]:
    return statement, frozenset(params.items())


#: the journey's own order and the exchanges that joined it; `order` is the own one's reference
ORDERS_OF_JOURNEY = or_(
    col(OrderRow.id) == bindparam("order"), col(OrderRow.parent_ref) == bindparam("order")
)
ORDER_REFS = select(col(OrderRow.id)).where(ORDERS_OF_JOURNEY)
