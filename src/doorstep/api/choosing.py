"""A person's word on consent, given on a page of ours or to an agent: consent, audit and event in one transaction.

Shared by the unsubscribe page, the preference centre and the support desk, so that all stop the same touches: one
that has not reached `sending` when this commits does not go out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from doorstep.api.wiring import Services
from doorstep.domain.facts import ConsentGranted, ConsentWithdrawn
from doorstep.domain.messages import Channel, Purpose
from doorstep.ingest.consents import tell_word, withdraw_again
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.inputs import Connected
from doorstep.ingest.statements import Statements
from doorstep.models.access import AuditRow
from doorstep.models.people import PersonRow
from doorstep.models.reading.consents import latest_consent


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a person said on one channel. `page` names where (also the event's connection), `reason` says it in words
    for the audit; neither holds personal data. `actor`: who recorded it, when not the person themself; `said_at`: when
    it was said, when not now; `detail` goes to the audit."""

    store_id: str
    person_ref: str
    channel: str
    granted: bool
    page: str
    reason: str
    order_ref: str = ""
    purpose: Purpose = Purpose.MARKETING
    actor: str = ""
    said_at: datetime | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


def say(parts: Services, *words: Word) -> list[Word]:
    """Keeps those that change something, all in one transaction, and answers them. Withdrawing what was never
    granted is kept too, as a word of its own; granting again what stands is not, and of a withdrawal that stands only
    that it was said later. Of an erased person nothing is written."""
    now = parts.clock()
    with parts.database.write() as session:
        return [word for word in words if say_in(session, word, now)]


def say_in(session: Session, word: Word, now: datetime) -> bool:
    """`say` of one word within the caller's transaction. What an agent records is kept, and audited, each time."""
    # locked: a store's own word of the person may be on its way into the table just now
    person = session.get(PersonRow, word.person_ref, with_for_update={"key_share": True})
    if person is None or person.erased_at is not None:
        return False
    held = latest_consent(session, person.id, word.channel, word.purpose.value)
    stands = held is not None and held.granted == word.granted
    if stands and not word.granted:
        withdraw_again(_delivery(session, word, now), person.id, Channel(word.channel), now, word.purpose)
    elif not stands or word.actor:
        _tell(session, word, now)
    if stands and not word.actor:
        return False
    about = {"channel": word.channel, "purpose": word.purpose.value, "order": word.order_ref}
    session.add(
        AuditRow(
            at=now,
            actor=word.actor or f"person:{person.id}",
            action="consent.granted" if word.granted else "consent.withdrawn",
            subject=person.id,
            reason=word.reason,
            detail={**about, **word.detail},
        )
    )
    session.flush()
    return not stands


def _tell(session: Session, word: Word, now: datetime) -> None:
    """Into the inbox, as if a store had told it; the sweep carries it to every open journey of the person."""
    at = word.said_at or now
    type_ = (ConsentGranted if word.granted else ConsentWithdrawn).type
    name = f"{type_}:{word.person_ref}:{word.channel}:{word.purpose}:{at.isoformat()}"
    delivery, channel = _delivery(session, word, now), Channel(word.channel)
    tell_word(delivery, word.person_ref, channel, name, at, granted=word.granted, purpose=word.purpose)


def _delivery(session: Session, word: Word, now: datetime) -> Delivery:
    return Delivery(
        statements=Statements(session.connection()),
        at=Connected(id=word.page, store_id=word.store_id, source=word.page),
        webhook_id="",
        received_at=now,
    )
