"""Several prepared statements in one go: on PostgreSQL one trip there and back for all of them.

Why: a webhook is some ten small statements. Each trip gives Python's lock away and waits for a processor twice, which
on a busy machine takes longer than the statement; libpq's pipeline mode
(https://www.postgresql.org/docs/15/libpq-pipeline-mode.html) sends them without waiting in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Connection

from doorstep.models.prepared import Prepared


@dataclass(slots=True)
class Step:
    """One statement, run once for each of `several`, and what came of it: the rows that a SELECT found (of one run),
    else how many were touched by all."""

    statement: Prepared
    several: list[Mapping[str, Any]]
    rows: list[Any] = field(default_factory=list)
    count: int = -1


def together(connection: Connection, steps: Sequence[Step]) -> None:
    """Runs them in their order. The first error is raised. On PostgreSQL nothing after it was run, and the whole
    transaction must be rolled back then, not to a savepoint: only that makes psycopg forget the statements that it
    believes to have prepared (its `Connection.rollback`)."""
    if connection.dialect.name == "postgresql" and sum(len(step.several) for step in steps) > 1:
        raw: Any = connection.connection.dbapi_connection
        with raw.pipeline():
            started = [_start(connection, step) for step in steps]
        for step, cursors in zip(steps, started, strict=True):
            _note(connection, step, cursors)
        return
    for step in steps:
        _note(connection, step, _start(connection, step))


def every(
    connection: Connection, statement: Prepared, several: Sequence[Mapping[str, Any]]
) -> list[list[Any]]:
    """Every row of one SELECT, for each of `several`."""
    steps = [Step(statement, [params]) for params in several]
    together(connection, steps)
    return [step.rows for step in steps]


def _start(connection: Connection, step: Step) -> list[Any]:
    if len(step.several) == 1:
        return [step.statement.execute(connection, step.several[0])]
    return step.statement.execute_many(connection, step.several)


def _note(connection: Connection, step: Step, cursors: list[Any]) -> None:
    step.rows = step.statement.rows(connection, cursors[0])
    step.count = sum(int(cursor.rowcount) for cursor in cursors)
    for cursor in cursors:
        cursor.close()
