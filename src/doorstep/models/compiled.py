"""A statement of `models.prepared` in one dialect's words, its parameters and rows converted by SQLAlchemy's own
converters, so that a row here equals a row there (a test compares them)."""

from __future__ import annotations

import keyword
import re
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.engine import Connection

from doorstep.models.pipeline import Asked, Came, Text, ask

Convert = Callable[[Any], Any]
_MARK = re.compile(r"%\((\w+)\)s|%%")


class Compiled:
    """A statement, or an INSERT of several rows. `sql` as the dialect writes it."""

    def __init__(
        self, statement: Any, dialect: Dialect, columns: Sequence[str] | None = None, rows: int = 1
    ) -> None:
        """`columns` that an INSERT fills; of several `rows`, its parameters' names end in `_0`, `_1` …"""
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(columns) if columns else None)
        self.sql = str(compiled)
        assert "POSTCOMPILE" not in self.sql, "IN with a list is expanded per call: write it as ORs"
        self._fixed: dict[str, Any] = {} if rows > 1 else dict(compiled.params)
        self._order: list[str] = list(compiled.positiontup) if compiled.positional else []
        self._text: Text | None = None
        if dialect.name == "postgresql":
            self._order, words = _numbered(self.sql)
            # by its words, not by a number: where two processes come to share a connection, one name is one statement
            self._text = Text(f"doorstep_{sha256(words.encode()).hexdigest()[:24]}".encode(), words.encode())
        if rows > 1:
            self._order = _of_one_row(self._order, rows)
        kinds = {
            name: compiled.binds[key].type
            for name in self._order or self._fixed
            if (key := f"{name}_0" if rows > 1 else name) in compiled.binds
        }
        self._in = {n: c for n, t in kinds.items() if (c := t.dialect_impl(dialect).bind_processor(dialect))}
        self._takes: list[tuple[str, Convert | None]] = [(n, self._in.get(n)) for n in self._order]
        self._begin(statement, dialect)

    def _begin(self, statement: Any, dialect: Dialect) -> None:
        selected = list(getattr(statement, "selected_columns", ()))
        kinds = [column.type.dialect_impl(dialect) for column in selected]
        self._out: list[Convert | None] = [kind.result_processor(dialect, None) for kind in kinds]
        keys = [str(column.key) for column in selected]
        assert not any(keyword.iskeyword(key) for key in keys), "a column whose name is a Python word"
        self.selects = bool(keys)
        about = getattr(statement, "table", None)
        if keys:
            about = statement.get_final_froms()[0]
        self.table: str = getattr(about, "name", "")  # a join has none, nor has a setting
        row: Any = namedtuple("row", keys)  # type: ignore[misc]  # known only now
        self._make = row._make

    # --- on PostgreSQL ----------------------------------------------------------------------------

    def asked(self, *rows: Mapping[str, Any]) -> Asked:
        """It, with its parameters, as `pipeline.ask` takes it; of an INSERT of several rows, all of them."""
        assert self._text is not None
        values: list[Any] = []
        for params in rows:
            given = {**self._fixed, **params} if self._fixed else params
            values += [given[n] if convert is None else convert(given[n]) for n, convert in self._takes]
        return self._text, values

    # --- on both ----------------------------------------------------------------------------------

    def run(self, connection: Connection, params: Mapping[str, Any]) -> Came:
        """Run it; the rows as the driver brings them, and how many were found or touched."""
        if self._text is not None:
            return ask(connection, [self.asked(params)])[0]
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.sql, self.values(params))
            rows: list[tuple[Any, ...]] = list(cursor.fetchall()) if self.selects else []
            return rows, cursor.rowcount
        finally:
            cursor.close()

    def values(self, params: Mapping[str, Any]) -> list[Any]:
        """The parameters as SQLite's driver takes them."""
        given = {**self._fixed, **params}
        return [given[n] if convert is None else convert(given[n]) for n, convert in self._takes]

    def row(self, values: Sequence[Any]) -> Any:
        """A named tuple of converted values."""
        return self._make(
            [
                value if convert is None else convert(value)
                for value, convert in zip(values, self._out, strict=True)
            ]
        )


def _numbered(sql: str) -> tuple[list[str], str]:
    """psycopg's `%(name)s` as PostgreSQL's own $1, $2 …, and the names in that order."""
    order: list[str] = []

    def number(found: re.Match[str]) -> str:
        name = found.group(1)
        if name is None:
            return "%"
        if name not in order:
            order.append(name)
        return f"${order.index(name) + 1}"

    return order, _MARK.sub(number, sql)


def _of_one_row(order: Sequence[str], rows: int) -> list[str]:
    """The names of one row's parameters, where those of several stand row by row."""
    one = [name.removesuffix("_0") for name in order[: len(order) // rows]]
    assert list(order) == [f"{name}_{n}" for n in range(rows) for name in one], "not row by row"
    return one
