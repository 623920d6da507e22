"""Persons, how they are recognised, what they agreed to, and whom never to write to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from doorstep.models.base import instant


class PersonRow(SQLModel, table=True):
    """One person of one store. Personal data lives here and in `identities`, `orders` and the inbox only.
    This row is the lock under which touches of the person are decided."""

    __tablename__ = "persons"

    id: str = Field(primary_key=True)
    store_id: str = Field(foreign_key="stores.id", index=True)
    first_name: str = ""
    last_name: str = ""
    name_key: str = Field(default="", index=True)
    """Folded "first last", for search."""
    locale: str = ""
    country: str = ""
    zone: str = "UTC"
    zone_source: str = "store"
    """What the zone was derived from: stated, address, phone or store; better sources win."""
    created_at: datetime = instant()
    updated_at: datetime = instant()
    erased_at: datetime | None = instant(nullable=True)


class IdentityRow(SQLModel, table=True):
    """One way a person is recognised. `kind`: email, phone, customer (`<connection>:<external id>`).
    `seen_at` decides which email is the current address."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("store_id", "kind", "value"),)

    id: int | None = Field(default=None, primary_key=True)
    store_id: str
    person_id: str = Field(foreign_key="persons.id", index=True)
    kind: str
    value: str
    seen_at: datetime = instant()


class ConsentRow(SQLModel, table=True):
    """One word on consent; the latest by `at` per person, channel and purpose holds. Never changed."""

    __tablename__ = "consents"
    __table_args__ = (
        UniqueConstraint("person_id", "channel", "purpose", "at", "granted"),
        Index("ix_consents_latest", "person_id", "channel", "purpose", "at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    store_id: str
    person_id: str = Field(foreign_key="persons.id")
    channel: str
    purpose: str
    granted: bool
    at: datetime = instant()
    source: str
    heard_at: datetime | None = instant(nullable=True)
    """When we heard it, which may be long after it was said; None: when it was said (a release from before 0007)."""


class SuppressionRow(SQLModel, table=True):
    """An address never to write to, as a keyed hash: it outlives the person's erasure."""

    __tablename__ = "suppressions"
    __table_args__ = (UniqueConstraint("store_id", "channel", "address_hash", "cause"),)

    id: int | None = Field(default=None, primary_key=True)
    store_id: str
    channel: str
    address_hash: str = Field(index=True)
    cause: str
    since: datetime = instant()
    lifted_at: datetime | None = instant(nullable=True)
    heard_at: datetime | None = instant(nullable=True)
    """Since when we know that it holds: told again it stays, lifted and told anew it begins again. None: `since`."""
