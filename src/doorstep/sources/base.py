"""The port of a source: what a webhook is verified by, and what it is read into.

A *reading* has two halves. **Events** are what journeys hear: envelope fields, free of personal data.
**Sightings** (`sightings`, `heard`) are what the database keeps, as this webhook showed it.

All instants are aware UTC; money is integer minor units of its currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from doorstep.domain.ids import digest
from doorstep.domain.values import value
from doorstep.sources.heard import InboundSighting, ReportSighting
from doorstep.sources.sightings import (
    ConsentSighting,
    OrderSighting,
    PersonSighting,
    ProductSighting,
    ShipmentSighting,
)

Headers = Mapping[str, str]
URL = ":url"
"""Among the headers, as HTTP/2's pseudo-headers stand there: the public address that the webhook was sent to, query
included. The endpoint puts it in, from `DOORSTEP_PUBLIC_URL`; a vendor may sign it, and may be told in it whose message
it reports."""


@value(frozen=True, slots=True, kw_only=True)
class SourceContext:
    """Whose webhook it is, and when it was received (aware UTC). The rest are the store's own values, used
    only where a webhook leaves a gap: an amount without currency, a phone number without country."""

    connection_id: str
    store_id: str
    received_at: datetime
    currency: str = ""
    country: str = ""
    shop_domain: str = ""
    """Where the store's own pages are, if the connection's options say so (`shop_domain`)."""
    store_name: str = ""
    support_email: str = ""
    """Where a person answers; empty when the store's brand does not say."""


@value(frozen=True, slots=True, kw_only=True)
class NeedsFetch:
    """Something the webhook only names, to be asked for afterwards (BigCommerce sends ids only)."""

    resource: str
    external_id: str


@value(frozen=True, slots=True, kw_only=True)
class ReadEvent:
    """One event, without what only ingest knows (its envelope id, the resolved person).

    `external_id` is unique in the connection, whatever webhook repeats it. `data` is JSON: only what the
    event's class declares, plus `lines` for order.placed and order.updated. No personal data in any of
    these but `person`, which says whose event it is and is resolved to a reference."""

    external_id: str
    fact_key: str
    type: str
    occurred_at: datetime
    subject: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    external_order_id: str | None = None
    order_ref: str | None = None
    """`ids.order_ref(store_id, external_order_id)`"""
    person: PersonSighting | None = field(default=None, repr=False)


@value(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything one webhook told. Events are in the order they happened, `order.placed` first.

    `problems` are sentences about parts that could not be read, without personal data: the webhook goes to
    quarantine for those, and what could be read goes on. `ignored` says why a webhook that is none of our
    business was left alone; it is kept, and no problem."""

    events: tuple[ReadEvent, ...] = ()
    order: OrderSighting | None = None
    """The one order of a store's webhook; a batch of our own API may carry more, in `orders`."""
    orders: tuple[OrderSighting, ...] = ()
    """All orders shown, `order` included."""
    shipments: tuple[ShipmentSighting, ...] = ()
    consents: tuple[ConsentSighting, ...] = ()
    products: tuple[ProductSighting, ...] = ()
    problems: tuple[str, ...] = ()
    needs_fetch: tuple[NeedsFetch, ...] = ()
    reports: tuple[ReportSighting, ...] = ()
    inbound: tuple[InboundSighting, ...] = ()
    shop_left: datetime | None = None
    """The shop is gone, and wants everybody forgotten whom this connection told us of."""
    ignored: str = ""


class Source(Protocol):
    """One kind of webhook. Stateless: the same bytes read the same, so a stored webhook can be re-driven."""

    @property
    def name(self) -> str:
        """The adapter's name in a connection: `shopify`, `signed`."""
        ...

    def verify(self, headers: Headers, body: bytes, secrets: Sequence[str], received_at: datetime) -> None:
        """Raises `SignatureInvalid` unless one of the secrets (several during rotation) signed the body.
        Compares in constant time. `received_at` (aware UTC) is what a signed timestamp is held against."""
        ...

    def delivery_id(self, headers: Headers, body: bytes) -> str:
        """The webhook's own id: the same on every retry, unique in the connection."""
        ...

    def topic(self, headers: Headers) -> str:
        """What the sender calls it (`orders/create`); empty where it does not say."""
        ...

    def read(self, headers: Headers, body: bytes, context: SourceContext) -> Reading:
        """What it tells. Raises `NotJson` (refuse it) or `Unreadable` (keep it in quarantine), no other."""
        ...


@runtime_checkable
class Replying(Protocol):
    """A source whose sender reads the answer's body."""

    def reply(self, headers: Headers, body: bytes, context: SourceContext) -> tuple[str, bytes]:
        """(content type, body) of the 200, for a webhook that was verified and kept."""
        ...


def header(headers: Headers, *names: str) -> str:
    """The first of these headers that is there and not empty, in any letter case; else the empty string."""
    folded = {name.lower(): value for name, value in headers.items()}
    return next((found for name in names if (found := folded.get(name.lower(), "").strip())), "")


def digest_id(topic: str, body: bytes) -> str:
    """A delivery id for a webhook that brings none: the same topic and bytes are the same delivery."""
    return f"sha:{digest(topic, body.decode('latin-1'))}"
