"""Sightings: the person, the order, its lines and parcels, consents and products, as one webhook showed them.

They hold personal data: never log one (their `repr` leaves it out, for the day somebody does). All instants are aware
UTC; money is integer minor units of its currency.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime

from doorstep.domain.facts import LineQuantity
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
class PersonSighting:
    """A person as a webhook showed them. Every field may be unknown; what is there is normalised.
    `zone` is None when nothing stated or implied one: keep the known one, else the store's."""

    external_id: str | None = None
    """The store's own id of the customer."""
    email: str | None = field(default=None, repr=False)
    """Lower case, checked for form."""
    phone: str | None = field(default=None, repr=False)
    """E.164."""
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    locale: str = ""
    """As the source gave it: `en`, `de-CH`."""
    zone: str | None = None
    zone_from: str = ""
    """What the zone was derived from: `stated`, `address` or `phone`; empty without a zone."""

    @property
    def identified(self) -> bool:
        """Whether anything tells this person from another."""
        return bool(self.external_id or self.email or self.phone)


@value(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an order goes. `country` is ISO 3166-1 alpha-2, `province` the code without the country."""

    name: str = field(default="", repr=False)
    company: str = field(default="", repr=False)
    address1: str = field(default="", repr=False)
    address2: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    zip: str = field(default="", repr=False)
    province: str = ""
    country: str = ""
    phone: str | None = field(default=None, repr=False)


@value(frozen=True, slots=True, kw_only=True)
class LineSighting:
    """One line of an order with what a message may say of it. `ref` is the store's exact line id as text.
    `quantity` as ordered, `current` what edits and refunds left; `price_minor` is of one piece."""

    ref: str
    product_ref: str
    quantity: int
    current: int
    title: str = ""
    variant: str = ""
    sku: str = ""
    category: str = ""
    price_minor: int = 0
    requires_shipping: bool = True


@value(frozen=True, slots=True, kw_only=True)
class OrderSighting:
    """A whole order (`whole`) or what a webhook showed of it. `updated_at` is its version: an older one than
    the stored changes nothing. `email` and `phone` are the order's own contact, `person` who placed it."""

    external_id: str
    ref: str
    """`ids.order_ref(store_id, external_id)`"""
    number: str = ""
    """What the customer calls it: `#1001`."""
    currency: str = ""
    total_minor: int = 0
    placed_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None = None
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    locale: str = ""
    address: Address = field(default_factory=Address, repr=False)
    person: PersonSighting = field(default_factory=PersonSighting, repr=False)
    lines: tuple[LineSighting, ...] = ()
    status_url: str = field(default="", repr=False)
    """The store's own order page; carries a key, so it is personal."""
    exchange_of: str | None = None
    """External id of the order this one is an exchange of: it joins that order's journey."""
    test: bool = False
    whole: bool = True


@value(frozen=True, slots=True, kw_only=True)
class ShipmentSighting:
    """One parcel as a webhook showed it. `lines` empty: not told. `at` is its version."""

    external_id: str
    ref: str
    """`ids.shipment_ref(store_id, external_id)`"""
    external_order_id: str | None
    at: datetime
    company: str = ""
    number: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    lines: tuple[LineQuantity, ...] = ()
    expected_at: datetime | None = None


@value(frozen=True, slots=True, kw_only=True)
class ConsentSighting:
    """A word on consent: the latest by `at` counts. `source` says who told it (`shopify`, `api`). `standing`: a
    flag that stands without its own time (`at` is when it was seen); it overrules no word that has one."""

    person: PersonSighting
    channel: Channel
    granted: bool
    at: datetime
    source: str
    purpose: Purpose = Purpose.MARKETING
    standing: bool = False


@value(frozen=True, slots=True, kw_only=True)
class ProductSighting:
    """A product as a webhook showed it. None: not told, keep what is known."""

    ref: str
    title: str | None = None
    category: str | None = None
    url: str | None = None
    image_url: str | None = None
    price_minor: int | None = None
    currency: str | None = None
    replenish_days: int | None = None
    """How long one piece lasts, in days."""
