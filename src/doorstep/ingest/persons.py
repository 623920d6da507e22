"""Who this is: a sighting becomes a person of the store, the same one every time.

Recognised by the store's customer id, else by email, else by phone. Where these point at different persons,
the first in that order decides and the others keep what they have (logged, without personal data). A phone
alone does not join two people who gave different emails: a household shares a number, and joining them would
send one's parcels to the other's inbox.

An erased person stays erased: nothing is written back on their row. When they order again they are a new
person, who takes over the identities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from doorstep.domain.moments import is_zone
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.person_rows import (
    BY_ID,
    FIND,
    FORGET,
    FORGET_IDENTITIES,
    HAS_EMAIL,
    SAVE,
    SEEN,
    TAKE_OVER,
    Person,
    columns_of,
    person_of,
)
from doorstep.ingest.sql import IDENTITIES, PERSONS
from doorstep.models.ids import draw
from doorstep.models.names import name_key
from doorstep.sources.sightings import PersonSighting

__all__ = ["People", "name_key"]

log = structlog.get_logger(__name__)

ZONE_RANK = {"store": 0, "phone": 1, "address": 2, "stated": 3}
Key = tuple[str, str]
"""(kind, value) of an identity."""
FREED = ""
"""The owner of an identity that belonged to an erased person who came back: the new person takes it over."""


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
        self.delivery.change(FORGET_IDENTITIES, {"person": person.id})
        self.delivery.change(FORGET, {"person": person.id})

    def by_id(self, person_id: str) -> Person | None:
        """The person of an order that knows its own."""
        row = self.delivery.first(BY_ID, person=person_id)
        return None if row is None else person_of(person_id, row)

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

    def stated_zone(self, person_id: str, zone: str, at: datetime, seen: Person | None = None) -> None:
        """The person says by which clock they live, whichever way it was told whose word it is. `seen`: the person, by
        whoever holds them already."""
        person = seen or self.by_id(person_id)
        if person is not None and not person.erased and is_zone(zone):
            self._refresh(person, PersonSighting(zone=zone, zone_from="stated"), at, "")

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
        store = self.delivery.at.store_id
        asked = [{"store": store, "of_kind": kind, "of_value": value} for kind, value in keys]
        for (kind, value), found in zip(keys, self.delivery.every(FIND, asked), strict=True):
            for row in found:
                owners[kind, value] = row.person_id
                persons[row.person_id] = person_of(row.person_id, row)
        return owners, persons

    def _match(self, keys: list[Key], has_email: bool) -> tuple[Person | None, dict[Key, str]]:
        owners, persons = self._owners(keys)
        first = next((key for key in keys if key in owners), None)
        if first is None:
            return None, owners
        person = persons[owners[first]]
        by_phone_alone = first[0] == "phone" and has_email and not person.erased
        if by_phone_alone and self.delivery.first(HAS_EMAIL, person=person.id) is not None:
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
        self.delivery.insert_later(PERSONS, {**values, **columns_of(person)})
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
            self.delivery.later(SAVE, {"person": person.id, **columns_of(person)})

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
                kept = self.delivery.insert_missing(IDENTITIES, row) and kept
            elif owner == FREED:
                self.delivery.later(TAKE_OVER, {**this, "person_id": person.id, "seen_at": at})
            elif owner == person.id and moves:
                self.delivery.later(SEEN, {**this, "of_person": person.id, "before": at, "seen_at": at})
        kept_by = sorted(
            {(kind, owner) for (kind, _), owner in owners.items() if owner not in (FREED, person.id)}
        )
        if kept_by:
            log.warning("identities of different persons", person=person.id, kept_by=kept_by)
        return kept
