"""What a store tells, as readings: short to write in a test, the same shape as the adapters make."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from doorstep.domain import ids
from doorstep.ingest import Accepted, Connected, Raw, accept
from doorstep.models import Database
from doorstep.models.stores import ConnectionRow, StoreRow
from doorstep.sources.base import ReadEvent, Reading
from doorstep.sources.draft import line_data
from doorstep.sources.sightings import Address, LineSighting, OrderSighting, PersonSighting, ShipmentSighting

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MUCH_LATER = NOON + timedelta(days=30)
SHOP = Connected(
    id="shop-web", store_id="shop", source="shopify", zone="Europe/Berlin", currency="EUR", country="DE"
)
ADA = PersonSighting(
    external_id="77", email="ada@example.com", phone="+493023125001", first_name="Ada", last_name="Muster"
)


class Gate:
    """Work for a writer that holds its transaction until it is opened."""

    def __init__(self) -> None:
        self._reached, self._opened = threading.Event(), threading.Event()

    def __call__(self, _conn: object) -> bool:
        self._reached.set()
        return self._opened.wait(60)

    def reached(self) -> bool:
        return self._reached.is_set()

    def open(self) -> None:
        self._opened.set()


async def until(holds: Callable[[], bool]) -> None:
    """As soon as it does."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.005)


def open_shop(database: Database) -> None:
    """The store and its connection."""
    with database.write() as session:
        session.add(StoreRow(id="shop", name="Shop", zone="Europe/Berlin", currency="EUR", created_at=NOON))
        session.flush()
        session.add(ConnectionRow(id="shop-web", store_id="shop", source="shopify", created_at=NOON))


def hours(n: float) -> datetime:
    """So many hours after noon."""
    return NOON + timedelta(hours=n)


def line(ref: str = "l1", quantity: int = 1, current: int | None = None, product: str = "p1") -> LineSighting:
    return LineSighting(
        ref=ref,
        product_ref=product,
        quantity=quantity,
        current=quantity if current is None else current,
        title="Fern",
        price_minor=1990,
    )


def ref(order: str) -> str:
    return ids.order_ref("shop", order)


def order(
    external_id: str = "1001",
    *,
    person: PersonSighting = ADA,
    lines: Sequence[LineSighting] = (line(),),
    placed: datetime = NOON,
    updated: datetime | None = None,
    **more: Any,
) -> OrderSighting:
    return OrderSighting(
        external_id=external_id,
        ref=ref(external_id),
        number=f"#{external_id}",
        currency="EUR",
        total_minor=1990,
        placed_at=placed,
        updated_at=updated or placed,
        email=person.email,
        phone=person.phone,
        address=Address(city="Berlin", country="DE", zip="10115"),
        person=person,
        lines=tuple(lines),
        **more,
    )


def whole(seen: OrderSighting, *, edited: bool = False) -> Reading:
    """A webhook with the whole order: `orders/create`, or (`edited`) `orders/updated`."""
    lines = line_data(seen.lines)
    events = [
        event(
            "order.placed",
            seen.placed_at,
            seen.external_id,
            fact=f"order.placed:{seen.external_id}",
            data={"total_minor": seen.total_minor, "currency": "EUR", "lines": lines},
        )
    ]
    if edited:
        at = seen.updated_at
        fact = f"order.updated:{seen.external_id}:{at.isoformat()}:{ids.digest(repr(lines))}"
        events.append(event("order.updated", at, seen.external_id, fact=fact, data={"lines": lines}))
    return Reading(events=tuple(events), order=seen, orders=(seen,))


def event(
    type_: str,
    at: datetime,
    order_id: str | None = "1001",
    *,
    fact: str = "",
    subject: str | None = None,
    person: PersonSighting | None = None,
    data: dict[str, Any] | None = None,
) -> ReadEvent:
    fact = fact or f"{type_}:{order_id}:{subject}:{at.isoformat()}"
    return ReadEvent(
        external_id=f"e:{fact}",
        fact_key=fact,
        type=type_,
        occurred_at=at,
        subject=subject,
        data=data or {},
        external_order_id=order_id,
        order_ref=ref(order_id) if order_id else None,
        person=person,
    )


def told(*events: ReadEvent, **more: Any) -> Reading:
    return Reading(events=events, **more)


def scan(status: str, at: datetime, parcel: str = "f1", order_id: str = "1001", **data: Any) -> Reading:
    """A carrier's scan of a parcel."""
    subject = ids.shipment_ref("shop", parcel)
    sighting = ShipmentSighting(
        external_id=parcel, ref=subject, external_order_id=order_id, at=at, company="DHL", number="JD01"
    )
    return told(event(f"shipment.{status}", at, order_id, subject=subject, data=data), shipments=(sighting,))


def take(
    database: Database,
    reading: Reading,
    delivery: str,
    at: datetime = MUCH_LATER,
    connection: Connected = SHOP,
) -> Accepted:
    """One webhook, taken in."""
    events = tuple(replace(e, external_id=f"{delivery}/{e.fact_key}") for e in reading.events)
    raw = Raw(external_id=delivery, body=b"{}", topic="t", headers={"X-Topic": "t"})
    return accept(database, connection, replace(reading, events=events), raw, at)


def rows(database: Database, query: str, **values: Any) -> list[Any]:
    """What a query answers."""
    with database.reading() as connection:
        return list(connection.execute(text(query), values).mappings().all())


def value(kept: Any) -> Any:
    """A JSON column as it was written: SQLite answers text, PostgreSQL values."""
    return json.loads(kept) if isinstance(kept, str) else kept
