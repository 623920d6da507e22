"""A scenario's entries as our own event API is told them: the very bodies that the production reader reads
(`sources.signed`), in a rehearsal as on a server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from doorstep.domain import ids
from doorstep.domain.events import event_class
from doorstep.domain.messages import Channel
from doorstep.rehearsal import moments, subjects
from doorstep.rehearsal.moments import Moment
from doorstep.rehearsal.scenario import FIRST, Bought, Ordered, Person, Scenario, Told
from doorstep.sources.signed.details import is_parcel

CONNECTION = "rehearsal-api"
ADDRESSES = {Channel.EMAIL: "customer@example.com", Channel.SMS: "+493023125009", Channel.PUSH: "push-token"}
"""Nobody's: example.com, and a number that Germany's Bundesnetzagentur sets aside for fiction."""
Body = dict[str, Any]


class Teller:
    """Says what happens in a scenario, for an order placed at `placed` (aware UTC)."""

    def __init__(self, scenario: Scenario, placed: datetime) -> None:
        self.scenario, self.placed = scenario, placed
        self._numbers = {name: n for n, name in enumerate(scenario.orders)}
        self._refs: dict[str, str] = {}

    def resolved(self, moment: Moment) -> datetime:
        """When that is (UTC)."""
        return moment.resolve(self.placed, self.scenario.person.zone)

    def order_ref(self, order: str) -> str:
        """`ord_…` of a named order."""
        if order not in self._refs:
            self._refs[order] = ids.order_ref(self.scenario.shop.id, order)
        return self._refs[order]

    def journey_id(self, order: str) -> str:
        """`jny_…` of a named order."""
        return ids.journey_id(self.order_ref(order))

    def first(self) -> Body:
        """The scenario's first order."""
        return self.order(FIRST, self.scenario.bought, self.placed)

    def order(self, name: str, bought: Bought, at: datetime) -> Body:
        """`order.placed`, whole."""
        shop, person = self.scenario.shop, self.scenario.person
        lines: list[Body] = []
        for goods in bought.goods:
            product = shop.product(goods.product)
            lines.append(
                {
                    "id": product.ref,
                    "product": product.ref,
                    "title": product.title,
                    "category": product.category,
                    "quantity": goods.quantity,
                    "price_minor": product.price_minor,
                }
            )
        data = {
            "number": f"#{1001 + self._numbers.get(name, 0)}",
            "currency": shop.currency,
            "total_minor": sum(line["price_minor"] * line["quantity"] for line in lines),
            "lines": lines,
            "shipping_address": {"country": bought.country or person.country},
            "consents": [
                {"channel": c.value, "granted": True, "at": at.isoformat()} for c in person.consents
            ],
        }
        if bought.gift:
            data["gift"] = True
        return {
            "type": "order.placed",
            "id": f"order.placed-{name}",
            "occurred_at": at.isoformat(),
            "order": name,
            "person": person_told(person),
            "data": data,
        }

    def ordered(self, entry: Ordered, at: datetime) -> Body:
        """Another order of the same person."""
        return self.order(entry.order, entry.bought, at)

    def told(self, entry: Told, at: datetime, number: int) -> Body:
        """One event. `number`: its place in the scenario's timeline, which tells it from the other entries; a repeated
        message keeps its own."""
        body: Body = {
            "type": entry.event,
            "id": f"{entry.event}-{number}",
            "occurred_at": at.isoformat(),
            "order": entry.order,
            "data": {key: self.value(value) for key, value in entry.data.items()},
        }
        subject = self.subject(entry, number)
        if subject:
            body["subject"] = subject
        return body

    def subject(self, entry: Told, number: int) -> str:
        """What the event is about, as the store calls it. `number` as for `told`."""
        if is_parcel(entry.event):
            return f"{entry.order}-{entry.parcel or entry.subject or 'parcel'}"
        return entry.subject or subjects.number_of(self.scenario, entry, number)

    def value(self, value: Any) -> Any:
        """What stands in an event's data as it is told: a moment of the scenario's is the instant it means."""
        if isinstance(value, str) and moments.is_moment(value):
            found = moments.when(value)
            assert isinstance(found, Moment)
            return self.resolved(found).isoformat()
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, dict):
            return {key: self.value(part) for key, part in value.items()}
        return [self.value(part) for part in value] if isinstance(value, list) else value


def person_told(person: Person) -> Body:
    """The person as an order shows them."""
    told: Body = {
        "id": "customer",
        "first_name": person.first_name,
        "locale": person.locale,
        "zone": person.zone,
        "country": person.country,
    }
    if Channel.EMAIL in person.reach:
        told["email"] = ADDRESSES[Channel.EMAIL]
    if Channel.SMS in person.reach:
        told["phone"] = ADDRESSES[Channel.SMS]
    return told


def catalogue(scenario: Scenario) -> Body:
    """Every product of the shop, as one batch."""
    told = []
    for product in scenario.shop.catalogue:
        data: Mapping[str, Any] = {
            "title": product.title,
            "category": product.category,
            "price_minor": product.price_minor,
            "currency": scenario.shop.currency,
            "url": f"https://shop.example/p/{product.ref}",
            **({"replenish_days": product.replenish_days} if product.replenish_days else {}),
        }
        told.append(
            {"type": "product.updated", "id": f"product-{product.ref}", "subject": product.ref, "data": data}
        )
    return {"events": told}


def about_person(event: str) -> bool:
    """Whether every open journey of the person hears it."""
    return event_class(event).about_person
