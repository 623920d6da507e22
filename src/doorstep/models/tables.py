"""SQLModel's classes as plain tables, for statements that are made once and run without the ORM."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import ColumnElement, Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel


def table(model: type[SQLModel]) -> Table:
    """The table of a model."""
    return cast(Table, model.__table__)  # type: ignore[attr-defined]  # SQLModel does not declare it


def as_found(column: ColumnElement[str]) -> ColumnElement[str]:
    """The column for a condition on the row that a key finds, which no index of the column can serve. To PostgreSQL
    either index costs the same in a new shop's tables, and it keeps the plan until they are analysed: by `status` it
    went through every row that ever was pending, a tenth of a second for one round of deliveries."""
    return column.concat("")


def insert_into(dialect: Dialect, target: Table) -> Any:
    """An INSERT that knows `on_conflict_do_update` and `on_conflict_do_nothing`, which SQLite and PostgreSQL
    spell alike and SQLAlchemy does not offer for both at once."""
    return postgresql.insert(target) if dialect.name == "postgresql" else sqlite.insert(target)
