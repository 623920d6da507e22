"""Orders, their lines, their parcels, and the catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from doorstep.models.base import instant, minor


class OrderRow(SQLModel, table=True):
    """One order. `state` is `domain.orders.OrderState` as JSON, kept by the same reducer as the journey's.
    The row outlives Temporal's retention: it is the lasting guard against a second journey."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("store_id", "external_id"),
        Index("ix_orders_number", "store_id", "number"),
    )

    id: str = Field(primary_key=True)
    """`ord_…`"""
    store_id: str = Field(foreign_key="stores.id")
    external_id: str
    number: str = ""
    """What the customer calls it, such as #1001."""
    person_id: str | None = Field(default=None, foreign_key="persons.id", index=True)
    journey_id: str
    parent_ref: str | None = Field(default=None, index=True)
    """The order whose journey this exchange's order joins."""
    connection_id: str = ""
    currency: str = ""
    total_minor: int = minor()
    placed_at: datetime | None = instant(nullable=True, index=True)
    whole: bool = False
    """False: only heard of through a shipment or refund; its events are held until the order comes."""
    test: bool = False
    status_url: str = ""
    address: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    state: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = instant()
    updated_at: datetime = instant()


class OrderLineRow(SQLModel, table=True):
    """One line, as the customer would read it."""

    __tablename__ = "order_lines"
    __table_args__ = (Index("ix_order_lines_product", "store_id", "product_ref"),)

    order_ref: str = Field(primary_key=True, foreign_key="orders.id")
    ref: str = Field(primary_key=True)
    store_id: str
    product_ref: str
    title: str
    sku: str = ""
    category: str = ""
    quantity: int
    price_minor: int = minor()
    image_url: str = ""


class ShipmentRow(SQLModel, table=True):
    """One parcel, as support and templates read it; `orders.state` holds the reducer's view."""

    __tablename__ = "shipments"

    ref: str = Field(primary_key=True)
    store_id: str
    order_ref: str = Field(foreign_key="orders.id", index=True)
    external_id: str
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    status: str = "pending"
    substatus: str = ""
    status_at: datetime | None = instant(nullable=True)
    expected_at: datetime | None = instant(nullable=True)
    expect_next_by: datetime | None = instant(nullable=True)
    delivered_at: datetime | None = instant(nullable=True)
    lines: list[Any] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime | None = instant(nullable=True)
    """When the parcel was first heard of: the order in which a message lists them."""
    updated_at: datetime = instant()


class CheckpointRow(SQLModel, table=True):
    """One scan of a parcel."""

    __tablename__ = "checkpoints"
    __table_args__ = (UniqueConstraint("shipment_ref", "status", "at", "substatus"),)

    id: int | None = Field(default=None, primary_key=True)
    shipment_ref: str
    status: str
    substatus: str = ""
    at: datetime = instant()
    received_at: datetime = instant()
    event_id: str


class ProductRow(SQLModel, table=True):
    """The catalogue as far as it was heard of. `replenish_days`: the merchant's own word on how long one lasts."""

    __tablename__ = "products"
    __table_args__ = (Index("ix_products_category", "category", "store_id"),)

    store_id: str = Field(primary_key=True, foreign_key="stores.id")
    ref: str = Field(primary_key=True)
    title: str
    category: str = ""
    url: str = ""
    image_url: str = ""
    price_minor: int = minor()
    currency: str = ""
    replenish_days: int | None = None
    in_stock: bool = True
    updated_at: datetime = instant()
