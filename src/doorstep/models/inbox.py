"""The inbox: every webhook as it came, and every event read from one, until it reached its journey."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary
from sqlmodel import Field, SQLModel

from doorstep.models.base import instant


class InboxStatus(StrEnum):
    """Of one event. `held`: its order is not known yet. `kept`: the journey was over; on the order's record only."""

    PENDING = "pending"
    HELD = "held"
    DELIVERED = "delivered"
    KEPT = "kept"


class WebhookStatus(StrEnum):
    """Of one webhook. `quarantined`: at least a part could not be read; `ignored`: nothing in it concerns us;
    `erased` at a person's wish, `purged` for its age: body and headers are gone."""

    READ = "read"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"
    ERASED = "erased"
    PURGED = "purged"


class InboxWebhookRow(SQLModel, table=True):
    """A webhook as it came, raw. Its id follows from connection and external id: a duplicate is answered and dropped.

    As few indices as there are questions: each is written by every webhook."""

    __tablename__ = "inbox_webhooks"
    __table_args__ = (Index("ix_inbox_webhooks_status", "status", "received_at"),)

    id: str = Field(primary_key=True)
    store_id: str
    connection_id: str
    external_id: str
    topic: str = ""
    headers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    body: bytes = Field(sa_type=LargeBinary)
    received_at: datetime = instant()
    status: str
    problems: list[Any] = Field(default_factory=list, sa_type=JSON)
    redriven_at: datetime | None = instant(nullable=True)


class InboxEventRow(SQLModel, table=True):
    """An envelope on its way to a journey; its id follows from connection and external id. `data` carries no personal
    data."""

    __tablename__ = "inbox_events"
    __table_args__ = (
        Index("ix_inbox_events_due", "status", "due_at"),
        Index("ix_inbox_events_order", "order_ref"),
    )

    id: str = Field(primary_key=True)
    webhook_id: str = Field(index=True)
    store_id: str
    connection_id: str
    external_id: str
    fact_key: str
    type: str
    occurred_at: datetime = instant()
    received_at: datetime = instant()
    order_ref: str | None = None
    person_id: str | None = Field(default=None, index=True)
    subject: str | None = None
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    trace_parent: str = ""
    """W3C `traceparent` of the webhook that told it; empty when nobody traces."""
    status: str = InboxStatus.PENDING
    except_journey: str | None = None
    """A person-level event that does not concern this journey (its own second order)."""
    attempts: int = 0
    due_at: datetime = instant()
    """When the sweep may take it: a little after it came, later after each failed try."""
    error: str = ""
    delivered_at: datetime | None = instant(nullable=True)
