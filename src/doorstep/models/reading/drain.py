"""What keeps a version alive: its open journeys, where they stand, and when the last of them can have ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from doorstep.domain.moments import COMES_ON_TOP, WHOLE_COURSE
from doorstep.models.journeys import JourneyRow, JourneyStatus
from doorstep.models.orders import OrderRow
from doorstep.models.tables import table

_JOURNEYS, _ORDERS = table(JourneyRow), table(OrderRow)
_OPEN = (
    select(
        _JOURNEYS.c.type,
        _JOURNEYS.c.status,
        _JOURNEYS.c.phase,
        _JOURNEYS.c.paused,
        _JOURNEYS.c.waits,
        _JOURNEYS.c.exit_cause,
        _ORDERS.c.placed_at,
    )
    .join(_ORDERS, _ORDERS.c.id == _JOURNEYS.c.order_ref)
    .where(_JOURNEYS.c.status != JourneyStatus.CLOSED.value)
)
AT_ONCE = 1000
"""Rows fetched in one go: a million open journeys do not fit into memory."""


@dataclass(slots=True, kw_only=True)
class Draining:
    """The open journeys of one workflow type (the empty string: not started yet). Instants are aware UTC.

    `steps` counts what they wait for, so one journey counts once for each of its arms. `expected`: the last one's
    ninetieth day, or what it waits for if that is later. `latest`: with what may come on top (a pause that shifts, a
    refund that comes last). `paused` journeys last for as long as they stay paused.
    """

    open: int = 0
    paused: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    expected: datetime | None = None
    latest: datetime | None = None


def draining(connection: Connection) -> dict[str, Draining]:
    """Every type with open journeys. Reads each open journey's row once."""
    found: dict[str, Draining] = {}
    for row in connection.execution_options(yield_per=AT_ONCE).execute(_OPEN):
        _count(found.setdefault(row.type, Draining()), row)
    return dict(sorted(found.items()))


def _count(of: Draining, row: Any) -> None:
    of.open += 1
    of.paused += bool(row.paused)
    of.phases[row.phase or row.status] += 1
    of.steps.update(str(wait["name"]) for wait in row.waits)
    untils = [datetime.fromisoformat(str(wait["until"])) for wait in row.waits if wait.get("until")]
    course = [] if row.exit_cause and untils else [row.placed_at + WHOLE_COURSE]
    of.expected = max([*untils, *course, *([of.expected] if of.expected else [])])
    of.latest = of.expected + COMES_ON_TOP
