"""Several prepared statements in one go: on PostgreSQL one trip there and back for all of them.

Why: a webhook is some ten small statements. Each trip gives Python's lock away and waits for a processor twice, which
on a busy machine takes longer than the statement; `models.pipeline` sends them without waiting in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Connection

from doorstep.models.pipeline import ask
from doorstep.models.prepared import Prepared


@dataclass(slots=True)
class Step:
    """One statement, run once for each of `several`, and what came of it: the rows that a SELECT found (of one run),
    else how many were touched by all."""

    statement: Prepared
    several: Sequence[Mapping[str, Any]]
    rows: list[Any] = field(default_factory=list)
    count: int = 0


def together(connection: Connection, steps: Sequence[Step]) -> None:
    """Runs them in their order. The first error is raised; on PostgreSQL nothing after it was run then."""
    if connection.dialect.name != "postgresql":
        for step in steps:
            _run(connection, step)
        return
    each = [step.statement.asked(connection, step.several) for step in steps]
    came = iter(ask(connection, [one for asked in each for one in asked]) if steps else ())
    for step, asked in zip(steps, each, strict=True):
        found = [next(came) for _ in asked]
        step.rows = step.statement.rows(connection, found[0][0]) if found else []
        step.count = sum(count for _, count in found)


def _run(connection: Connection, step: Step) -> None:
    if step.statement.selects(connection):
        step.rows = step.statement.all(connection, step.several[0])
        step.count = len(step.rows)
    elif len(step.several) == 1:
        step.count = step.statement.run(connection, step.several[0])
    else:
        step.count = step.statement.many(connection, step.several)


def every(
    connection: Connection, statement: Prepared, several: Sequence[Mapping[str, Any]]
) -> list[list[Any]]:
    """Every row of one SELECT, for each of `several`."""
    steps = [Step(statement, [params]) for params in several]
    together(connection, steps)
    return [step.rows for step in steps]
