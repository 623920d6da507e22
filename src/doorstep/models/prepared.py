"""Statements of the hot path: written with SQLAlchemy, compiled once per dialect, run on the transaction's own
database cursor.

Why: a touch runs eighteen small statements. SQLAlchemy needs about 120 µs around each, SQLite 5. Types are
converted by SQLAlchemy's own converters, so a row here equals a row there (a test compares them).
Errors are the driver's, not SQLAlchemy's; they quote no parameters.
"""

from __future__ import annotations

import keyword
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Table, bindparam
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ClauseElement

from doorstep.models.tables import insert_into

ROWS_AT_ONCE = (16, 8, 4, 2, 1)
"""So that a few statements, each prepared once, do for any number of rows."""
Convert = Callable[[Any], Any]


class Prepared:
    """One statement. `make` is called once per dialect, so that it may differ between them."""

    def __init__(self, make: Callable[[Dialect], Any], columns: Sequence[str] | None = None) -> None:
        """`columns`: the columns that an INSERT fills."""
        self._made = lru_cache(maxsize=4)(lambda dialect: _Compiled(make(dialect), dialect, columns))

    def all(self, connection: Connection, params: Mapping[str, Any]) -> list[Any]:
        """Every row, as a named tuple."""
        cursor = self.execute(connection, params)
        try:
            return self.rows(connection, cursor)
        finally:
            cursor.close()

    def first(self, connection: Connection, params: Mapping[str, Any]) -> Any | None:
        """The first row as a named tuple, or None."""
        made = self._made(connection.dialect)
        cursor = made.execute(connection, params)
        try:
            values = cursor.fetchone()
            return None if values is None else made.row(values)
        finally:
            cursor.close()

    def run(self, connection: Connection, params: Mapping[str, Any]) -> int:
        """How many rows were touched."""
        cursor = self.execute(connection, params)
        try:
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def many(self, connection: Connection, several: Sequence[Mapping[str, Any]]) -> int:
        """Once for each; how many rows were touched by all of them. One trip to PostgreSQL."""
        if not several:
            return 0
        cursors = self.execute_many(connection, several)
        count = sum(int(cursor.rowcount) for cursor in cursors)
        for cursor in cursors:
            cursor.close()
        return count

    # --- for `models.together` --------------------------------------------------------------------

    def execute(self, connection: Connection, params: Mapping[str, Any]) -> Any:
        """Run it; answers the driver's cursor."""
        return self._made(connection.dialect).execute(connection, params)

    def execute_many(self, connection: Connection, several: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Run it once for each; answers the driver's cursors, whose counts make up the whole."""
        made = self._made(connection.dialect)
        cursor = connection.connection.cursor()
        cursor.executemany(made.sql, [made.values(params) for params in several])
        return [cursor]

    def table(self, connection: Connection) -> str:
        """The table it is about; of a SELECT the first."""
        return self._made(connection.dialect).table

    def rows(self, connection: Connection, cursor: Any) -> list[Any]:
        """What such a cursor still holds, as named tuples; nothing unless it is a SELECT."""
        made = self._made(connection.dialect)
        return [made.row(values) for values in cursor.fetchall()] if made.selects else []


class Inserting(Prepared):
    """INSERT … ON CONFLICT DO NOTHING of those columns: it touches a row if the row is new. Several rows are one
    statement on PostgreSQL, where each statement costs both sides more than its row."""

    def __init__(self, target: Table, columns: Sequence[str]) -> None:
        super().__init__(lambda dialect: insert_into(dialect, target).on_conflict_do_nothing(), columns)
        self._target, self._columns = target, tuple(columns)
        self._rows_made = lru_cache(maxsize=8)(self._make_rows)

    def _make_rows(self, dialect: Dialect, count: int) -> _Compiled:
        columns = [(name, self._target.c[name].type) for name in self._columns]
        rows = [{name: bindparam(f"{name}_{n}", type_=kind) for name, kind in columns} for n in range(count)]
        return _Compiled(
            insert_into(dialect, self._target).values(rows).on_conflict_do_nothing(), dialect, None
        )

    def execute_many(self, connection: Connection, several: Sequence[Mapping[str, Any]]) -> list[Any]:
        """As `Prepared.execute_many`."""
        if connection.dialect.name != "postgresql":
            return super().execute_many(connection, several)
        cursors, at = [], 0
        while at < len(several):
            count = next(size for size in ROWS_AT_ONCE if size <= len(several) - at)
            made = self._rows_made(connection.dialect, count)
            rows = several[at : at + count]
            values = {f"{name}_{n}": row[name] for n, row in enumerate(rows) for name in self._columns}
            cursors.append(made.execute(connection, values))
            at += count
        return cursors


def prepared(statement: ClauseElement) -> Prepared:
    """A statement that is the same for every dialect."""
    return Prepared(lambda _dialect: statement)


class _Compiled:
    """A statement in one dialect's words."""

    def __init__(self, statement: Any, dialect: Dialect, columns: Sequence[str] | None) -> None:
        compiled: Any = statement.compile(
            dialect=dialect,
            column_keys=list(columns) if columns else None,
        )
        self.sql = str(compiled)
        assert "POSTCOMPILE" not in self.sql, "IN with a list is expanded per call: write it as ORs"
        self._fixed: dict[str, Any] = dict(compiled.params)
        self._order: list[str] | None = list(compiled.positiontup) if compiled.positional else None
        names = self._order or list(self._fixed)
        kinds = {name: compiled.binds[name].type for name in names if name in compiled.binds}
        self._in = [
            (n, c) for n, t in kinds.items() if (c := t.dialect_impl(dialect).bind_processor(dialect))
        ]
        self._begin(statement, dialect)

    def _begin(self, statement: Any, dialect: Dialect) -> None:
        selected = list(getattr(statement, "selected_columns", ()))
        kinds = [column.type.dialect_impl(dialect) for column in selected]
        self._out: list[Convert | None] = [kind.result_processor(dialect, None) for kind in kinds]
        keys = [str(column.key) for column in selected]
        assert not any(keyword.iskeyword(key) for key in keys), "a column whose name is a Python word"
        self.selects = bool(keys)
        about = statement.table if hasattr(statement, "table") else statement.get_final_froms()[0]
        self.table: str = getattr(about, "name", "")  # a join has none
        row: Any = namedtuple("row", keys)  # type: ignore[misc]  # known only now
        self._make = row._make

    def execute(self, connection: Connection, params: Mapping[str, Any]) -> Any:
        """Run it; answers the driver's cursor."""
        cursor = connection.connection.cursor()
        cursor.execute(self.sql, self.values(params))
        return cursor

    def values(self, params: Mapping[str, Any]) -> Any:
        """The parameters as the driver takes them."""
        values = {**self._fixed, **params}
        for name, convert in self._in:
            values[name] = convert(values[name])
        return values if self._order is None else [values[n] for n in self._order]

    def row(self, values: Sequence[Any]) -> Any:
        """A named tuple of converted values."""
        return self._make(
            [
                value if convert is None else convert(value)
                for value, convert in zip(values, self._out, strict=True)
            ]
        )
