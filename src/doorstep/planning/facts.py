"""A person's facts out of the tables, as a rehearsal's records: what the gate reads, and no personal data. Of an
address it is known only that there is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.engine import Connection, Row

from doorstep.domain.customers import Consent
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.orders import OrderState
from doorstep.domain.outcomes import TouchState
from doorstep.domain.shipments import NOT_COMING
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.errors import NotFound
from doorstep.models.facts import FactsReader, addresses_of
from doorstep.models.journeys import JourneyRow, JourneyStatus
from doorstep.models.ledger import DecisionRow, LedgerRowModel
from doorstep.models.ledger_rows import latest, ledger_row
from doorstep.models.orders import ShipmentRow
from doorstep.models.people import ConsentRow
from doorstep.models.privacy import PrivacyRequestRow, RequestKind
from doorstep.models.reading.past import row_then
from doorstep.models.tables import table
from doorstep.planning.orders import orders_now, orders_then
from doorstep.rehearsal.assuming import Arrival
from doorstep.rehearsal.records import JourneyRecord, PersonRecord, Records
from doorstep.rehearsal.shop import Shop

_journeys, _shipments = table(JourneyRow), table(ShipmentRow)
_ledger, _decisions, _consents = table(LedgerRowModel), table(DecisionRow), table(ConsentRow)
_requests = table(PrivacyRequestRow)

_PRESENT = "kept back"
"""In place of an address: a plan needs to know that there is one."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known about one journey and its person."""

    records: Records
    arrivals: tuple[Arrival, ...]
    untold: tuple[str, ...] = ()
    """What of the past the tables do not tell and is taken as it is today, in words."""


def snapshot(
    connection: Connection, reader: FactsReader, journey_id: str, at: datetime, then: OrderState | None = None
) -> Snapshot:
    """The facts as of `at`. `then`: the order as its journey had heard of it by then; None: `at` is now. Of the past
    what came later is left out, as far as the tables tell when it came (the ledger, consents, suppressions, an erasure
    and, while their events are kept, the person's other orders do; the store's policy, addresses, when a carrier
    expected a parcel, what an erasure took, what was taken off the never-send list and whether another journey of the
    person was paused do not). Raises `NotFound`."""
    past = then is not None
    journey = connection.execute(select(_journeys).where(_journeys.c.id == journey_id)).first()
    if journey is None:
        raise NotFound(f"There is no journey '{journey_id}'.")
    addresses = addresses_of(connection, journey.person_id)
    facts = reader.facts(connection, _asking(journey, at), at, addresses)
    untold: tuple[str, ...] = ()
    if then is None:
        orders = orders_now(connection, journey, facts.order)
    else:
        orders, untold = orders_then(connection, journey, then, at)
    erased = facts.order.erased_at
    person = PersonRecord(
        ref=journey.person_id,
        zone=facts.zone,
        addresses=dict.fromkeys(addresses, _PRESENT),
        consents=_consents_until(connection, journey.person_id, at if past else None),
        suppressions=reader.suppressions(connection, journey.store_id, addresses, at)
        if past
        else facts.suppressions,
        erased_at=_erased(connection, journey.person_id, erased, at) if past else erased,
    )
    records = Records(
        shop=Shop(id=journey.store_id, zone=facts.zone, policy=facts.policy),
        persons={person.ref: person},
        orders=orders,
        journeys={
            row.id: _journey(row, at, past=past)
            for row in (journey, *_others(connection, journey, at, past=past))
        },
        rows={person.ref: _rows(connection, person.ref, at, past=past)},
    )
    parcels = select(_shipments).where(_shipments.c.order_ref == journey.order_ref)
    return Snapshot(records, tuple(_arrivals(connection.execute(parcels), at, then)), untold)


def _erased(connection: Connection, person: str, erased: datetime | None, at: datetime) -> datetime | None:
    """As it was known by `at`: of an erasure that was asked for before, and heard of later, nobody knew."""
    if erased is None or erased > at:
        return None
    heard = connection.execute(
        select(func.min(_requests.c.done_at)).where(
            _requests.c.person_id == person, _requests.c.kind == RequestKind.ERASURE.value
        )
    ).scalar()
    return None if heard is not None and heard > at else erased


def _asking(journey: Row[Any], at: datetime) -> TouchRequest:
    """A touch nobody makes, to ask the reader of facts with."""
    return TouchRequest(
        key="",
        journey_id=journey.id,
        journey_type=journey.type,
        store_id=journey.store_id,
        order_ref=journey.order_ref,
        person_ref=journey.person_id,
        step="",
        template="",
        purpose=Purpose.TRANSACTIONAL,
        channels=(),
        due_at=at,
        expires_at=at,
        as_of=at,
    )


