"""What waits in the inbox for a journey, read in one go: per journey the events to deliver, per event the journeys
that must hear it. Pure reads; what became of it is written by `marks`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, or_, select

from doorstep.domain import ids
from doorstep.domain.events import Envelope
from doorstep.domain.facts import OrderedAgain
from doorstep.ingest.inbox import envelope_from
from doorstep.ingest.sql import EVENTS, JOURNEYS, ORDERS
from doorstep.models.inbox import InboxStatus
from doorstep.models.journeys import JourneyStatus
from doorstep.models.prepared import prepared
from doorstep.models.tables import as_found
from doorstep.models.together import every

_OPEN = (JourneyStatus.PENDING.value, JourneyStatus.OPEN.value)
_WAITS = and_(
    as_found(EVENTS.c.status) == InboxStatus.PENDING.value,
    or_(EVENTS.c.attempts == 0, EVENTS.c.due_at <= bindparam("now")),
)
_COLUMNS = [EVENTS.c[name] for name in (
    *("id", "fact_key", "type", "occurred_at", "received_at", "connection_id", "order_ref", "person_id"),
    *("subject", "data", "webhook_id", "attempts", "except_journey", "trace_parent"),
)]  # fmt: skip
_IN_ORDER = (EVENTS.c.occurred_at, EVENTS.c.id)
_OF_ORDER = prepared(
    select(*_COLUMNS).where(EVENTS.c.order_ref == bindparam("order"), _WAITS).order_by(*_IN_ORDER).limit(500)
)
_OF_PERSON = prepared(
    select(*_COLUMNS)
    .where(EVENTS.c.person_id == bindparam("person"), EVENTS.c.order_ref.is_(None), _WAITS)
    .order_by(*_IN_ORDER)
    .limit(500)
)
_SINCE_PLACED = prepared(
    select(*_COLUMNS)
    .where(
        EVENTS.c.person_id == bindparam("person"),
        EVENTS.c.order_ref.is_(None),
        EVENTS.c.occurred_at >= bindparam("placed"),
        EVENTS.c.type != OrderedAgain.type,  # told to each order by itself, in ingest
    )
    .order_by(*_IN_ORDER)
    .limit(500)
)
_PLACED_BY = prepared(select(ORDERS.c.person_id, ORDERS.c.placed_at).where(ORDERS.c.id == bindparam("order")))
_JOURNEY = prepared(
    select(JOURNEYS.c.id, JOURNEYS.c.status, JOURNEYS.c.type, JOURNEYS.c.order_ref, ORDERS.c.placed_at)
    .outerjoin(ORDERS, ORDERS.c.id == JOURNEYS.c.order_ref)
    .where(JOURNEYS.c.id == bindparam("journey"))
)
_JOURNEYS_OF = prepared(
    select(JOURNEYS.c.id, ORDERS.c.placed_at)
    .join(ORDERS, ORDERS.c.id == JOURNEYS.c.order_ref)
    .where(
        JOURNEYS.c.person_id == bindparam("person"),
        or_(*(JOURNEYS.c.status == status for status in _OPEN)),
    )
    .order_by(JOURNEYS.c.id)
)
_DUE = (
    select(EVENTS.c.order_ref, EVENTS.c.person_id)
    .where(EVENTS.c.status == InboxStatus.PENDING.value, EVENTS.c.due_at <= bindparam("now"))
    .distinct()
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One event that waits."""

    id: str
    webhook_id: str
    attempts: int
    envelope: Envelope
    trace_parent: str = ""


@dataclass(slots=True, kw_only=True)
class Errand:
    """What one journey is to be told. `pending`: it must be started first."""

    journey_id: str
    order_ref: str
    status: str
    type: str
    placed_at: datetime | None = None
    events: list[Waiting] = field(default_factory=list)

    @property
    def pending(self) -> bool:
        return self.status == JourneyStatus.PENDING

    @property
    def closed(self) -> bool:
        return self.status == JourneyStatus.CLOSED


