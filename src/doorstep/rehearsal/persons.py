"""What a person's own record learns of what is told of them, in memory: consents, zone and erasure.

Whom it is told to is `inbox`'s.
"""

from __future__ import annotations

from datetime import datetime

from doorstep.domain import facts
from doorstep.domain.customers import Consent
from doorstep.domain.events import Envelope
from doorstep.domain.messages import Channel, Purpose
from doorstep.rehearsal.records import PersonRecord, Records

SOURCE = "api"
"""Who told a consent that an order showed; …"""
ADAPTER = "signed"
"""… and one that an event told."""
_CONSENTS = (facts.ConsentGranted.type, facts.ConsentWithdrawn.type)


def learn(records: Records, person: PersonRecord, envelope: Envelope) -> None:
    """What of the person's own record follows from it."""
    if envelope.type in _CONSENTS:
        granted = envelope.type == facts.ConsentGranted.type
        word = (facts.ConsentGranted if granted else facts.ConsentWithdrawn).read(envelope)
        for channel in (Channel(word.channel),) if word.channel else tuple(Channel):
            keep_consent(
                person, channel, Purpose(word.purpose), granted, word.at, envelope.received_at, ADAPTER
            )
    elif envelope.type == facts.ZoneChanged.type:
        person.zone = facts.ZoneChanged.read(envelope).zone
    elif envelope.type == facts.PersonErased.type:
        person.erased_at, person.addresses = envelope.occurred_at, {}
        for order in records.orders_of(person.ref):
            order.state = order.state.apply(envelope)


def keep_consent(
    person: PersonRecord,
    channel: Channel,
    purpose: Purpose,
    granted: bool,
    at: datetime,
    received: datetime,
    source: str = SOURCE,
) -> None:
    """The latest word by its own time holds; of two at one instant the withdrawal."""
    told = Consent(channel=channel, purpose=purpose, granted=granted, at=min(at, received), source=source)
    held = [c for c in person.consents if (c.channel, c.purpose) == (channel, purpose)]
    last = max([*held, told], key=lambda c: (c.at, not c.granted))
    others = [c for c in person.consents if c not in held]
    person.consents = tuple(sorted([*others, last], key=lambda c: (c.channel, c.purpose)))
