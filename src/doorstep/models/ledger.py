"""The ledger: one row per touch, every decision on it, what providers reported, and the local outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from doorstep.models.base import instant


class LedgerRowModel(SQLModel, table=True):
    """One touch; `domain.touches.LedgerRow` flattened. `request` is the `TouchRequest` as JSON."""

    __tablename__ = "ledger"
    __table_args__ = (
        Index("ix_ledger_journey", "journey_id", "due_at"),
        Index("ix_ledger_person", "person_id", "purpose", "counted_at"),
        Index("ix_ledger_state", "state", "sending_at"),
    )

    key: str = Field(primary_key=True)
    store_id: str
    person_id: str
    journey_id: str
    order_ref: str
    step: str
    occurrence: str = ""
    template: str
    purpose: str
    priority: int
    request: dict[str, Any] = Field(sa_type=JSON)
    due_at: datetime = instant()
    expires_at: datetime = instant()
    state: str
    fence: int = 0
    reason: str | None = None
    detail: str = ""
    channel: str | None = None
    decided_at: datetime | None = instant(nullable=True)
    deferred_until: datetime | None = instant(nullable=True)
    reserved_until: datetime | None = instant(nullable=True)
    sending_at: datetime | None = instant(nullable=True)
    accepted_at: datetime | None = instant(nullable=True)
    counted_at: datetime | None = instant(nullable=True)
    """When it counts towards the caps: sending time, or the decision's for reserved and held-out ones."""
    attempts: int = 0
    provider: str = ""
    provider_message_id: str = ""
    template_digest: str = ""
    body_digest: str = ""
    shadow: bool = False
    tried: list[Any] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = instant()
    updated_at: datetime = instant()


class DecisionRow(SQLModel, table=True):
    """One decision with its trace. Append-only."""

    __tablename__ = "decisions"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(index=True)
    at: datetime = instant()
    verdict: str
    reason: str | None = None
    until: datetime | None = instant(nullable=True)
    channel: str | None = None
    fence: int = 0
    trace: list[Any] = Field(default_factory=list, sa_type=JSON)


class MessageEventRow(SQLModel, table=True):
    """What a provider reported of a message: delivered, opened, bounced … Unique per provider event."""

    __tablename__ = "message_events"

    id: str = Field(primary_key=True)
    key: str = Field(index=True)
    type: str
    at: datetime = instant()
    received_at: datetime = instant()
    provider: str
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class OutboxMessage(SQLModel, table=True):
    """A message the local stand-in accepted. Never deduplicated: a double send must show."""

    __tablename__ = "outbox_messages"
    __table_args__ = (Index("ix_outbox_journey", "journey_id", "sent_at"),)

    id: str = Field(primary_key=True)
    store_id: str
    key: str = Field(index=True)
    fence: int
    journey_id: str
    order_ref: str
    channel: str
    purpose: str
    to_address: str
    subject: str = ""
    html: str = ""
    text: str = ""
    headers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    template: str
    template_digest: str
    digest: str
    sent_at: datetime = instant(index=True)
