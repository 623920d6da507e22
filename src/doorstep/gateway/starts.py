"""What a journey is started with, and which journey an order gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from doorstep.contracts import JourneyStart
from doorstep.domain.events import Envelope
from doorstep.domain.facts import OrderPlaced, lines_of
from doorstep.domain.routing import RoutingFacts
from doorstep.errors import NotFound
from doorstep.gateway.queue import Errand
from doorstep.ingest.inbox import envelope_from
from doorstep.ingest.sql import EVENTS, ORDERS, PERSONS
from doorstep.loyalty import TIERS, tier
from doorstep.models.care import PointsRow
from doorstep.models.prepared import prepared
from doorstep.models.stores import StoreRow
from doorstep.models.tables import as_found, table
from doorstep.models.together import Step, together
from doorstep.policies.reading import policy_of
from doorstep.workflows import registry

_STORES, _POINTS = table(StoreRow), table(PointsRow)
_ORDER = prepared(
    select(
        ORDERS.c.id,
        ORDERS.c.store_id,
        ORDERS.c.person_id,
        ORDERS.c.address,
        ORDERS.c.currency,
        ORDERS.c.total_minor,
        ORDERS.c.placed_at,
        ORDERS.c.test,
        PERSONS.c.zone,
        PERSONS.c.locale,
        PERSONS.c.country,
        _STORES.c.policy,
        _STORES.c.locale.label("store_locale"),
        _STORES.c.country.label("store_country"),
    )
    .join(PERSONS, PERSONS.c.id == ORDERS.c.person_id)
    .join(_STORES, _STORES.c.id == ORDERS.c.store_id)
    .where(ORDERS.c.id == bindparam("order"))
)
_PLACED = prepared(
    select(EVENTS).where(EVENTS.c.order_ref == bindparam("order"), EVENTS.c.type == OrderPlaced.type)
)
_EARLIER = prepared(
    select(ORDERS.c.id)
    .where(
        ORDERS.c.person_id == bindparam("person"),
        ORDERS.c.id != bindparam("order"),
        ORDERS.c.whole,
        as_found(ORDERS.c.parent_ref).is_(None),
        ORDERS.c.placed_at < bindparam("placed"),
    )
    .limit(1)
)
_EARNED = prepared(
    select(func.coalesce(func.sum(_POINTS.c.points), 0).label("earned")).where(
        _POINTS.c.person_id == bindparam("person"), _POINTS.c.at < bindparam("placed")
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A journey to be started: its workflow type and input, without what was held for it."""

    type: str
    input: JourneyStart


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the tables say of an order whose journey is to be started. `order` and `placed` are rows, None where they
    are not there; `first_order` and `vip` as of when it was placed."""

    order: Any = None
    placed: Any = None
    first_order: bool = False
    vip: bool = False


def look_up(conn: Connection, errands: Sequence[Errand]) -> dict[str, Known]:
    """What is known for each errand, by journey, in two trips for all of them."""
    orders = [{"order": errand.order_ref} for errand in errands]
    read = [(Step(_ORDER, [order]), Step(_PLACED, [order])) for order in orders]
    together(conn, [step for pair in read for step in pair])
    known = {
        errand.journey_id: Known(order=_one(order), placed=_one(placed))
        for errand, (order, placed) in zip(errands, read, strict=True)
    }
    whole = [
        (journey, held)
        for journey, held in known.items()
        if held.order is not None and held.placed is not None
    ]
    asked = []
    for _, held in whole:
        who = {"person": held.order.person_id, "placed": held.placed.occurred_at}
        asked.append((Step(_EARLIER, [{**who, "order": held.order.id}]), Step(_EARNED, [who])))
    together(conn, [step for pair in asked for step in pair])
    for (journey, held), (earlier, earned) in zip(whole, asked, strict=True):
        highest = tier(int(_one(earned).earned)).name == TIERS[-1].name
        known[journey] = replace(held, first_order=not earlier.rows, vip=highest)
    return known


def _one(step: Step) -> Any:
    return step.rows[0] if step.rows else None


def start_of(known: Known, errand: Errand, settle: timedelta, carried: frozenset[str] | None = None) -> Start:
    """`carried`: the workflow types that every worker has; None: all.

    Raises `NotFound` when the order or its `order.placed` is not there, and what routing raises."""
    row = known.order
    if row is None or known.placed is None:
        raise NotFound("The order of this journey is not whole.", mend="Redrive the webhook that carried it.")
    placed = envelope_from(known.placed)
    first, vip = known.first_order, known.vip
    country = _country(row)
    kind = errand.type or registry.route(_facts(row, placed, country, first, vip), carried)
    window = policy_of(row.policy).window
    return Start(
        type=kind,
        input=JourneyStart(
            journey_id=errand.journey_id,
            store_id=row.store_id,
            order_ref=errand.order_ref,
            person_ref=row.person_id,
            placed=placed,
            zone=row.zone,
            locale=row.locale or row.store_locale,
            country=country,
            window=window,
            settle=settle,
            first_order=first,
            vip=vip,
        ),
    )


def _country(row: Any) -> str:
    return str(row.address.get("country") or row.country or row.store_country)


def _facts(row: Any, placed: Envelope, country: str, first: bool, vip: bool) -> RoutingFacts:
    categories = {line.category for line in lines_of(placed.data.get("lines", ())) if line.category}
    return RoutingFacts(
        store_id=row.store_id,
        country=country,
        currency=row.currency,
        total_minor=row.total_minor,
        categories=tuple(sorted(categories)),
        first_order=first,
        vip=vip,
        test=row.test,
    )
