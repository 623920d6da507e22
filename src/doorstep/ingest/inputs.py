"""What goes into one `accept` and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlmodel import Session, col

from doorstep.domain.ids import digest
from doorstep.models.stores import ConnectionRow, StoreRow
from doorstep.sources.base import Reading, SourceContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A connection with what ingest needs of its store."""

    id: str
    store_id: str
    source: str
    zone: str = "UTC"
    country: str = ""
    currency: str = ""
    locale: str = ""
    shop_domain: str = ""
    store_name: str = ""
    support_email: str = ""

    def context(self, received_at: datetime) -> SourceContext:
        """What a source may use of it to read a webhook."""
        return SourceContext(
            connection_id=self.id,
            store_id=self.store_id,
            received_at=received_at,
            currency=self.currency,
            country=self.country,
            shop_domain=self.shop_domain,
            store_name=self.store_name,
            support_email=self.support_email,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A webhook as it came. `external_id` is the sender's own id of the delivery: the same on every retry.
    Holds personal data: `repr` leaves headers and body out."""

    external_id: str
    body: bytes = field(repr=False)
    topic: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    trace_parent: str = ""
    """W3C `traceparent` under which it is taken in; empty when nobody traces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One webhook to be taken in: who told it, what was read in it, and when it came (aware UTC)."""

    at: Connected
    reading: Reading
    raw: Raw
    received_at: datetime
    in_a_rush: bool = False
    """So much comes that the courier holds back: the sweep leaves it to the courier for longer."""

    @property
    def webhook_id(self) -> str:
        """`whk_…`: follows from the sender's own id of the delivery."""
        return webhook_id(self.at.id, self.raw.external_id)


def webhook_id(connection: str, external_id: str) -> str:
    """`whk_…`: follows from the sender's own id of the delivery."""
    return f"whk_{digest(connection, external_id)}"


class Answer(StrEnum):
    """What became of a webhook. All four are 2xx: it is kept."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What one webhook changed, once committed. `events` counts those stored (duplicates are none);
    `journeys` and `persons` have something to be told. `problems` are sentences without personal data."""

    id: str
    status: Answer
    events: int = 0
    journeys: frozenset[str] = frozenset()
    persons: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()


def connected(session: Session, connection_id: str, *, disabled_too: bool = False) -> Connected | None:
    """The connection and its store; None for an unknown one, and for a disabled one unless asked for."""
    found = session.execute(
        select(ConnectionRow, StoreRow)
        .join(StoreRow, col(StoreRow.id) == col(ConnectionRow.store_id))
        .where(col(ConnectionRow.id) == connection_id)
    ).first()
    if found is None or (found[0].disabled_at is not None and not disabled_too):
        return None
    connection, store = found
    return Connected(
        id=connection.id,
        store_id=store.id,
        source=connection.source,
        zone=store.zone,
        country=store.country,
        currency=store.currency,
        locale=store.locale,
        shop_domain=str(connection.options.get("shop_domain") or ""),
        store_name=store.name,
        support_email=str(store.brand.get("support_email") or ""),
    )


#: an instant before every other, for rows that know nothing yet
LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
