"""Stores and their connections."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, col, select

from doorstep.errors import Conflict, NotFound, nearest
from doorstep.models.base import instant


class StoreRow(SQLModel, table=True):
    """A shop. Every other row names one. `policy`: overrides of `domain.customers.StorePolicy` (see
    `policies.reading`); `brand`: overrides of the default brand."""

    __tablename__ = "stores"

    id: str = Field(primary_key=True)
    name: str
    zone: str = "UTC"
    locale: str = "en"
    country: str = ""
    currency: str = "USD"
    policy: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    brand: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = instant()


class ConnectionRow(SQLModel, table=True):
    """One configured webhook source of one store: adapter + secrets + store. The secrets are not here: they
    come from the environment or the secrets file, by this id."""

    __tablename__ = "connections"

    id: str = Field(primary_key=True)
    store_id: str = Field(foreign_key="stores.id", index=True)
    source: str
    options: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = instant()
    disabled_at: datetime | None = instant(nullable=True)


def speaking(session: Session, store_id: str, source: str) -> tuple[StoreRow | None, str]:
    """A store, and the id of its own connection of that source; else of the installation's first one, whose
    account serves every store; empty without any."""
    found = session.exec(
        select(ConnectionRow)
        .where(col(ConnectionRow.source) == source, col(ConnectionRow.disabled_at).is_(None))
        .order_by(col(ConnectionRow.created_at), col(ConnectionRow.id))
    ).all()
    own = next((c.id for c in found if c.store_id == store_id), None)
    return session.get(StoreRow, store_id), own or (found[0].id if found else "")


def connect(session: Session, connection: str, store_id: str, source: str, at: datetime) -> ConnectionRow:
    """A new connection of a store. Raises `NotFound` for an unknown store, `Conflict` for an id that is taken."""
    stores = session.exec(select(StoreRow.id).order_by(col(StoreRow.id))).all()
    if store_id not in stores:
        raise NotFound(
            f"There is no store '{store_id}'.{nearest(store_id, stores)}",
            mend=f"Known: {', '.join(stores)}." if stores else "`doorstep stores add` makes one.",
        )
    if session.get(ConnectionRow, connection) is not None:
        raise Conflict(f"There is a connection '{connection}' already.", mend="Give this one another id.")
    row = ConnectionRow(id=connection, store_id=store_id, source=source, created_at=at)
    session.add(row)
    session.flush()
    return row


def connections(session: Session) -> list[ConnectionRow]:
    """Every connection by its id, disabled ones too."""
    return list(session.exec(select(ConnectionRow).order_by(col(ConnectionRow.id))).all())
