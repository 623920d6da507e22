"""What the shop says: one order as the signed event API and as Shopify tell it. Nobody here exists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from doorstep.domain import ids
from doorstep.sources.shopify.adapter import signature
from doorstep.sources.signed.adapter import secret_from, signed_headers

STORE, SHOPIFY, SIGNED = "fern", "fern-shopify", "fern-api"
SHOPIFY_SECRET = "shpss_system_tests"
SIGNED_SECRET = secret_from(b"system tests, nobody's secret...")
FERN = {"id": 7101, "title": "Boston fern", "category": "Plants", "price_minor": 2490}
FOOD = {"id": 7201, "title": "Leaf food", "category": "Plant care", "price_minor": 1010, "replenish_days": 60}
OTHERS = (
    {"id": 7102, "title": "Monstera", "category": "Plants", "price_minor": 4900},
    {"id": 7103, "title": "Calathea", "category": "Plants", "price_minor": 2190},
)
SHIPPED = (FERN, FOOD)
"""What every order here holds: 35.00 EUR, thirty-five points."""


def morning_zone(now: datetime) -> str:
    """A zone in which it is between 10:00 and 11:00 now: inside every send window, whenever the tests run."""
    east = (10 - now.hour) % 24
    east = east - 24 if east > 12 else east
    return f"Etc/GMT{-east:+d}" if east else "Etc/GMT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """An invented customer. Nothing of them occurs by chance in a number or an id: a search for it finds only them."""

    id: int
    first_name: str
    last_name: str
    phone: str
    street: str
    city: str
    zip: str

    @property
    def email(self) -> str:
        return f"{self.first_name}.{self.last_name}@example.com".lower()

    @property
    def personal(self) -> tuple[str, ...]:
        """What must be found nowhere but in the database and the messages."""
        return (
            *(self.first_name, self.last_name, self.email, self.street, self.city, self.zip),
            *(self.phone, self.phone.removeprefix("+49")),
        )


IDA = Customer(
    id=90501, first_name="Idaliane", last_name="Moosbachner", phone="+493023125071",
    street="Farngasse 317", city="Moosbrunnheim", zip="FQ7 9ZK",
)  # fmt: skip
JONAS = Customer(
    id=90502, first_name="Jonathrin", last_name="Farnkrautz", phone="+493023125072",
    street="Efeuallee 429", city="Quendelstadt", zip="FQ8 9ZK",
)  # fmt: skip


CLARA = Customer(
    id=90503, first_name="Klarabell", last_name="Holunders", phone="+493023125073",
    street="Ginsterweg 531", city="Wacholderau", zip="FQ9 9ZK",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook. `id` is what its sender calls it: the same on a retry."""

    connection: str
    id: str
    content: bytes
    topic: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    def signed(self, at: datetime) -> dict[str, str]:
        """The headers of an attempt made at `at`."""
        if self.connection == SIGNED:
            return signed_headers(SIGNED_SECRET, self.id, at, self.content)
        return {
            **self.extra,
            "X-Shopify-Topic": self.topic,
            "X-Shopify-Webhook-Id": self.id,
            "X-Shopify-Hmac-Sha256": signature(SHOPIFY_SECRET, self.content),
        }


def shopify(topic: str, id_: str, body: Any, **extra: str) -> Delivery:
    return Delivery(connection=SHOPIFY, id=id_, topic=topic, content=json.dumps(body).encode(), extra=extra)


def own(id_: str, *events: Mapping[str, Any]) -> Delivery:
    """Events of the signed API: one alone, or several as a batch."""
    body = events[0] if len(events) == 1 else {"events": list(events)}
    return Delivery(connection=SIGNED, id=id_, content=json.dumps(body).encode())


