"""Persons and their identities as rows: the statements of `persons`, compiled once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, select

from doorstep.ingest.sql import IDENTITIES, PERSONS, setting
from doorstep.models.names import name_key
from doorstep.models.prepared import prepared

_SHOWN = ("first_name", "last_name", "name_key", "locale", "country", "zone", "zone_source", "updated_at")
_READ = tuple(PERSONS.c[name] for name in _SHOWN if name != "name_key")
#: read to be changed, so locked where rows can be (PostgreSQL): two orders of one person, told to two processes at
#: once, must know of each other. One key at a time: with several in one OR, SQLite reads every identity of the store
FIND = prepared(
    select(IDENTITIES.c.person_id, *_READ, PERSONS.c.erased_at)
    .join(PERSONS, PERSONS.c.id == IDENTITIES.c.person_id)
    .where(
        IDENTITIES.c.store_id == bindparam("store"),
        IDENTITIES.c.kind == bindparam("of_kind"),
        IDENTITIES.c.value == bindparam("of_value"),
    )
    .with_for_update(of=PERSONS, key_share=True)
)
BY_ID = prepared(
    select(*_READ, PERSONS.c.erased_at)
    .where(PERSONS.c.id == bindparam("person"))
    .with_for_update(key_share=True)
)
HAS_EMAIL = prepared(
    select(IDENTITIES.c.id).where(IDENTITIES.c.person_id == bindparam("person"), IDENTITIES.c.kind == "email")
)
SAVE = setting(PERSONS, PERSONS.c.id == bindparam("person"), *_SHOWN)
_THIS = and_(
    IDENTITIES.c.store_id == bindparam("in_store"),
    IDENTITIES.c.kind == bindparam("of_kind"),
    IDENTITIES.c.value == bindparam("of_value"),
)
SEEN = setting(
    IDENTITIES,
    and_(_THIS, IDENTITIES.c.person_id == bindparam("of_person"), IDENTITIES.c.seen_at < bindparam("before")),
    "seen_at",
)
FORGET = prepared(delete(PERSONS).where(PERSONS.c.id == bindparam("person")))
FORGET_IDENTITIES = prepared(delete(IDENTITIES).where(IDENTITIES.c.person_id == bindparam("person")))
TAKE_OVER = setting(IDENTITIES, _THIS, "person_id", "seen_at")


@dataclass(slots=True, kw_only=True)
class Person:
    """A person as ingest holds them. `new`: made by this webhook; `zone_was`: the zone it replaced."""

    id: str
    zone: str
    zone_source: str = "store"
    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    country: str = ""
    updated_at: datetime
    erased: bool = False
    new: bool = False
    zone_was: str | None = None


def columns_of(person: Person) -> dict[str, Any]:
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "name_key": name_key(person.first_name, person.last_name),
        "locale": person.locale,
        "country": person.country,
        "zone": person.zone,
        "zone_source": person.zone_source,
        "updated_at": person.updated_at,
    }


def person_of(person_id: str, row: Any) -> Person:
    return Person(
        id=person_id,
        zone=row.zone,
        zone_source=row.zone_source,
        first_name=row.first_name,
        last_name=row.last_name,
        locale=row.locale,
        country=row.country,
        updated_at=row.updated_at,
        erased=row.erased_at is not None,
    )
