"""What holds of a person on one channel: the last word on consent, and what blocks the address whatever they say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col

from doorstep.domain.customers import Consent, Suppression, SuppressionCause
from doorstep.domain.messages import Channel, Purpose
from doorstep.models.addresses import address_hash
from doorstep.models.facts import addresses_of
from doorstep.models.people import SuppressionRow
from doorstep.models.reading.consents import latest_consent
from doorstep.models.reading.rows import rows, whole
from doorstep.policies.suppression import binds

_ENTRIES = whole(
    SuppressionRow,
    col(SuppressionRow.address_hash) == bindparam("hash"),
    col(SuppressionRow.store_id) == bindparam("store"),
    col(SuppressionRow.lifted_at).is_(None),
    order=(col(SuppressionRow.since), col(SuppressionRow.cause)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`granted` None: no word was ever given. `reachable`: an address is known. `blocked`: why the address gets no
    message of that purpose, as the gate's own rule says."""

    channel: Channel
    granted: bool | None
    at: datetime | None
    source: str
    reachable: bool
    blocked: SuppressionCause | None


def standing_of(
    session: Session, store_id: str, person_id: str, channel: Channel, purpose: Purpose, secret: bytes
) -> Standing:
    """`secret`: the installation's own key, under which blocked addresses are remembered."""
    held = latest_consent(session, person_id, channel.value, purpose.value)
    words = () if held is None else (_word(channel, purpose, held.granted, held.at, held.source),)
    address = addresses_of(session.connection(), person_id).get(channel)
    entries = []
    if address is not None:
        found = rows(session, _ENTRIES, hash=address_hash(secret, channel, address), store=store_id)
        entries = [
            Suppression(channel=channel, cause=SuppressionCause(row.cause), since=row.since)
            for row in found
            if row.channel == channel
        ]
    return Standing(
        channel=channel,
        granted=None if held is None else held.granted,
        at=None if held is None else held.at,
        source="" if held is None else held.source,
        reachable=address is not None,
        blocked=next((entry.cause for entry in entries if binds(entry, purpose, words)), None),
    )


def _word(channel: Channel, purpose: Purpose, granted: bool, at: datetime, source: str) -> Consent:
    return Consent(channel=channel, purpose=purpose, granted=granted, at=at, source=source)
