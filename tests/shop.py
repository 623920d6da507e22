"""A small shop in a database: one store, one person with an order of two lines, delivered in two parcels.

Everything a test changes it changes itself; what is here is what an ordinary order looks like.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session, SQLModel

from doorstep.domain.facts import Line
from doorstep.domain.ids import touch_key
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.orders import OrderState
from doorstep.domain.shipments import Shipment, ShipmentStatus
from doorstep.domain.touches import TouchRequest
from doorstep.models.base import Database
from doorstep.models.codec_json import order_json
from doorstep.models.journeys import JourneyRow
from doorstep.models.orders import OrderLineRow, OrderRow, ProductRow, ShipmentRow
from doorstep.models.people import ConsentRow, IdentityRow, PersonRow
from doorstep.models.stores import StoreRow

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SECRET = b"a secret of the tests"
STORE, PERSON, ORDER, JOURNEY = "shop", "per_ada", "ord_one", "jny_one"
EMAIL, PHONE = "ada@example.org", "+4915112345678"

LINES = (
    Line(ref="l1", product_ref="serum", quantity=2, current=2, category="Skincare", price_minor=2900),
    Line(ref="l2", product_ref="towel", quantity=1, current=1, category="Bath", price_minor=1900),
)
STATE = OrderState(
    lines=LINES,
    lines_at=NOON,
    shipments={
        "shp_a": Shipment(ref="shp_a", lines=(("l1", 2),), status=ShipmentStatus.IN_TRANSIT, status_at=NOON),
        "shp_b": Shipment(ref="shp_b", lines=(("l2", 1),)),
    },
)


def add(database: Database, *rows: SQLModel) -> None:
    """Commits those rows."""
    with database.write() as session:
        for row in rows:
            session.add(row)
            session.flush()


def open_shop(database: Database, *, policy: dict[str, Any] | None = None) -> None:
    """The store, its catalogue, the person, their order and its open journey."""
    add(
        database,
        StoreRow(
            id=STORE,
            name="Ada's shop",
            locale="en-GB",
            currency="EUR",
            policy=policy or {},
            brand={"support_email": "help@shop.example"},
            created_at=NOON,
        ),
        _product("serum", "Night serum", "Skincare", 2900),
        _product("cream", "Day cream", "Skincare", 2500),
        _product("towel", "Towel", "Bath", 1900),
    )
    with database.write() as session:
        add_person(session, PERSON, email=EMAIL, phone=PHONE)
        add_order(session, ORDER, JOURNEY, PERSON, STATE)


def _product(ref: str, title: str, category: str, price: int, **more: Any) -> ProductRow:
    return ProductRow(
        store_id=STORE,
        ref=ref,
        title=title,
        category=category,
        price_minor=price,
        currency="EUR",
        updated_at=NOON,
        **more,
    )


def add_person(session: Session, ref: str, *, email: str = "", phone: str = "") -> None:
    """A person in Berlin who agreed to marketing on every channel for which they gave an address."""
    session.add(
        PersonRow(
            id=ref,
            store_id=STORE,
            first_name="Ada",
            locale="",
            zone="Europe/Berlin",
            created_at=NOON,
            updated_at=NOON,
        )
    )
    session.flush()
    for kind, channel, value in (("email", "email", email), ("phone", "sms", phone)):
        if value:
            session.add(IdentityRow(store_id=STORE, person_id=ref, kind=kind, value=value, seen_at=NOON))
            session.add(
                ConsentRow(
                    store_id=STORE,
                    person_id=ref,
                    channel=channel,
                    purpose="marketing",
                    granted=True,
                    at=NOON - timedelta(days=1),
                    source="checkout",
                )
            )
    session.flush()


def add_order(
    session: Session,
    ref: str,
    journey: str,
    person: str,
    state: OrderState,
    *,
    placed_at: datetime = NOON,
    status: str = "open",
) -> None:
    """An order as that state says, with its journey, lines and parcels."""
    order = OrderRow(
        id=ref,
        store_id=STORE,
        external_id=ref,
        number=f"#{ref}",
        person_id=person,
        journey_id=journey,
        currency="EUR",
        total_minor=7700,
        placed_at=placed_at,
        whole=True,
        state=order_json(state),
        created_at=placed_at,
        updated_at=placed_at,
    )
    session.add(order)
    session.flush()
    session.add(
        JourneyRow(
            id=journey,
            store_id=STORE,
            order_ref=ref,
            person_id=person,
            type="standard.v1",
            status=status,
            started_at=placed_at,
        )
    )
    for line in state.lines:
        session.add(
            OrderLineRow(
                order_ref=ref,
                ref=line.ref,
                store_id=STORE,
                product_ref=line.product_ref,
                title=line.product_ref.title(),
                category=line.category,
                quantity=line.quantity,
                price_minor=line.price_minor,
            )
        )
    for n, parcel in enumerate(state.shipments.values()):
        session.add(
            ShipmentRow(
                ref=parcel.ref,
                store_id=STORE,
                order_ref=ref,
                external_id=parcel.ref,
                status=parcel.status.value,
                lines=[list(held) for held in parcel.lines],
                created_at=placed_at + timedelta(hours=n),
                updated_at=placed_at,
            )
        )
    session.flush()


def a_request(step: str = "care-guide", **changes: Any) -> TouchRequest:
    """A marketing email of that order, due at noon and of use for three days."""
    journey = changes.get("journey_id", JOURNEY)
    base = TouchRequest(
        key=touch_key(journey, step, changes.get("occurrence", "")),
        journey_id=journey,
        journey_type="standard.v1",
        store_id=STORE,
        order_ref=ORDER,
        person_ref=PERSON,
        step=step,
        template=step,
        purpose=Purpose.MARKETING,
        channels=(Channel.EMAIL,),
        due_at=NOON,
        expires_at=NOON + timedelta(days=3),
        as_of=NOON,
    )
    return replace(base, **changes)
