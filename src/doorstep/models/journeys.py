"""Journeys as support reads them, and the actions of agents."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from doorstep.models.base import instant


class JourneyStatus(StrEnum):
    PENDING = "pending"
    """Recorded, not yet started in Temporal."""
    OPEN = "open"
    CLOSED = "closed"


class JourneyRow(SQLModel, table=True):
    """A journey's projection. Written by ingest (created), the gateway (started) and the journey itself
    (`revision` only grows; an older projection is ignored)."""

    __tablename__ = "journeys"
    __table_args__ = (
        Index("ix_journeys_list", "store_id", "status", "started_at", "id"),
        Index("ix_journeys_person", "person_id", "status"),
        Index("ix_journeys_type", "type", "status"),
        Index("ix_journeys_due", "status", "next_due_at"),
        Index("ix_journeys_archive", "status", "archived_at", "closed_at"),
    )

    id: str = Field(primary_key=True)
    store_id: str = Field(foreign_key="stores.id")
    order_ref: str = Field(foreign_key="orders.id", index=True)
    person_id: str = Field(foreign_key="persons.id")
    type: str = ""
    """Workflow type such as standard.v1."""
    status: str = JourneyStatus.PENDING
    phase: str = ""
    paused: bool = False
    waits: list[Any] = Field(default_factory=list, sa_type=JSON)
    """`contracts.Wait` as JSON."""
    next_due_at: datetime | None = instant(nullable=True)
    revision: int = 0
    outcome: str = ""
    exit_cause: str = ""
    exited_at: datetime | None = instant(nullable=True)
    started_at: datetime = instant()
    projected_at: datetime | None = instant(nullable=True)
    closed_at: datetime | None = instant(nullable=True)
    archived_at: datetime | None = instant(nullable=True)
    """When its history was kept (`models.archive`)."""


class ActionStatus(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    APPLIED = "applied"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ActionRow(SQLModel, table=True):
    """What an agent asked of a journey. Only its id travels to Temporal."""

    __tablename__ = "actions"

    id: str = Field(primary_key=True)
    store_id: str
    journey_id: str = Field(foreign_key="journeys.id", index=True)
    kind: str
    step: str = ""
    occurrence: str = ""
    catch_up: str = "skip"
    reason: str
    actor: str
    status: str = ActionStatus.PENDING
    detail: str = ""
    waiting: list[Any] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = instant()
    claimed_at: datetime | None = instant(nullable=True)
    done_at: datetime | None = instant(nullable=True)
