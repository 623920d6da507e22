"""What persons agreed to. Append-only: the latest word by its own time holds, so any order of arrival will do.

An opt-out is written in the transaction that stores its webhook: committed before a touch moves to `sending`,
it wins. On PostgreSQL the person's row is locked for it, as the touch locks it; SQLite has one writer anyway.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from doorstep.domain.customers import UNDATED
from doorstep.domain.events import Envelope
from doorstep.domain.facts import ConsentGranted, ConsentWithdrawn
from doorstep.domain.messages import Channel, Purpose
from doorstep.ingest import inbox
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.persons import People
from doorstep.ingest.sql import CONSENTS
from doorstep.models.facts import LOCK
from doorstep.models.inbox import InboxStatus
from doorstep.sources.sightings import ConsentSighting

_SKEW = timedelta(minutes=5)
"""By how much a sender's clock may be ahead of ours."""


def keep_consents(delivery: Delivery, people: People, seen: Iterable[ConsentSighting]) -> None:
    """The consents a webhook showed beside its events (an order carries the person's standing choice). A grant
    that nobody dated fills a gap only: it is dated before every word, so that any word outranks it, come when it
    may. So is one dated ahead, which would otherwise be news again with each webhook that repeats it."""
    for consent in seen:
        at = min(consent.at, delivery.received_at)
        person = people.resolve(consent.person, at, create=False)
        undated = consent.standing or consent.at > delivery.received_at + _SKEW
        if person is not None and not person.erased:
            _keep(
                delivery,
                person.id,
                (consent.channel.value,),
                consent.purpose.value,
                consent.granted,
                UNDATED if consent.granted and undated else at,
                consent.source,
            )


def keep_word(delivery: Delivery, person_id: str, envelope: Envelope, store_id: str | None = None) -> None:
    """The consent an event granted or withdrew. Without a channel it holds for every channel."""
    granted = envelope.type == ConsentGranted.type
    word = (ConsentGranted if granted else ConsentWithdrawn).read(envelope)
    channels = (word.channel,) if word.channel else tuple(channel.value for channel in Channel)
    _keep(delivery, person_id, channels, word.purpose, granted, word.at, delivery.at.source, store_id)


def tell_word(
    delivery: Delivery,
    person_id: str,
    channel: Channel,
    name: str,
    at: datetime,
    *,
    granted: bool,
    purpose: Purpose = Purpose.MARKETING,
    store_id: str | None = None,
) -> bool:
    """A person's word on consent, heard otherwise than as an event of a source: into the inbox, to every open
    journey of theirs, and among the consents. `name` is its own in the connection; `store_id`: the person's, where
    another store's connection heard it. Whether it was new."""
    type_ = (ConsentGranted if granted else ConsentWithdrawn).type
    envelope = Envelope(
        id=inbox.event_id(delivery.at.id, name),
        fact_key=name,
        type=type_,
        occurred_at=at,
        received_at=delivery.received_at,
        connection=delivery.at.id,
        person_ref=person_id,
        data={"channel": channel.value, "purpose": purpose.value},
    )
    place = inbox.Place(status=InboxStatus.PENDING, person_id=person_id, store_id=store_id)
    if not inbox.store(delivery, envelope, name, place):
        return False
    delivery.persons.add(person_id)
    keep_word(delivery, person_id, envelope, store_id)
    return True


def withdraw_again(
    delivery: Delivery,
    person_id: str,
    channel: Channel,
    at: datetime,
    purpose: Purpose = Purpose.MARKETING,
) -> None:
    """A "no" that stands already, said once more: nobody is told, but it counts from now, so that a "yes" from
    between the two that comes late does not outrank it."""
    _keep(delivery, person_id, (channel.value,), purpose.value, False, at, delivery.at.source)


def _keep(
    delivery: Delivery,
    person_id: str,
    channels: tuple[str, ...],
    purpose: str,
    granted: bool,
    at: datetime,
    source: str,
    store_id: str | None = None,
) -> None:
    if delivery.dialect.name != "sqlite":
        delivery.later(LOCK, {"person": person_id})
    row = {
        "store_id": store_id or delivery.at.store_id,
        "person_id": person_id,
        "purpose": purpose,
        "granted": granted,
        "at": at,
        "source": source,
        "heard_at": delivery.heard_at,
    }
    for channel in channels:
        delivery.insert_later(CONSENTS, {**row, "channel": channel})
