"""Tickets and loyalty points."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from doorstep.models.base import instant


class TicketRow(SQLModel, table=True):
    """A case for a person in support. Idempotent by `key`."""

    __tablename__ = "tickets"

    key: str = Field(primary_key=True)
    ref: str = Field(unique=True)
    store_id: str
    journey_id: str = Field(index=True)
    order_ref: str
    person_id: str = Field(index=True)
    reason: str
    priority: str
    status: str = "open"
    opened_at: datetime = instant()
    resolved_at: datetime | None = instant(nullable=True)


class PointsRow(SQLModel, table=True):
    """One movement of points. Idempotent by `key`; a balance is a sum, never a column."""

    __tablename__ = "points"

    key: str = Field(primary_key=True)
    store_id: str
    person_id: str = Field(index=True)
    journey_id: str
    order_ref: str
    points: int
    reason: str
    at: datetime = instant()
    available_at: datetime | None = instant(nullable=True)
    reverses: str = Field(default="", index=True)
