"""The statements of one transaction. Those whose outcome nobody asks for are put off, and go along with the next one
whose outcome somebody does: each trip to PostgreSQL costs more than the statement (`models.together`).

Whoever asks sees everything that was put off before. Among what is put off, each of it about one table, the tables
take turns (those that are referred to first), so that the same statement is sent once for many rows; within a table
the order stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlmodel import SQLModel

from doorstep.models.prepared import Prepared
from doorstep.models.together import Step, together

Values = Mapping[str, Any]


class NotAsForeseen(Exception):
    """A row that was looked for and not there is there now: another process wrote it. The transaction must not be
    committed; run again without foresight, it sees that row."""


@cache
def _ranks() -> dict[str, int]:
    return {table.name: rank for rank, table in enumerate(SQLModel.metadata.sorted_tables)}


@dataclass(frozen=True, slots=True)
class _Waiting:
    statement: Prepared
    values: Values
    sure: bool = False
    name: str = ""


class Statements:
    """Use `conn` for a statement of your own: what was put off is run first. Whoever `puts_off` must `flush` at the
    end, and roll the whole transaction back after an error; otherwise every statement is run at once, by itself."""

    def __init__(self, conn: Connection, *, puts_off: bool = False) -> None:
        self._conn, self._puts_off = conn, puts_off
        self._waiting: list[_Waiting] = []

    @property
    def conn(self) -> Connection:
        self.flush()
        return self._conn

    @property
    def dialect(self) -> Dialect:
        return self._conn.dialect

    # --- somebody asks ----------------------------------------------------------------------------

    def first(self, statement: Prepared, values: Values) -> Any | None:
        """The first row, or None."""
        if not self._waiting:
            return statement.first(self._conn, values)
        found = self.all(statement, values)
        return found[0] if found else None

    def all(self, statement: Prepared, values: Values) -> list[Any]:
        """Every row."""
        return self.every(statement, (values,))[0]

    def every(self, statement: Prepared, several: Sequence[Values]) -> list[list[Any]]:
        """Every row of each."""
        steps = [Step(statement, [values]) for values in several]
        self.run(steps)
        return [step.rows for step in steps]

    def change(self, statement: Prepared, values: Values) -> int:
        """How many rows were changed."""
        step = Step(statement, [values])
        self.run([step])
        return step.count

    # --- nobody asks ------------------------------------------------------------------------------

    def later(self, statement: Prepared, values: Values, *, name: str = "") -> None:
        """To be run, whatever comes of it. Of those of one `name` only the last is."""
        if name:
            self._waiting = [one for one in self._waiting if one.name != name]
        self._add(_Waiting(statement, values, name=name))

    def surely(self, statement: Prepared, values: Values) -> None:
        """To be run; should it not touch a row, whatever runs it raises `NotAsForeseen`."""
        self._add(_Waiting(statement, values, sure=True))

    def flush(self) -> None:
        """Runs what was put off."""
        if self._waiting:
            self.run([])

    def _add(self, one: _Waiting) -> None:
        self._waiting.append(one)
        if not self._puts_off:
            self.flush()

    def _rank(self, one: _Waiting) -> int:
        table = one.statement.table(self._conn)
        return _ranks()[table] if table else -1

    def run(self, asked: Sequence[Step]) -> None:
        """These, after what was put off; what came of each is noted in it."""
        waiting, self._waiting = sorted(self._waiting, key=self._rank), []
        steps: list[Step] = []
        sure: list[Step] = []
        for (statement, is_sure), ones in groupby(waiting, key=lambda one: (one.statement, one.sure)):
            step = Step(statement, [one.values for one in ones])
            steps.append(step)
            if is_sure:
                sure.append(step)
        if self._puts_off:
            together(self._conn, [*steps, *asked])
        else:
            for step in (*steps, *asked):
                together(self._conn, [step])
        if any(step.count != len(step.several) for step in sure):
            raise NotAsForeseen