def catalogue() -> Delivery:
    told = []
    for product in (*SHIPPED, *OTHERS):
        data = {name: value for name, value in product.items() if name != "id"} | {"currency": "EUR"}
        told.append({"type": "product.updated", "subject": str(product["id"]), "data": data})
    return own("catalogue", *told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order, in both spellings, placed in somebody's morning. `id` as the store numbers it; `placed` is aware."""

    id: int
    customer: Customer
    placed: datetime
    consents: tuple[str, ...] = ("email",)

    @property
    def number(self) -> str:
        return f"#FF-{self.id}"

    @property
    def journey(self) -> str:
        return ids.journey_id(ids.order_ref(STORE, str(self.id)))

    def line(self, n: int) -> int:
        return self.id * 10 + n

    # --- the signed event API ---------------------------------------------------------------------

    def event(self, type_: str, at: datetime, name: str = "", **more: Any) -> Delivery:
        """One event in a webhook of its own; `name` tells several of a type apart."""
        id_ = f"{self.id}-{type_}-{name}"
        told = {"type": type_, "id": id_, "occurred_at": at.isoformat(), "order": str(self.id), **more}
        return own(f"msg-{id_}", told)

    def scan(self, status: str, at: datetime, parcel: str = "1", **data: Any) -> Delivery:
        """One scan of a parcel."""
        name = f"{parcel}-{at.timestamp():.0f}"
        return self.event(f"shipment.{status}", at, name, subject=f"{self.id}-{parcel}", data=data)

    def of_person(self, type_: str, at: datetime, **more: Any) -> Delivery:
        """An event of the person, whom it names by what every source knows."""
        told = {"type": type_, "id": f"{self.id}-{type_}", "occurred_at": at.isoformat(), **more}
        return own(f"msg-{self.id}-{type_}", told | {"person": {"email": self.customer.email}})

    def placed_event(self) -> Delivery:
        c, at = self.customer, self.placed
        person = {name: getattr(c, name) for name in ("email", "phone", "first_name", "last_name")}
        person |= {"id": str(c.id), "locale": "en", "zone": morning_zone(at)}
        lines = [
            {"id": str(self.line(n)), "product": str(p["id"]), "quantity": 1,
             **{k: p[k] for k in ("title", "category", "price_minor")}}
            for n, p in enumerate(SHIPPED, 1)
        ]  # fmt: skip
        where = {"name": f"{c.first_name} {c.last_name}", "address1": c.street, "city": c.city, "zip": c.zip}
        consents = [{"channel": name, "granted": True, "at": at.isoformat()} for name in self.consents]
        data = {
            "number": self.number, "currency": "EUR", "total_minor": 3500,
            "lines": lines, "shipping_address": where, "consents": consents,
        }  # fmt: skip
        return self.event("order.placed", at, person=person, data=data)

    # --- Shopify ----------------------------------------------------------------------------------

    def created(self, topic: str = "orders/create", **more: Any) -> Delivery:
        """A whole order under any order topic. No country: the person lives by the store's clock."""
        c, at = self.customer, self.placed.isoformat()
        name = {"first_name": c.first_name, "last_name": c.last_name}
        state = "subscribed" if "email" in self.consents else "not_subscribed"
        body = {
            "id": self.id, "name": self.number, "currency": "EUR", "total_price": "35.00",
            "created_at": at, "processed_at": at, "updated_at": at, "cancelled_at": None, "email": c.email,
            "customer": {"id": c.id, "email": c.email, **name,
                         "email_marketing_consent": {"state": state, "consent_updated_at": at}},
            "shipping_address": {**name, "address1": c.street, "city": c.city, "zip": c.zip},
            "line_items": self._line_items(), "fulfillments": [], "refunds": [],
        }  # fmt: skip
        return shopify(topic, f"{self.id}-{topic}", body | more)

    def _line_items(self) -> list[dict[str, Any]]:
        return [
            {"id": self.line(n), "product_id": p["id"], "title": p["title"], "quantity": 1,
             "current_quantity": 1, "price": f"{int(p['price_minor']) / 100:.2f}", "requires_shipping": True}
            for n, p in enumerate(SHIPPED, 1)
        ]  # fmt: skip

    def fulfilled(self, at: datetime) -> Delivery:
        body = {
            "id": self.id + 900_000, "order_id": self.id, "status": "success",
            "created_at": at.isoformat(), "updated_at": at.isoformat(), "tracking_company": "DHL",
            "tracking_number": f"0034{self.id}", "tracking_url": f"https://carrier.example/0034{self.id}",
            "line_items": self._line_items(),
        }  # fmt: skip
        return shopify("fulfillments/create", f"{self.id}-fulfilled", body)

    def scanned(self, status: str, at: datetime) -> Delivery:
        body = {
            "id": int(at.timestamp()), "fulfillment_id": self.id + 900_000, "order_id": self.id,
            "status": status, "happened_at": at.isoformat(),
        }  # fmt: skip
        return shopify("fulfillment_events/create", f"{self.id}-{status}-{at.timestamp():.0f}", body)

    def refunded(self, at: datetime, lines: int = 2) -> Delivery:
        """The first `lines` of its two lines go back."""
        goods = SHIPPED[:lines]
        amount = sum(int(p["price_minor"]) for p in goods)
        body = {
            "id": self.id + 700_000, "order_id": self.id,
            "created_at": at.isoformat(), "processed_at": at.isoformat(),
            "refund_line_items": [
                {"id": n, "line_item_id": self.line(n), "quantity": 1,
                 "subtotal": f"{int(p['price_minor']) / 100:.2f}"}
                for n, p in enumerate(goods, 1)
            ],
            "transactions": [{"kind": "refund", "status": "success", "amount": f"{amount / 100:.2f}",
                              "currency": "EUR"}],
        }  # fmt: skip
        return shopify("refunds/create", f"{self.id}-refunded", body)
