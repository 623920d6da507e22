"""The sample's orders in two spellings: Shopify's webhooks and our own event API's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from doorstep.sample.shop import CURRENCY, OWN, SHOPIFY, Person, Product


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook to be sent. `id` is the same on every run: it makes the second run change nothing."""

    connection: str
    id: str
    body: dict[str, Any]
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of the sample, as both spellings tell it."""

    id: int
    number: str
    person: Person
    products: tuple[Product, ...]
    placed: datetime
    stage: str

    @property
    def total_minor(self) -> int:
        return sum(p.price_minor for p in self.products)

    def line(self, n: int) -> int:
        """The id of the n-th line."""
        return self.id * 10 + n

    # --- Shopify --------------------------------------------------------------------------------------

    def shopify(self, topic: str, what: str, body: dict[str, Any]) -> Delivery:
        return Delivery(connection=SHOPIFY, id=f"sample-{self.id}-{what}", topic=topic, body=body)

    def created(self) -> Delivery:
        """orders/create"""
        p, at = self.person, self.placed.isoformat()
        consent = {"state": "subscribed" if p.agrees else "not_subscribed", "consent_updated_at": at}
        body = {
            "id": self.id,
            "name": self.number,
            "currency": CURRENCY,
            "total_price": f"{self.total_minor // 100}.{self.total_minor % 100:02}",
            "created_at": at,
            "processed_at": at,
            "updated_at": at,
            "cancelled_at": None,
            "email": p.email,
            "phone": p.phone,
            "customer_locale": "en",
            "customer": {
                "id": p.id,
                "email": p.email,
                "first_name": p.first_name,
                "last_name": p.last_name,
                "email_marketing_consent": consent,
            },
            "shipping_address": {
                "first_name": p.first_name,
                "last_name": p.last_name,
                "address1": "Gartenweg 3",
                "city": p.city,
                "zip": p.zip,
                "country_code": "DE",
            },
            "line_items": self._line_items(),
            "fulfillments": [],
            "refunds": [],
        }
        return self.shopify("orders/create", "created", body)

    def _line_items(self) -> list[dict[str, Any]]:
        return [
            {
                "id": self.line(n),
                "product_id": p.id,
                "title": p.title,
                "quantity": 1,
                "current_quantity": 1,
                "price": p.price,
                "requires_shipping": True,
            }
            for n, p in enumerate(self.products, 1)
        ]

    def fulfilled(self, at: datetime) -> Delivery:
        """fulfillments/create"""
        number = f"0034043434{self.id}"
        body = {
            "id": self.id + 900_000,
            "order_id": self.id,
            "status": "success",
            "created_at": at.isoformat(),
            "updated_at": at.isoformat(),
            "tracking_company": "DHL",
            "tracking_number": number,
            "tracking_url": f"https://carrier.example/{number}",
            "line_items": self._line_items(),
        }
        return self.shopify("fulfillments/create", "fulfilled", body)

    def scanned(self, status: str, at: datetime) -> Delivery:
        """fulfillment_events/create"""
        body = {
            "id": self.id + 800_000,
            "fulfillment_id": self.id + 900_000,
            "order_id": self.id,
            "status": status,
            "happened_at": at.isoformat(),
        }
        return self.shopify("fulfillment_events/create", status, body)

    def refunded(self, at: datetime) -> Delivery:
        """refunds/create: every line of it"""
        amount = f"{self.total_minor // 100}.{self.total_minor % 100:02}"
        body = {
            "id": self.id + 700_000,
            "order_id": self.id,
            "created_at": at.isoformat(),
            "processed_at": at.isoformat(),
            "refund_line_items": [
                {"id": n, "line_item_id": self.line(n), "quantity": 1, "subtotal": p.price}
                for n, p in enumerate(self.products, 1)
            ],
            "transactions": [{"kind": "refund", "status": "success", "amount": amount, "currency": CURRENCY}],
        }
        return self.shopify("refunds/create", "refunded", body)

    # --- our own event API ----------------------------------------------------------------------------

    def event(self, type_: str, at: datetime, **more: Any) -> dict[str, Any]:
        """One event of this order, as our own API takes it."""
        name = f"sample-{self.id}-{type_}"
        return {"type": type_, "id": name, "occurred_at": at.isoformat(), "order": str(self.id), **more}

    def placed_event(self) -> dict[str, Any]:
        p = self.person
        who = {
            "id": str(p.id),
            "email": p.email,
            "phone": p.phone,
            "first_name": p.first_name,
            "last_name": p.last_name,
            "locale": "en",
        }
        data: dict[str, Any] = {
            "number": self.number,
            "currency": CURRENCY,
            "total_minor": self.total_minor,
            "lines": [
                {
                    "id": str(self.line(n)),
                    "product": str(x.id),
                    "title": x.title,
                    "category": x.category,
                    "quantity": 1,
                    "price_minor": x.price_minor,
                }
                for n, x in enumerate(self.products, 1)
            ],
            "shipping_address": {"address1": "Gartenweg 3", "city": p.city, "zip": p.zip, "country": "DE"},
        }
        if p.agrees:
            data["consents"] = [{"channel": "email", "granted": True, "at": self.placed.isoformat()}]
        return self.event("order.placed", self.placed, person=who, data=data)

    def own(self, *events: dict[str, Any]) -> Delivery:
        """One event alone, or several as a batch."""
        body = events[0] if len(events) == 1 else {"events": list(events)}
        return Delivery(connection=OWN, id=f"{events[0]['id']}-{len(events)}", body=body)
