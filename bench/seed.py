"""Rows for the bench: a store without caps in the way, and persons with an order each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from doorstep.contracts import JourneyStart
from doorstep.domain import ids
from doorstep.domain.events import Envelope
from doorstep.domain.orders import OrderState
from doorstep.models.base import Database
from doorstep.models.codec_json import order_json
from doorstep.models.journeys import JourneyRow
from doorstep.models.orders import OrderLineRow, OrderRow, ProductRow
from doorstep.models.people import ConsentRow, IdentityRow, PersonRow
from doorstep.models.stores import StoreRow

STORE = "bench"
OPEN_ALL_DAY = {
    "window": "00:00-23:59",
    "caps": [{"limit": 1000, "hours": 24}],
    "headroom": 0,
}


@dataclass(frozen=True)
class Seeded:
    """One seeded order."""

    journey_id: str
    order_ref: str
    person_ref: str
    placed: Envelope


def store(database: Database) -> None:
    """The bench's store and one product."""
    now = datetime.now(UTC)
    with database.write() as session:
        session.add(StoreRow(id=STORE, name="Bench", currency="EUR", policy=OPEN_ALL_DAY, created_at=now))
        session.flush()
        product = {"store_id": STORE, "title": "Soap", "category": "bath", "price_minor": 900}
        session.add(ProductRow(ref="p1", currency="EUR", updated_at=now, **product))


def orders(
    database: Database, prefix: str, count: int, *, journey_type: str = "reference.v1", batch: int = 2000
) -> list[Seeded]:
    """`count` persons with an order and an open journey each."""
    made: list[Seeded] = []
    for start in range(0, count, batch):
        made += _batch(database, prefix, range(start, min(count, start + batch)), journey_type)
    return made


def _batch(database: Database, prefix: str, numbers: range, journey_type: str) -> list[Seeded]:
    now = datetime.now(UTC)
    rows: dict[type, list[dict[str, Any]]] = {
        PersonRow: [], IdentityRow: [], ConsentRow: [], OrderRow: [], OrderLineRow: [], JourneyRow: []
    }  # fmt: skip
    made = []
    for n in numbers:
        external = f"{prefix}-{n}"
        order = ids.order_ref(STORE, external)
        journey, person = ids.journey_id(order), f"per_{ids.digest(external)}"
        placed = _placed(order, person, external, now)
        made.append(Seeded(journey, order, person, placed))
        state = order_json(OrderState().apply(placed))
        _add_person(rows, person, external, now)
        rows[OrderRow].append(
            {
                "id": order, "store_id": STORE, "external_id": external, "number": f"#{external}",
                "person_id": person, "journey_id": journey, "currency": "EUR", "total_minor": 1800,
                "placed_at": now, "whole": True, "test": False, "state": state, "address": {},
                "connection_id": "bench", "status_url": "", "parent_ref": None,
                "created_at": now, "updated_at": now,
            }
        )  # fmt: skip
        rows[OrderLineRow].append(
            {"order_ref": order, "ref": "l1", "store_id": STORE, "product_ref": "p1", "title": "Soap",
             "sku": "", "category": "bath", "quantity": 2, "price_minor": 900, "image_url": ""}
        )  # fmt: skip
        rows[JourneyRow].append(
            {"id": journey, "store_id": STORE, "order_ref": order, "person_id": person, "type": journey_type,
             "status": "open", "phase": "", "paused": False, "waits": [], "revision": 0, "outcome": "",
             "exit_cause": "", "started_at": now - timedelta(seconds=n)}
        )  # fmt: skip
    with database.write() as session:
        for model, values in rows.items():
            session.connection().execute(insert(model.__table__), values)  # type: ignore[attr-defined]
    return made


def _add_person(rows: dict[type, list[dict[str, Any]]], person: str, external: str, now: datetime) -> None:
    rows[PersonRow].append(
        {"id": person, "store_id": STORE, "first_name": "Bea", "last_name": external, "locale": "en",
         "name_key": f"bea {external}", "country": "DE", "zone": "Europe/Berlin", "zone_source": "address",
         "created_at": now, "updated_at": now}
    )  # fmt: skip
    rows[IdentityRow].append(
        {"store_id": STORE, "person_id": person, "kind": "email", "value": f"{external}@example.com",
         "seen_at": now}
    )  # fmt: skip
    rows[ConsentRow].append(
        {"store_id": STORE, "person_id": person, "channel": "email", "purpose": "marketing", "granted": True,
         "at": now, "source": "bench"}
    )  # fmt: skip


def _placed(order: str, person: str, external: str, now: datetime) -> Envelope:
    line = {
        "ref": "l1", "product_ref": "p1", "quantity": 2, "current": 2, "category": "bath", "price_minor": 900,
    }  # fmt: skip
    return Envelope(
        id=f"evt_{ids.digest(external, 'placed')}",
        fact_key=f"order.placed:{external}",
        type="order.placed",
        occurred_at=now,
        received_at=now,
        connection="bench",
        order_ref=order,
        person_ref=person,
        data={"lines": [line], "total_minor": 1800, "currency": "EUR"},
    )


def start_of(order: Seeded, *, pace: float, settle: timedelta) -> JourneyStart:
    """The journey's start input; the pace travels as `country` (see `bench.reference`)."""
    return JourneyStart(
        journey_id=order.journey_id,
        store_id=STORE,
        order_ref=order.order_ref,
        person_ref=order.person_ref,
        placed=order.placed,
        zone="Europe/Berlin",
        country=str(pace),
        settle=settle,
    )
