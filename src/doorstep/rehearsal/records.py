"""What a rehearsal's world knows: the same facts as the database's tables, in memory. A world may begin with
records of its own (a real person's, for a plan)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from doorstep.contracts import Action, ActionResult, Wait
from doorstep.domain.customers import Consent, Suppression
from doorstep.domain.events import Envelope
from doorstep.domain.messages import Channel
from doorstep.domain.orders import OrderState
from doorstep.domain.outcomes import Decision
from doorstep.domain.touches import LedgerRow
from doorstep.rehearsal.shop import Shop


@dataclass(slots=True, kw_only=True)
class PersonRecord:
    """One person. `log`: what they did, as every open journey of theirs was told."""

    ref: str
    first_name: str = ""
    locale: str = ""
    zone: str = "UTC"
    country: str = ""
    addresses: dict[Channel, str] = field(default_factory=dict)
    consents: tuple[Consent, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    erased_at: datetime | None = None
    log: list[Envelope] = field(default_factory=list)
    facts: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class LineRecord:
    """One line as a message shows it (`templates.assembling.Line`)."""

    ref: str
    title: str
    quantity: int
    price_minor: int
    product_ref: str
    category: str = ""
    image_url: str = ""
    product_image: str | None = None
    of_product: str | None = None


@dataclass(slots=True, kw_only=True)
class ParcelRecord:
    """One parcel as a message shows it (`templates.assembling.Parcel`)."""

    ref: str
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    status: str = "pending"
    substatus: str = ""
    expected_at: datetime | None = None
    delivered_at: datetime | None = None
    lines: list[Any] = field(default_factory=list)
    seen_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class OrderRecord:
    """One order. Not `whole`: only heard of by its events, which are `held` until it comes."""

    ref: str
    external_id: str
    journey_id: str
    created_at: datetime
    person_ref: str = ""
    number: str = ""
    placed_at: datetime | None = None
    version: datetime | None = None
    currency: str = ""
    total_minor: int = 0
    country: str = ""
    status_url: str = ""
    whole: bool = False
    state: OrderState = field(default_factory=OrderState)
    lines: dict[str, LineRecord] = field(default_factory=dict)
    parcels: dict[str, ParcelRecord] = field(default_factory=dict)
    facts: set[str] = field(default_factory=set)
    held: list[Envelope] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ProductRecord:
    """One product of the catalogue (`templates.assembling.Product`)."""

    ref: str
    title: str = ""
    category: str = ""
    price_minor: int = 0
    currency: str = ""
    url: str = ""
    image_url: str = ""
    replenish_days: int | None = None
    in_stock: bool = True


@dataclass(slots=True, kw_only=True)
class JourneyRecord:
    """What support reads of a journey. `phases`: (since when, which, `number` as a happening's)."""

    id: str
    order_ref: str
    person_ref: str
    status: str = "pending"
    phase: str = ""
    phases: list[tuple[datetime, str, int]] = field(default_factory=list)
    paused: bool = False
    waits: tuple[Wait, ...] = ()
    outcome: str = ""
    exited_at: datetime | None = None
    exit_cause: str = ""
    revision: int = 0


@dataclass(slots=True, kw_only=True)
class PointsRecord:
    """One movement of points (`loyalty.Movement` reads it). `number`: as a timeline's happening."""

    key: str
    person_ref: str
    order_ref: str
    points: int
    reason: str
    at: datetime
    available_at: datetime | None = None
    reverses: str = ""
    number: int = 0


@dataclass(slots=True, kw_only=True)
class TicketRecord:
    """One case for support. `number`: as a timeline's happening."""

    key: str
    order_ref: str
    reason: str
    priority: str
    at: datetime
    number: int = 0


@dataclass(slots=True, kw_only=True)
class Records:
    """Everything. Values are replaced, never changed, where a touch's transaction must be able to roll back:
    the ledger's rows, its decisions and the persons' suppressions."""

    shop: Shop
    persons: dict[str, PersonRecord] = field(default_factory=dict)
    orders: dict[str, OrderRecord] = field(default_factory=dict)
    journeys: dict[str, JourneyRecord] = field(default_factory=dict)
    products: dict[str, ProductRecord] = field(default_factory=dict)
    rows: dict[str, dict[str, LedgerRow]] = field(default_factory=dict)
    """Person → touch key → ledger row."""
    decisions: list[tuple[LedgerRow, Decision, datetime]] = field(default_factory=list)
    points: dict[str, PointsRecord] = field(default_factory=dict)
    tickets: dict[str, TicketRecord] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)
    answers: dict[str, ActionResult] = field(default_factory=dict)
    """Action → what its journey made of it."""

    def copied(self) -> Records:
        """The same to begin with: what is changed in the one is not in the other. The catalogue is shared."""
        return replace(
            self,
            persons={k: replace(p, log=[*p.log], facts={*p.facts}) for k, p in self.persons.items()},
            orders={k: replace(order) for k, order in self.orders.items()},
            journeys={k: replace(j, phases=[*j.phases]) for k, j in self.journeys.items()},
            rows={person: dict(rows) for person, rows in self.rows.items()},
            decisions=[*self.decisions],
            points=dict(self.points),
            tickets=dict(self.tickets),
            actions=dict(self.actions),
            answers=dict(self.answers),
        )

    def orders_of(self, person: str) -> list[OrderRecord]:
        """The person's whole orders."""
        return [order for order in self.orders.values() if order.person_ref == person and order.whole]


def products_of(shop: Shop) -> Mapping[str, ProductRecord]:
    """The shop's catalogue as records."""
    return {
        p.ref: ProductRecord(
            ref=p.ref,
            title=p.title,
            category=p.category,
            price_minor=p.price_minor,
            currency=shop.currency,
            url=f"https://shop.example/p/{p.ref}",
            replenish_days=p.replenish_days,
        )
        for p in shop.catalogue
    }
