"""What persons and shops asked about their data, and until when it is owed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from doorstep.models.base import instant


class RequestKind(StrEnum):
    """`access`: a copy of everything; `erasure`: of one person; `shop`: of everybody a connection told us of."""

    ACCESS = "access"
    ERASURE = "erasure"
    SHOP = "shop"


class PrivacyRequestRow(SQLModel, table=True):
    """One request. References only: it outlives the person's erasure, as proof that it was done."""

    __tablename__ = "privacy_requests"
    __table_args__ = (Index("ix_privacy_requests_open", "done_at", "due_at"),)

    id: str = Field(primary_key=True)
    """`prq_…`: follows from what was asked, so that it is one row however often it is told."""
    store_id: str = Field(foreign_key="stores.id")
    connection_id: str = ""
    kind: str
    person_id: str | None = Field(default=None, index=True)
    """None: nobody we know (an access request: nothing is held), or a whole shop."""
    asked_at: datetime = instant()
    due_at: datetime = instant()
    """When the law or the platform wants it answered."""
    done_at: datetime | None = instant(nullable=True)
    done_by: str = ""
    """The actor, as the audit log names it."""
    scrubbed_at: datetime | None = instant(nullable=True)
    """Erasures: when the database's files were rid of what the rows had held."""
