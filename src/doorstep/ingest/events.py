"""Events of one webhook: each finds its order or its person, is stored once, and moves the order's state.

`pending` goes to the journey; `held` waits for an order of which nothing but events is known yet; `kept` stays
on the record only, because it tells the journey nothing new (lines as they are, or as they were).
A fact that is in the inbox already is not stored again, whichever webhook repeats it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from doorstep.domain import facts
from doorstep.domain.events import Envelope, event_class
from doorstep.domain.facts import Line, lines_of
from doorstep.domain.ids import digest
from doorstep.domain.orders import OrderState
from doorstep.errors import Unreadable
from doorstep.ingest import inbox
from doorstep.ingest.consents import keep_word
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.erasure import Erasure, ask
from doorstep.ingest.order_rows import Order
from doorstep.ingest.orders import Orders
from doorstep.ingest.parcels import Parcels
from doorstep.ingest.person_rows import Person
from doorstep.ingest.persons import People
from doorstep.ingest.sql import EVENTS, ORDERS
from doorstep.models.inbox import InboxStatus
from doorstep.models.prepared import prepared
from doorstep.models.privacy import RequestKind
from doorstep.sources.base import ReadEvent
from doorstep.sources.sightings import PersonSighting

_FACTS = prepared(select(EVENTS.c.fact_key).where(EVENTS.c.order_ref == bindparam("ref")))
_PERSON_FACT = prepared(
    select(EVENTS.c.id).where(
        EVENTS.c.person_id == bindparam("person"), EVENTS.c.fact_key == bindparam("fact")
    )
)
_ORDERS_OF = prepared(select(ORDERS.c.id).where(ORDERS.c.person_id == bindparam("person")))
_PLACED, _UPDATED, _CANCELLED = facts.OrderPlaced.type, facts.OrderUpdated.type, facts.OrderCancelled.type
_LINES_MOVE = (_PLACED, _UPDATED, _CANCELLED)
_CONSENTS = (facts.ConsentGranted.type, facts.ConsentWithdrawn.type)
_LATER = timedelta(microseconds=1)


@dataclass(slots=True)
class Events:
    """Takes the events of one webhook."""

    delivery: Delivery
    people: People
    orders: Orders
    parcels: Parcels

    def take(self, event: ReadEvent) -> None:
        """Store one event, if it can be read and placed; otherwise note why."""
        try:
            envelope = inbox.envelope_of(self.delivery, event)
        except Unreadable as error:
            self.delivery.problems.append(str(error))
            return
        if event_class(event.type).about_person:
            self._personal(event, envelope)
        else:
            self._ordered(event, envelope)

    # --- of an order ------------------------------------------------------------------------------

    def _ordered(self, event: ReadEvent, envelope: Envelope) -> None:
        order = self._order_of(event)
        if order is None:
            self.delivery.problems.append(f"'{event.type}' names no order, and no parcel heard of before.")
            return
        if event.type == _PLACED and not order.arrived:
            if not order.whole:
                self.delivery.problems.append("'order.placed' came without its order.")
            return
        root = self.orders.root(order)
        if not self._is_new_fact(root, envelope.fact_key):
            return
        envelope = replace(envelope, order_ref=root.ref, person_ref=root.person_id)
        joins = order is not root
        if joins and event.type in _LINES_MOVE:
            self._apply(order, envelope)
        else:
            envelope = self._whole_parcel(order, envelope) if joins else envelope
            if not self._store(root, envelope, event.external_id):
                root.facts = None  # that one is there under another name
                return
            self._apply(root, envelope)
            if joins:
                self._apply(order, envelope)
        if event.type.startswith("shipment."):
            self.parcels.heard(order, envelope)
        if event.type in _LINES_MOVE and not order.stale:
            own = None if joins else envelope.data.get("lines")
            self._family(root, envelope, event.external_id, own)

    def _order_of(self, event: ReadEvent) -> Order | None:
        if event.order_ref is not None:
            return self.orders.ensure(event.order_ref, event.external_order_id or event.order_ref)
        if event.subject is not None and event.type.startswith("shipment."):
            return self.parcels.order_of(event.subject)
        return None

    def _is_new_fact(self, order: Order, fact_key: str) -> bool:
        if order.facts is None:
            fresh = order.arrived and not order.waited
            held = [] if fresh else self.delivery.all(_FACTS, ref=order.ref)
            order.facts = {row.fact_key for row in held}
        if fact_key in order.facts:
            return False
        order.facts.add(fact_key)
        return True

    def _store(self, root: Order, envelope: Envelope, external_id: str) -> bool:
        status = InboxStatus.PENDING if root.whole else InboxStatus.HELD
        if root.whole and _tells_nothing(root.state, envelope):
            status = InboxStatus.KEPT
        place = inbox.Place(status=status, order_ref=root.ref, person_id=root.person_id)
        new = inbox.store(self.delivery, envelope, external_id, place)
        if new and status is InboxStatus.PENDING:
            self.delivery.journeys.add(root.journey_id)
        return new

    def _apply(self, order: Order, envelope: Envelope) -> None:
        order.state = order.state.apply(envelope)
        order.touched = True

    # --- exchanges --------------------------------------------------------------------------------

    def _whole_parcel(self, order: Order, envelope: Envelope) -> Envelope:
        """A parcel that names no lines holds its whole order: here the exchange's, not the journey's."""
        if envelope.type != facts.ShipmentCreated.type or envelope.data.get("lines"):
            return envelope
        lines = [[line.ref, line.current] for line in order.state.lines]
        return replace(envelope, data={**envelope.data, "lines": lines})

    def _family(self, root: Order, cause: Envelope, external_id: str, own: Any) -> None:
        """An exchange's lines stand beside those of the order it joined: the journey hears of all of them
        together, as one change of lines, later than anything either was told before. `own`: the lines of the
        order itself, when it is they that were just told."""
        exchanges = self.orders.exchanges(root) if root.whole else []
        if not exchanges:
            return
        others = {line.ref for state in exchanges for line in state.lines}
        joined = [line for state in exchanges if state.cancelled_at is None for line in state.lines]
        held = root.state.lines if own is None else lines_of(own)
        lines = (*(line for line in held if line.ref not in others), *joined)
        if set(lines) == set(root.state.lines):
            return
        told = [s.lines_at for s in (root.state, *exchanges) if s.lines_at is not None]
        at = max([cause.occurred_at, *told]) + _LATER
        name = f"{external_id}+lines"
        update = inbox.consequence(
            cause,
            self.delivery.at.id,
            external_id=name,
            type=_UPDATED,
            occurred_at=at,
            fact_key=f"order.updated:{root.external_id}:{_digest(lines, at)}",
            data={"lines": [asdict(line) for line in lines]},
        )
        if self._store(root, update, name):
            self._apply(root, update)

    # --- of a person ------------------------------------------------------------------------------

    def _personal(self, event: ReadEvent, envelope: Envelope) -> None:
        person_id, seen = self._person_of(event)
        if event.type == facts.PersonErased.type:
            named = event.person or PersonSighting()
            self.delivery.erasures.append(Erasure(person_id=person_id, named=named, at=event.occurred_at))
        if event.type == facts.DataRequested.type and (person_id or event.order_ref is None):
            self._asked(person_id, event, envelope)
            return
        if person_id is None:
            if event.order_ref is not None:
                self._wait_for_order(event, envelope)
            elif event.type != facts.PersonErased.type:  # nobody we know asks to be forgotten: so be it
                self.delivery.problems.append(f"'{event.type}' does not say whose it is.")
            return
        if self.delivery.first(_PERSON_FACT, person=person_id, fact=envelope.fact_key):
            return
        envelope = replace(envelope, order_ref=None, person_ref=person_id)
        place = inbox.Place(status=InboxStatus.PENDING, person_id=person_id)
        if not inbox.store(self.delivery, envelope, event.external_id, place):
            return
        self.delivery.persons.add(person_id)
        self._learn(person_id, seen, envelope)

    def _asked(self, person_id: str | None, event: ReadEvent, envelope: Envelope) -> None:
        """On record, and answered at once where nobody is known: nothing is held."""
        received = self.delivery.received_at
        done = {} if person_id else {"done_at": received, "done_by": "nothing is held"}
        ask(self.delivery, RequestKind.ACCESS, person_id, event.occurred_at, **done)
        if person_id:
            place = inbox.Place(status=InboxStatus.KEPT, person_id=person_id)
            inbox.store(self.delivery, replace(envelope, order_ref=None), event.external_id, place)

    def _learn(self, person_id: str, seen: Person | None, envelope: Envelope) -> None:
        """What of the person's own record follows from the event, in this same transaction."""
        if envelope.type in _CONSENTS and not (seen is not None and seen.erased):
            keep_word(self.delivery, person_id, envelope)
        if envelope.type == facts.ZoneChanged.type:
            self.people.stated_zone(
                person_id, facts.ZoneChanged.read(envelope).zone, envelope.occurred_at, seen
            )
        if envelope.type == facts.PersonErased.type:
            for row in self.delivery.all(_ORDERS_OF, person=person_id):
                order = self.orders.find(row.id)
                if order is not None:
                    self._apply(order, envelope)

    def _person_of(self, event: ReadEvent) -> tuple[str | None, Person | None]:
        if event.person is not None and event.person.identified:
            create = event.type != facts.PersonErased.type
            found = self.people.resolve(event.person, event.occurred_at, create=create)
            return (found.id, found) if found is not None else (None, None)
        if event.order_ref is None:
            return None, None
        order = self.orders.ensure(event.order_ref, event.external_order_id or event.order_ref)
        if order.person_id is None:
            return None, None
        return order.person_id, order.person or self.people.by_id(order.person_id)

    def _wait_for_order(self, event: ReadEvent, envelope: Envelope) -> None:
        """It names its person by an order that has not come: it waits with the order's other events."""
        place = inbox.Place(status=InboxStatus.HELD, order_ref=event.order_ref)
        inbox.store(self.delivery, envelope, event.external_id, place)


def _tells_nothing(state: OrderState, envelope: Envelope) -> bool:
    """Lines as they stand, or from before: Shopify repeats an order on every payment and label."""
    if envelope.type != _UPDATED or "lines" not in envelope.data or state.lines_at is None:
        return False
    older = envelope.occurred_at < state.lines_at
    return older or lines_of(envelope.data["lines"]) == state.lines


def _digest(lines: tuple[Line, ...], at: datetime) -> str:
    told: list[Any] = [
        at.isoformat(),
        *sorted(f"{line.ref}={line.quantity}/{line.current}" for line in lines),
    ]
    return digest(*told, length=16)
