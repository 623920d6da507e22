"""What a webhook changes, in memory: the twin of `ingest`, for one store and the persons its records know.

A reading of the production adapter goes in; what journeys are to be told comes out. Conformance holds the two
together: every shipped scenario goes through both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from doorstep.domain import facts, ids
from doorstep.domain.events import Envelope, event_class
from doorstep.domain.facts import lines_of
from doorstep.domain.messages import Channel
from doorstep.domain.reports import ENGAGEMENT, engagement
from doorstep.domain.values import replace
from doorstep.rehearsal import parcels
from doorstep.rehearsal.persons import keep_consent, learn
from doorstep.rehearsal.records import (
    JourneyRecord,
    LineRecord,
    OrderRecord,
    PersonRecord,
    Records,
)
from doorstep.rehearsal.scenario import Report
from doorstep.sources.base import ReadEvent, Reading
from doorstep.sources.sightings import OrderSighting

CONNECTION = "rehearsal-api"


@dataclass(slots=True)
class Heard:
    """What follows for journeys: those to be started (order refs), and what each is to be told."""

    starts: list[str] = field(default_factory=list)
    told: dict[str, list[Envelope]] = field(default_factory=dict)
    """Journey → envelopes, the open ones and those that start."""

    def tell(self, journey: str, envelope: Envelope) -> None:
        self.told.setdefault(journey, []).append(envelope)


def take(records: Records, person: PersonRecord, reading: Reading, received_at: datetime) -> Heard:
    """Take in what one webhook of that person told, received then (aware UTC)."""
    heard = Heard()
    for seen in reading.orders:
        _sight(records, person, seen, heard, received_at)
    for consent in reading.consents:
        keep_consent(person, consent.channel, consent.purpose, consent.granted, consent.at, received_at)
    for event in reading.events:
        _take(records, person, event, heard, received_at)
    for parcel in reading.shipments:
        name = parcel.external_order_id or ""
        order = _order(records, ids.order_ref(records.shop.id, name), name, received_at)
        parcels.keep(order, parcel, received_at)
    for ref in heard.starts:
        _release(records, records.orders[ref], heard)
        _ordered_again(records, records.orders[ref], heard, received_at)
    return heard


def message_event(
    records: Records, person: PersonRecord, report: Report, channel: Channel, key: str, at: datetime
) -> Envelope | None:
    """What a journey may hear of a report about the touch `key`, once per touch; None for the others."""
    kind = next((k for k in ENGAGEMENT if k.value == report.value), None)
    row = records.rows.get(person.ref, {}).get(key)
    if kind is None or row is None:
        return None
    envelope = engagement(
        kind,
        id=f"evt_{kind}:{key}",
        touch=key,
        step=row.request.step,
        channel=channel.value,
        at=at,
        received_at=at,
        connection=CONNECTION,
        order_ref=row.request.order_ref,
        person_ref=person.ref,
    )
    order = records.orders[row.request.order_ref]
    if envelope.fact_key in order.facts:
        return None
    order.facts.add(envelope.fact_key)
    return envelope


# --- orders ----------------------------------------------------------------------------------------


def _order(records: Records, ref: str, external_id: str, received_at: datetime) -> OrderRecord:
    found = records.orders.get(ref)
    if found is None:
        found = OrderRecord(
            ref=ref, external_id=external_id, journey_id=ids.journey_id(ref), created_at=received_at
        )
        records.orders[ref] = found
    return found


def _sight(
    records: Records, person: PersonRecord, seen: OrderSighting, heard: Heard, received_at: datetime
) -> None:
    order = _order(records, seen.ref, seen.external_id, received_at)
    if order.version is not None and seen.updated_at < order.version:
        return
    if seen.whole:
        if not order.whole:
            heard.starts.append(order.ref)
            order.whole, order.person_ref, order.placed_at = True, person.ref, seen.placed_at
            records.journeys[order.journey_id] = JourneyRecord(
                id=order.journey_id, order_ref=order.ref, person_ref=person.ref
            )
        order.version = seen.updated_at
        order.number, order.currency, order.total_minor = seen.number, seen.currency, seen.total_minor
        order.country, order.status_url = seen.address.country, seen.status_url
    for line in seen.lines:
        order.lines[line.ref] = LineRecord(
            ref=line.ref,
            title=line.title,
            quantity=line.quantity,
            price_minor=line.price_minor,
            product_ref=line.product_ref,
            category=line.category,
        )


def _release(records: Records, order: OrderRecord, heard: Heard) -> None:
    """What waited for the order is let go, oldest first."""
    for envelope in sorted(order.held, key=lambda e: (e.occurred_at, e.id)):
        if event_class(envelope.type).about_person:
            person = records.persons[order.person_ref]
            _tell_person(records, person, replace(envelope, order_ref=None, person_ref=person.ref), heard)
            learn(records, person, envelope)
        else:
            heard.tell(order.journey_id, replace(envelope, person_ref=order.person_ref))
    order.held.clear()
    placed = order.placed_at
    person = records.persons[order.person_ref]
    known = {e.id for e in heard.told.get(order.journey_id, ())}
    for envelope in person.log:  # what they did since, though nobody listened when it was told
        if placed is not None and envelope.occurred_at >= placed and envelope.id not in known:
            heard.tell(order.journey_id, envelope)


def _ordered_again(records: Records, order: OrderRecord, heard: Heard, received_at: datetime) -> None:
    """Earlier orders hear of this one as one event of the person; this one hears of each later one."""
    others = [o for o in records.orders_of(order.person_ref) if o.ref != order.ref]
    earlier = [o for o in others if o.placed_at < order.placed_at]  # type: ignore[operator] # whole ones
    open_ones = [o for o in earlier if records.journeys[o.journey_id].status in ("pending", "open")]
    if open_ones:
        envelope = _again(order, f"ordered_again:{order.ref}", received_at)
        for other in open_ones:
            heard.tell(other.journey_id, replace(envelope, person_ref=order.person_ref))
    for later in others:
        if later.placed_at > order.placed_at:  # type: ignore[operator] # whole ones
            told = _again(later, f"ordered_again:{later.ref}:{order.ref}", received_at)
            heard.tell(order.journey_id, replace(told, order_ref=order.ref, person_ref=order.person_ref))


def _again(order: OrderRecord, name: str, received_at: datetime) -> Envelope:
    assert order.placed_at is not None
    return Envelope(
        id=f"evt_{name}",
        fact_key=f"{facts.OrderedAgain.type}:{order.ref}",
        type=facts.OrderedAgain.type,
        occurred_at=order.placed_at,
        received_at=received_at,
        connection=CONNECTION,
        subject=order.ref,
        data={
            "total_minor": order.total_minor,
            "currency": order.currency,
            "products": [line.product_ref for _, line in sorted(order.lines.items()) if line.product_ref],
        },
    )


# --- events ----------------------------------------------------------------------------------------


def _take(
    records: Records, person: PersonRecord, event: ReadEvent, heard: Heard, received_at: datetime
) -> None:
    envelope = Envelope(
        id=f"evt_{event.external_id}",
        fact_key=event.fact_key,
        type=event.type,
        occurred_at=event.occurred_at,
        received_at=received_at,
        connection=CONNECTION,
        order_ref=event.order_ref,
        subject=event.subject,
        data=event.data,
    )
    if event_class(event.type).about_person:
        _personal(records, person, event, envelope, heard, received_at)
    elif event.order_ref is not None:
        order = _order(records, event.order_ref, event.external_order_id or "", received_at)
        _ordered(order, envelope, heard)


def _ordered(order: OrderRecord, envelope: Envelope, heard: Heard) -> None:
    if envelope.fact_key in order.facts:
        return
    order.facts.add(envelope.fact_key)
    tells = not order.whole or not _tells_nothing(order, envelope)
    order.state = order.state.apply(envelope)
    if envelope.type.startswith("shipment."):
        parcels.scan(order, envelope)
    if not order.whole:
        order.held.append(envelope)
    elif tells:
        heard.tell(order.journey_id, replace(envelope, person_ref=order.person_ref))


def _tells_nothing(order: OrderRecord, envelope: Envelope) -> bool:
    """Lines as they stand, or from before."""
    held = order.state
    if envelope.type != facts.OrderUpdated.type or "lines" not in envelope.data or held.lines_at is None:
        return False
    return envelope.occurred_at < held.lines_at or lines_of(envelope.data["lines"]) == held.lines


def _personal(
    records: Records,
    person: PersonRecord,
    event: ReadEvent,
    envelope: Envelope,
    heard: Heard,
    received_at: datetime,
) -> None:
    order = records.orders.get(event.order_ref or "")
    if event.order_ref is not None and (order is None or not order.whole):
        if envelope.fact_key not in (waiting := _order(records, event.order_ref, "", received_at)).facts:
            waiting.facts.add(envelope.fact_key)
            waiting.held.append(envelope)
        return
    if envelope.fact_key in person.facts:
        return
    _tell_person(records, person, replace(envelope, order_ref=None, person_ref=person.ref), heard)
    learn(records, person, envelope)


def _tell_person(records: Records, person: PersonRecord, envelope: Envelope, heard: Heard) -> None:
    person.facts.add(envelope.fact_key)
    person.log.append(envelope)
    for journey in records.journeys.values():
        if journey.person_ref == person.ref and journey.status in ("pending", "open"):
            heard.tell(journey.id, envelope)