def _consents_until(connection: Connection, person: str, until: datetime | None) -> tuple[Consent, ...]:
    """The last word of each channel and purpose; of two at one instant the withdrawal. `until`: of those that had been
    heard by then."""
    rows = select(_consents).where(_consents.c.person_id == person)
    if until is not None:
        rows = rows.where(func.coalesce(_consents.c.heard_at, _consents.c.at) <= until)
    last: dict[tuple[str, str], Row[Any]] = {}
    for row in connection.execute(rows):
        held = last.get((row.channel, row.purpose))
        if held is None or (row.at, not row.granted) > (held.at, not held.granted):
            last[row.channel, row.purpose] = row
    return tuple(
        Consent(
            channel=Channel(r.channel),
            purpose=Purpose(r.purpose),
            granted=r.granted,
            at=r.at,
            source=r.source,
        )
        for _, r in sorted(last.items())
    )


def _others(connection: Connection, journey: Row[Any], at: datetime, *, past: bool) -> list[Row[Any]]:
    """The person's other journeys that are under way, or were then."""
    theirs = select(_journeys).where(
        _journeys.c.person_id == journey.person_id, _journeys.c.id != journey.id, _journeys.c.started_at <= at
    )
    ended = _journeys.c.closed_at
    under_way = or_(ended.is_(None), ended > at) if past else _journeys.c.status == JourneyStatus.OPEN.value
    return list(connection.execute(theirs.where(under_way).order_by(_journeys.c.id)))


def _journey(journey: Row[Any], at: datetime, *, past: bool) -> JourneyRecord:
    exited = journey.exited_at
    if past and exited is not None and exited > at:
        exited = None
    return JourneyRecord(
        id=journey.id,
        order_ref=journey.order_ref,
        person_ref=journey.person_id,
        paused=journey.paused,
        exited_at=exited,
    )


def _rows(connection: Connection, person: str, at: datetime, *, past: bool) -> dict[str, LedgerRow]:
    """The ledger of the person. Of the past: touches that went on later wait where they waited then, and are decided
    anew where they did not."""
    found = connection.execute(select(_ledger).where(_ledger.c.person_id == person).order_by(_ledger.c.key))
    rows = {row.key: (row, ledger_row(row._asdict())) for row in found}
    if not past:
        return {key: known for key, (_, known) in rows.items()}
    later = [key for key, (_, known) in rows.items() if latest(known) > at]
    decided = _decided_by(connection, later, at)
    waited = {key: _waited(rows[key][0], decided[key], at) for key in later}
    then = {key: waited.get(key, known) for key, (_, known) in rows.items()}
    return {key: row for key, row in then.items() if row is not None}


def _decided_by(connection: Connection, keys: list[str], at: datetime) -> dict[str, list[Row[Any]]]:
    """What had been decided of those touches by then, in order."""
    found: dict[str, list[Row[Any]]] = {key: [] for key in keys}
    query = select(_decisions).where(_decisions.c.key.in_(keys), _decisions.c.at <= at)
    for row in connection.execute(query.order_by(_decisions.c.at, _decisions.c.id)) if keys else ():
        found[row.key].append(row)
    return found


def _waited(row: Row[Any], decided: list[Row[Any]], at: datetime) -> LedgerRow | None:
    """A touch as it waited then; None where it did not."""
    then = row_then(row, decided, at)
    if then is None or then.state != TouchState.DEFERRED:
        return None
    return ledger_row({**vars(then), "tried": [], "reserved_until": None, "body_digest": ""})


def _arrivals(parcels: Iterable[Row[Any]], at: datetime, then: OrderState | None) -> list[Arrival]:
    return [
        Arrival(
            shipment=row.ref,
            at=max(row.expected_at, at),
            name=", ".join(filter(None, (row.carrier, row.tracking_number))),
        )
        for row in parcels
        if row.expected_at is not None
        and (_under_way(row) if then is None else _was_under_way(row, at, then))
    ]


def _under_way(parcel: Row[Any]) -> bool:
    return parcel.delivered_at is None and parcel.status not in NOT_COMING


def _was_under_way(parcel: Row[Any], at: datetime, then: OrderState) -> bool:
    """As the journey had heard: a carrier may tell late what happened before. Of a parcel that it had not heard of:
    known by then, and whatever ended it came later."""
    heard = then.shipments.get(parcel.ref)
    if heard is not None:
        return heard.coming
    if parcel.created_at is not None and parcel.created_at > at:
        return False
    ends = [parcel.delivered_at] if parcel.delivered_at is not None else []
    if parcel.status in NOT_COMING:
        ends.append(parcel.status_at or at)
    return not ends or min(ends) > at
