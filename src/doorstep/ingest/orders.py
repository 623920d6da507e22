"""Orders as ingest holds them: the row, its state by the reducer, its journey.

The first whole sighting makes the order and its journey, whatever webhook carried it; a later version replaces
what the row shows, an older one changes nothing. Events that came before wait as `held` and are let go here.
An exchange's order joins the journey of the order it replaces (its root): it gets none of its own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from doorstep.domain import ids
from doorstep.domain.orders import OrderState
from doorstep.ingest.catalogue import keep_lines
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.order_rows import CHILDREN, LOAD, SAVE, SAVE_NUMBER, SAVE_STATE, Order, order_of
from doorstep.ingest.person_rows import Person
from doorstep.ingest.persons import People
from doorstep.ingest.sql import JOURNEYS, ORDERS
from doorstep.models.codec_json import order_json, order_state
from doorstep.models.journeys import JourneyStatus
from doorstep.sources.sightings import OrderSighting


@dataclass(slots=True)
class Orders:
    """The orders of one webhook, each loaded (and on PostgreSQL locked) once."""

    delivery: Delivery
    people: People
    loaded: dict[str, Order] = field(default_factory=dict)

    def find(self, ref: str) -> Order | None:
        """The order of that ref, if anything was ever heard of it."""
        if ref in self.loaded:
            return self.loaded[ref]
        known = self.delivery.known
        held = known.orders.get(ref) if known is not None else None
        if held is None and known is not None and ref in known.missing:
            return None
        row = self.delivery.first(LOAD, ref=ref) if held is None else None
        if held is None and row is None:
            return None
        self.loaded[ref] = found = order_of(row) if held is None else held.again()
        return found

    def ensure(self, ref: str, external_id: str) -> Order:
        """The order; made as not yet whole when its events come before it."""
        found = self.find(ref)
        if found is not None:
            return found
        order = Order(ref=ref, external_id=external_id, journey_id=ids.journey_id(ref), fresh=True)
        if self.delivery.insert_missing(ORDERS, self._blank(order)):
            self.loaded[ref] = order
            if self.delivery.known is not None:
                self.delivery.known.missing.discard(ref)
            return order
        again = self.find(ref)  # another process was first (PostgreSQL only)
        assert again is not None  # the insert just met it
        return again

    def root(self, order: Order) -> Order:
        """The order whose journey this one's events go to."""
        if order.parent_ref is None:
            return order
        found = self.find(order.parent_ref)
        return order if found is None else found

    def exchanges(self, root: Order) -> list[OrderState]:
        """The states of the orders that joined this one as exchanges."""
        if root.arrived and not root.waited:
            return []
        rows = self.delivery.all(CHILDREN, ref=root.ref)
        fresh = {o.ref: o.state for o in self.loaded.values() if o.parent_ref == root.ref}
        stored = {ref: order_state(state) for ref, state in rows}
        return [state for _, state in sorted({**stored, **fresh}.items())]

    def sight(self, seen: OrderSighting) -> Order:
        """Take in what a webhook showed of an order."""
        order = self.ensure(seen.ref, seen.external_id)
        if not seen.whole:
            if seen.number and not order.number:
                order.number = seen.number
                self.delivery.later(SAVE_NUMBER, {"ref": order.ref, "number": seen.number})
            if seen.lines and (not order.whole or seen.updated_at >= order.version):
                keep_lines(self.delivery, order.ref, seen, erased=order.erased)
        elif not order.whole:
            self._arrive(order, seen)
        elif seen.updated_at >= order.version:
            self._renew(order, seen)
        else:
            order.stale = True
            self._know(order, seen)
        return order

    def _arrive(self, order: Order, seen: OrderSighting) -> None:
        order.person = self._person(seen)
        order.person_id = order.person.id
        order.parent_ref = self._parent_ref(seen)
        if order.parent_ref:
            order.journey_id = ids.journey_id(order.parent_ref)
        order.whole = order.arrived = order.touched = True
        order.waited, order.placed_at, order.version = not order.fresh, seen.placed_at, seen.updated_at
        order.sighting = seen
        order.number = seen.number
        self.delivery.later(SAVE, {"ref": order.ref, **self._shown(order, seen)})
        keep_lines(self.delivery, order.ref, seen)
        if order.parent_ref is None:
            self._journey(order)

    def _renew(self, order: Order, seen: OrderSighting) -> None:
        order.version = max(order.version, seen.updated_at)
        self._know(order, seen)
        order.number = seen.number
        self.delivery.later(SAVE, {"ref": order.ref, **self._shown(order, seen)})
        keep_lines(self.delivery, order.ref, seen, erased=order.erased)

    def _know(self, order: Order, seen: OrderSighting) -> None:
        """What the sighting adds to the order's person. Of an older one, what no newer told (a number, and the zone
        that follows from it): two sources that show the same order make the same person in either order."""
        if order.person_id is not None:
            order.person = self.people.of_order(
                order.person_id,
                seen.person,
                seen.updated_at,
                emails=_several(seen.email),
                phone=seen.phone,
                country=seen.address.country,
            )

    def _person(self, seen: OrderSighting) -> Person:
        found = self.people.resolve(
            seen.person,
            seen.updated_at,
            emails=_several(seen.email),
            phone=seen.phone,
            country=seen.address.country,
            ordering=True,
        )
        assert found is not None  # `create` is the default
        return found

    def _parent_ref(self, seen: OrderSighting) -> str | None:
        """The root of what it is an exchange of; a parent never heard of is noted, so that its coming frees
        what waits here."""
        if not seen.exchange_of:
            return None
        ref = ids.order_ref(self.delivery.at.store_id, seen.exchange_of)
        if ref == seen.ref:
            return None
        parent = self.ensure(ref, seen.exchange_of)
        parent.fresh = False
        return parent.parent_ref or parent.ref

    def _journey(self, order: Order) -> None:
        self.delivery.insert_later(
            JOURNEYS,
            {
                "id": order.journey_id,
                "store_id": self.delivery.at.store_id,
                "order_ref": order.ref,
                "person_id": order.person_id,
                "type": "",
                "status": JourneyStatus.PENDING.value,
                "phase": "",
                "paused": False,
                "waits": [],
                "revision": 0,
                "outcome": "",
                "exit_cause": "",
                "started_at": self.delivery.received_at,
            },
        )
        self.delivery.journeys.add(order.journey_id)

    def _blank(self, order: Order) -> dict[str, Any]:
        return {
            "id": order.ref,
            "store_id": self.delivery.at.store_id,
            "external_id": order.external_id,
            "number": "",
            "journey_id": order.journey_id,
            "connection_id": self.delivery.at.id,
            "currency": "",
            "total_minor": 0,
            "whole": False,
            "test": False,
            "status_url": "",
            "address": {},
            "state": {},
            "created_at": self.delivery.received_at,
            "updated_at": self.delivery.received_at,
        }

    def _shown(self, order: Order, seen: OrderSighting) -> dict[str, Any]:
        """What the row shows of this version; of an erased person's order nothing personal is written back."""
        erased = order.person is not None and order.person.erased
        address = {} if erased else {name: value for name, value in asdict(seen.address).items() if value}
        return {
            "number": seen.number,
            "person_id": order.person_id,
            "journey_id": order.journey_id,
            "parent_ref": order.parent_ref,
            "connection_id": self.delivery.at.id,
            "currency": seen.currency,
            "total_minor": seen.total_minor,
            "placed_at": order.placed_at,
            "whole": True,
            "test": seen.test,
            "status_url": "" if erased else seen.status_url,
            "address": address,
            "updated_at": seen.updated_at,
        }

    @property
    def of_the_erased(self) -> bool:
        """Whether any order of this webhook belonged to somebody who was erased before."""
        return any(order.erased for order in self.loaded.values())

    def leave_to_the_next(self) -> None:
        """What the next webhook of the same transaction need not read. Where more was done than the ordinary (orders
        that joined each other, somebody erased) it has to."""
        known = self.delivery.known
        if known is None:
            return
        if self.delivery.erasures or self.delivery.of_the_erased:
            known.forget()
        elif len(self.loaded) > 1:
            for ref in self.loaded:
                known.orders.pop(ref, None)
        else:
            for order in self.loaded.values():
                known.orders[order.ref] = left = order.again()
                if order.waited:
                    left.facts = None  # what had waited was let go, in part to the person

    def save_states(self) -> None:
        """Write the state of every order an event changed."""
        for order in self.loaded.values():
            if order.touched:
                state = {"ref": order.ref, "state": order_json(order.state)}
                self.delivery.later(SAVE_STATE, state, name=f"state:{order.ref}")


def _several(*values: str | None) -> tuple[str, ...]:
    return tuple(v for v in values if v)
