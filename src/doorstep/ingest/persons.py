"""Who this is: a sighting becomes a person of the store, the same one every time.

Recognised by the store's customer id, else by email, else by phone. Where these point at different persons,
the first in that order decides and the others keep what they have (logged, without personal data). A phone
alone does not join two people who gave different emails: a household shares a number, and joining them would
send one's parcels to the other's inbox.

An erased person stays erased: nothing is written back on their row. When they order again they are a new
person, who takes over the identities.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import and_, bindparam, delete, select

from doorstep.ingest.delivery import Delivery
from doorstep.ingest.sql import IDENTITIES, PERSONS, setting
from doorstep.models.ids import draw
from doorstep.models.prepared import prepared
from doorstep.sources.base import PersonSighting

log = structlog.get_logger(__name__)

ZONE_RANK = {"store": 0, "phone": 1, "address": 2, "stated": 3}
_SHOWN = ("first_name", "last_name", "name_key", "locale", "country", "zone", "zone_source", "updated_at")
_READ = tuple(PERSONS.c[name] for name in _SHOWN if name != "name_key")
#: one key at a time: with several in one OR, SQLite reads every identity of the store
_FIND = prepared(
    select(IDENTITIES.c.person_id, *_READ, PERSONS.c.erased_at)
    .join(PERSONS, PERSONS.c.id == IDENTITIES.c.person_id)
    .where(
        IDENTITIES.c.store_id == bindparam("store"),
        IDENTITIES.c.kind == bindparam("of_kind"),
        IDENTITIES.c.value == bindparam("of_value"),
    )
)
_BY_ID = prepared(select(*_READ, PERSONS.c.erased_at).where(PERSONS.c.id == bindparam("person")))
_HAS_EMAIL = prepared(
    select(IDENTITIES.c.id).where(IDENTITIES.c.person_id == bindparam("person"), IDENTITIES.c.kind == "email")
)
_SAVE = setting(PERSONS, PERSONS.c.id == bindparam("person"), *_SHOWN)
_THIS = and_(
    IDENTITIES.c.store_id == bindparam("in_store"),
    IDENTITIES.c.kind == bindparam("of_kind"),
    IDENTITIES.c.value == bindparam("of_value"),
)
_SEEN = setting(
    IDENTITIES,
    and_(_THIS, IDENTITIES.c.person_id == bindparam("of_person"), IDENTITIES.c.seen_at < bindparam("before")),
    "seen_at",
)
_FORGET = prepared(delete(PERSONS).where(PERSONS.c.id == bindparam("person")))
_FORGET_IDENTITIES = prepared(delete(IDENTITIES).where(IDENTITIES.c.person_id == bindparam("person")))
_TAKE_OVER = setting(IDENTITIES, _THIS, "person_id", "seen_at")

Key = tuple[str, str]
"""(kind, value) of an identity."""
FREED = ""
"""The owner of an identity that belonged to an erased person who came back: the new person takes it over."""


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


@dataclass(slots=True)
class People:
    """The persons of one webhook, each resolved once."""

    delivery: Delivery
    known: dict[tuple[PersonSighting, tuple[str, ...]], Person | None] = field(default_factory=dict)
    moved: list[Person] = field(default_factory=list)
    """Whose zone changed: each becomes an event."""

    def resolve(
        self,
        sighting: PersonSighting,
        at: datetime,
        *,
        emails: Sequence[str] = (),
        phone: str | None = None,
        country: str = "",
        create: bool = True,
        ordering: bool = False,
    ) -> Person | None:
        """The person; made if `create` and nobody fits. `at` is when they were seen so (the webhook's own
        time). `emails`/`phone`: further contact of the order. `ordering`: someone erased comes back as new."""
        keys = self._keys(sighting, emails, phone)
        cached = (sighting, tuple(value for _, value in keys))
        if cached in self.known and keys:
            return self.known[cached]
        person, owners = self._match(keys, bool(sighting.email or emails))
        if person is not None and person.erased and not ordering:
            self.known[cached] = person
            return person
        if person is not None and person.erased:
            log.warning("erased person returned", person=person.id)
            person = None
            owners = dict.fromkeys(owners, FREED)
        if person is None:
            if not create:
                return None
            person = self._create(sighting, at, country)
        else:
            self._refresh(person, sighting, at, country)
        if not self._identify(person, keys, owners, at, moves=ordering) and person.new:
            # PostgreSQL: another process made this person at the same moment, and has committed by now.
            self._unmake(person)
            return self.resolve(
                sighting, at, emails=emails, phone=phone, country=country, create=create, ordering=ordering
            )
        self.known[cached] = person
        return person

    def _unmake(self, person: Person) -> None:
        self.delivery.change(_FORGET_IDENTITIES, {"person": person.id})
        self.delivery.change(_FORGET, {"person": person.id})

    def by_id(self, person_id: str) -> Person | None:
        """The person of an order that knows its own."""
        row = self.delivery.first(_BY_ID, person=person_id)
        return None if row is None else _person(person_id, row)

    def of_order(
        self,
        person_id: str,
        sighting: PersonSighting,
        at: datetime,
        *,
        emails: Sequence[str] = (),
        phone: str | None = None,
        country: str = "",
    ) -> Person | None:
        """The person an order already belongs to, with what this newer sighting adds."""
        person = self.by_id(person_id)
        if person is None or person.erased:
            return person
        self._refresh(person, sighting, at, country)
        keys = self._keys(sighting, emails, phone)
        self._identify(person, keys, self._owners(keys)[0], at, moves=True)
        return person

    def _keys(self, sighting: PersonSighting, emails: Sequence[str], phone: str | None) -> list[Key]:
        keys: list[Key] = []
        if sighting.external_id:
            keys.append(("customer", f"{self.delivery.at.id}:{sighting.external_id}"))
        keys += [("email", e) for e in dict.fromkeys((sighting.email, *emails)) if e]
        keys += [("phone", p) for p in dict.fromkeys((sighting.phone, phone)) if p]
        return keys

    def _owners(self, keys: list[Key]) -> tuple[dict[Key, str], dict[str, Person]]:
        owners: dict[Key, str] = {}
        persons: dict[str, Person] = {}
        for kind, value in keys:
            row = self.delivery.first(_FIND, store=self.delivery.at.store_id, of_kind=kind, of_value=value)
            if row is not None:
                owners[kind, value] = row.person_id
                persons[row.person_id] = _person(row.person_id, row)
        return owners, persons

    def _match(self, keys: list[Key], has_email: bool) -> tuple[Person | None, dict[Key, str]]:
        owners, persons = self._owners(keys)
        first = next((key for key in keys if key in owners), None)
        if first is None:
            return None, owners
        person = persons[owners[first]]
        by_phone_alone = first[0] == "phone" and has_email and not person.erased
        if by_phone_alone and self.delivery.first(_HAS_EMAIL, person=person.id) is not None:
            return None, owners
        return person, owners

    def _create(self, sighting: PersonSighting, at: datetime, country: str) -> Person:
        store = self.delivery.at
        person = Person(
            id=draw("per"),
            zone=sighting.zone or store.zone,
            zone_source=sighting.zone_from if sighting.zone else "store",
            first_name=sighting.first_name,
            last_name=sighting.last_name,
            locale=sighting.locale,
            country=country,
            updated_at=at,
            new=True,
        )
        values = {"id": person.id, "store_id": store.store_id, "created_at": self.delivery.received_at}
        self.delivery.insert_new(PERSONS, {**values, **_columns(person)})
        return person

    def _refresh(self, person: Person, sighting: PersonSighting, at: datetime, country: str) -> None:
        """What the sighting adds: a newer one replaces, an older one fills gaps; nothing told erases nothing."""
        newer = at >= person.updated_at
        changed = False
        told = {
            "first_name": sighting.first_name,
            "last_name": sighting.last_name,
            "locale": sighting.locale,
            "country": country,
        }
        for name, value in told.items():
            held = getattr(person, name)
            if value and value != held and (newer or not held):
                setattr(person, name, value)
                changed = True
        if sighting.zone and (sighting.zone, sighting.zone_from) != (person.zone, person.zone_source):
            changed = self._rezone(person, sighting, newer) or changed
        if changed:
            person.updated_at = max(at, person.updated_at)
            self.delivery.change(_SAVE, {"person": person.id, **_columns(person)})

    def _rezone(self, person: Person, sighting: PersonSighting, newer: bool) -> bool:
        offered, held = ZONE_RANK.get(sighting.zone_from, 0), ZONE_RANK.get(person.zone_source, 0)
        if offered < held or (offered == held and not newer):
            return False
        if sighting.zone != person.zone:
            person.zone_was = person.zone
            person.zone = sighting.zone or person.zone
            self.moved.append(person)
        person.zone_source = sighting.zone_from
        return True

    def _identify(
        self,
        person: Person,
        keys: list[Key],
        owners: dict[Key, str],
        at: datetime,
        *,
        moves: bool,
    ) -> bool:
        """Add what is new, note what was seen. False: somebody else was faster with one of them."""
        kept = True
        store = self.delivery.at.store_id
        for kind, value in keys:
            owner = owners.get((kind, value))
            this = {"in_store": store, "of_kind": kind, "of_value": value}
            if owner is None:
                row = {"store_id": store, "person_id": person.id, "kind": kind, "value": value, "seen_at": at}
                kept = self.delivery.insert_new(IDENTITIES, row) and kept
            elif owner == FREED:
                self.delivery.change(_TAKE_OVER, {**this, "person_id": person.id, "seen_at": at})
            elif owner == person.id and moves:
                self.delivery.change(_SEEN, {**this, "of_person": person.id, "before": at, "seen_at": at})
        kept_by = sorted(
            {(kind, owner) for (kind, _), owner in owners.items() if owner not in (FREED, person.id)}
        )
        if kept_by:
            log.warning("identities of different persons", person=person.id, kept_by=kept_by)
        return kept


def name_key(first_name: str, last_name: str) -> str:
    """A name folded for search: no case, no accents, single blanks. The search folds what it looks for alike."""
    plain = unicodedata.normalize("NFKD", f"{first_name} {last_name}".casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def _columns(person: Person) -> dict[str, Any]:
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


def _person(person_id: str, row: Any) -> Person:
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
