"""Core selects over whole tables: reading for support builds no ORM entities, which would cost more than the query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select
from sqlmodel import Session, SQLModel

from doorstep.models.tables import table


def rows(
    session: Session, model: type[SQLModel], *where: ColumnElement[bool], order: Iterable[Any] = ()
) -> Sequence[Row[Any]]:
    """Whole rows of one table."""
    query: Select[Any] = select(table(model)).where(*where).order_by(*order)
    return session.connection().execute(query).all()