@dataclass(slots=True, kw_only=True)
class Round:
    """One round of deliveries. `targets`: event → journeys that must have heard it for it to be done."""

    errands: dict[str, Errand] = field(default_factory=dict)
    events: dict[str, Waiting] = field(default_factory=dict)
    targets: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Whose events the sweep may take."""

    journeys: frozenset[str]
    persons: frozenset[str]


def due(conn: Connection, now: datetime, most: int) -> Due:
    """The journeys and persons with events whose time has come, at most `most`."""
    rows = conn.execute(_DUE, {"now": now, "most": most}).all()
    orders = {row.order_ref for row in rows if row.order_ref is not None}
    persons = frozenset(row.person_id for row in rows if row.order_ref is None and row.person_id)
    return Due(journeys=frozenset(_journey_ids(orders)), persons=persons)


def _journey_ids(orders: Iterable[str]) -> list[str]:
    """An inbox event names the order whose journey it is for; that journey's id follows from it."""
    return [ids.journey_id(order) for order in orders]


def load(conn: Connection, journeys: Iterable[str], persons: Iterable[str], now: datetime) -> Round:
    """Everything that waits for these journeys and persons."""
    made = Round()
    found = every(conn, _JOURNEY, [{"journey": journey} for journey in sorted(journeys)])
    errands = [_errand_of(made, row) for rows in found for row in rows]
    news = every(conn, _OF_ORDER, [{"order": errand.order_ref, "now": now} for errand in errands])
    for errand, rows in zip(errands, news, strict=True):
        _add(made, rows, lambda _row, own=errand: [own.journey_id])
    _add_earlier(conn, errands)
    for person in sorted(persons):
        rows = _OF_PERSON.all(conn, {"person": person, "now": now})
        if rows:
            _of_person(conn, made, rows, person, now)
    return made


def _of_person(conn: Connection, made: Round, rows: Sequence[Any], person: str, now: datetime) -> None:
    """An event of the person goes to every open journey; one that has not started yet is started first, with all
    that waits for it."""
    theirs = _JOURNEYS_OF.all(conn, {"person": person})

    def hears(row: Any) -> list[str]:
        # another order concerns the journeys of earlier ones only, whenever it is heard of
        return [
            j.id
            for j in theirs
            if j.id != row.except_journey
            and (row.type != OrderedAgain.type or j.placed_at is None or j.placed_at < row.occurred_at)
        ]

    for journey in sorted({j for row in rows for j in hears(row)} - set(made.errands)):
        errand = _errand(conn, made, journey)
        if errand is not None and errand.pending:
            own = _OF_ORDER.all(conn, {"order": errand.order_ref, "now": now})
            _add(made, own, lambda _row, to=journey: [to])
            _add_earlier(conn, [errand])
    _add(made, rows, hears)


def _add_earlier(conn: Connection, errands: Iterable[Errand]) -> None:
    """A journey that is about to start hears what its person did since the order was placed, though nobody
    listened when it was told: the same events, come after their order, would have reached it. What is on its way just
    now too: whoever carries it may have looked for the person's journeys before this one was there."""
    starting = [errand for errand in errands if errand.pending and errand.events]
    orders = every(conn, _PLACED_BY, [{"order": errand.order_ref} for errand in starting])
    placed = [
        (errand, {"person": order.person_id, "placed": order.placed_at})
        for errand, found in zip(starting, orders, strict=True)
        for order in found
        if order.person_id is not None and order.placed_at is not None
    ]
    for (errand, _), rows in zip(placed, every(conn, _SINCE_PLACED, [who for _, who in placed]), strict=True):
        errand.events.extend(_waiting(row) for row in rows if row.except_journey != errand.journey_id)


def _errand(conn: Connection, made: Round, journey: str) -> Errand | None:
    if journey in made.errands:
        return made.errands[journey]
    row = _JOURNEY.first(conn, {"journey": journey})
    return None if row is None else _errand_of(made, row)


def _errand_of(made: Round, row: Any) -> Errand:
    errand = Errand(
        journey_id=row.id,
        order_ref=row.order_ref,
        status=row.status,
        type=row.type,
        placed_at=row.placed_at,
    )
    made.errands[errand.journey_id] = errand
    return errand


def _add(made: Round, rows: Sequence[Any], hears: Any) -> None:
    for row in rows:
        waiting = _waiting(row)
        made.events[row.id] = waiting
        made.targets[row.id] = {j for j in hears(row) if j in made.errands}
        for journey in sorted(made.targets[row.id]):
            errand = made.errands[journey]
            if not errand.pending or all(held.id != row.id for held in errand.events):
                errand.events.append(waiting)


def _waiting(row: Any) -> Waiting:
    return Waiting(
        id=row.id,
        webhook_id=row.webhook_id,
        attempts=row.attempts,
        envelope=envelope_from(row),
        trace_parent=row.trace_parent,
    )
