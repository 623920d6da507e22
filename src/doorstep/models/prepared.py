"""Statements of the hot path: written with SQLAlchemy, compiled once per dialect, run on the transaction's own
database connection.

Why: a touch runs eighteen small statements. SQLAlchemy needs about 120 µs around each, SQLite 5. On PostgreSQL they go
through `models.pipeline`. Errors are the driver's, not SQLAlchemy's; they quote no parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Table, bindparam
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ClauseElement

from doorstep.models.compiled import Compiled
from doorstep.models.pipeline import Asked, ask
from doorstep.models.tables import insert_into

ROWS_AT_ONCE = (32, 16, 8, 4, 3, 2, 1)
"""So that a few statements, each prepared once, do for any number of rows."""


class Prepared:
    """One statement. `make` is called once per dialect, so that it may differ between them."""

    def __init__(self, make: Callable[[Dialect], Any], columns: Sequence[str] | None = None) -> None:
        """`columns`: the columns that an INSERT fills."""
        self._made = lru_cache(maxsize=4)(lambda dialect: Compiled(make(dialect), dialect, columns))

    def all(self, connection: Connection, params: Mapping[str, Any]) -> list[Any]:
        """Every row, as a named tuple."""
        made = self._made(connection.dialect)
        return [made.row(values) for values in made.run(connection, params)[0]]

    def first(self, connection: Connection, params: Mapping[str, Any]) -> Any | None:
        """The first row as a named tuple, or None."""
        made = self._made(connection.dialect)
        rows, _ = made.run(connection, params)
        return made.row(rows[0]) if rows else None

    def run(self, connection: Connection, params: Mapping[str, Any]) -> int:
        """How many rows were touched."""
        return self._made(connection.dialect).run(connection, params)[1]

    def many(self, connection: Connection, several: Sequence[Mapping[str, Any]]) -> int:
        """Once for each; how many rows were touched by all of them. One trip to PostgreSQL."""
        if not several:
            return 0
        if connection.dialect.name == "postgresql":
            return sum(count for _, count in ask(connection, self.asked(connection, several)))
        made = self._made(connection.dialect)
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(made.sql, [made.values(params) for params in several])
            return int(cursor.rowcount)
        finally:
            cursor.close()

    # --- for `models.together` --------------------------------------------------------------------

    def asked(self, connection: Connection, several: Sequence[Mapping[str, Any]]) -> list[Asked]:
        """What PostgreSQL is asked to run it once for each."""
        made = self._made(connection.dialect)
        return [made.asked(params) for params in several]

    def selects(self, connection: Connection) -> bool:
        """Whether it finds rows."""
        return self._made(connection.dialect).selects

    def table(self, connection: Connection) -> str:
        """The table it is about; of a SELECT the first."""
        return self._made(connection.dialect).table

    def rows(self, connection: Connection, found: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Such rows as named tuples; nothing unless it is a SELECT."""
        made = self._made(connection.dialect)
        return [made.row(values) for values in found] if made.selects else []


class Inserting(Prepared):
    """INSERT … ON CONFLICT DO NOTHING of those columns: it touches a row if the row is new. Several rows are one
    statement on PostgreSQL, where each statement costs both sides more than its row."""

    def __init__(self, target: Table, columns: Sequence[str]) -> None:
        super().__init__(lambda dialect: insert_into(dialect, target).on_conflict_do_nothing(), columns)
        self._target, self._columns = target, tuple(columns)
        self._rows_made = lru_cache(maxsize=4 * len(ROWS_AT_ONCE))(self._make_rows)

    def _make_rows(self, dialect: Dialect, count: int) -> Compiled:
        columns = [(name, self._target.c[name].type) for name in self._columns]
        rows = [{name: bindparam(f"{name}_{n}", type_=kind) for name, kind in columns} for n in range(count)]
        statement = insert_into(dialect, self._target).values(rows).on_conflict_do_nothing()
        return Compiled(statement, dialect, rows=count)

    def asked(self, connection: Connection, several: Sequence[Mapping[str, Any]]) -> list[Asked]:
        """As `Prepared.asked`, several rows in one."""
        made, at = [], 0
        while at < len(several):
            count = next(size for size in ROWS_AT_ONCE if size <= len(several) - at)
            statement = (
                self._made(connection.dialect) if count == 1 else self._rows_made(connection.dialect, count)
            )
            made.append(statement.asked(*several[at : at + count]))
            at += count
        return made


def prepared(statement: ClauseElement) -> Prepared:
    """A statement that is the same for every dialect."""
    return Prepared(lambda _dialect: statement)
