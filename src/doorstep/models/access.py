"""API keys and the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from doorstep.models.base import instant


class ApiKeyRow(SQLModel, table=True):
    """A bearer key `dsk_<id>_<secret>`; only the secret's SHA-256 is kept. `store_id` None: every store."""

    __tablename__ = "api_keys"

    id: str = Field(primary_key=True)
    name: str
    scopes: list[Any] = Field(sa_type=JSON)
    store_id: str | None = None
    secret_hash: str
    created_at: datetime = instant()
    revoked_at: datetime | None = instant(nullable=True)


class AuditRow(SQLModel, table=True):
    """Who did what to what, and why. Append-only; no personal data."""

    __tablename__ = "audit"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = instant(index=True)
    actor: str
    action: str
    subject: str = Field(index=True)
    reason: str = ""
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
