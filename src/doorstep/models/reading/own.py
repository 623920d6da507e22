"""What a person may see of themselves through a link in a message: their rating, and what they let us write."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam
from sqlmodel import Session, col

from doorstep.domain.customers import SuppressionCause
from doorstep.domain.facts import ReviewSubmitted
from doorstep.domain.messages import Channel, Purpose
from doorstep.models.addresses import address_hash
from doorstep.models.facts import addresses_of
from doorstep.models.inbox import InboxEventRow
from doorstep.models.people import SuppressionRow
from doorstep.models.reading.consents import latest_consent
from doorstep.models.reading.rows import rows, whole

_REVIEWS = whole(
    InboxEventRow,
    col(InboxEventRow.order_ref) == bindparam("order"),
    col(InboxEventRow.type) == ReviewSubmitted.type,
    order=(col(InboxEventRow.received_at), col(InboxEventRow.occurred_at), col(InboxEventRow.id)),
)
_BLOCKS = whole(
    SuppressionRow,
    col(SuppressionRow.address_hash) == bindparam("hash"),
    col(SuppressionRow.store_id) == bindparam("store"),
    col(SuppressionRow.lifted_at).is_(None),
    col(SuppressionRow.cause)
    != SuppressionCause.ERASURE.value,  # ends with the person's new yes: theirs to give
    order=(col(SuppressionRow.since), col(SuppressionRow.id)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One channel on which the person can be written to, and whether marketing may. `withdrawn`: they said no, rather
    than nothing. `blocked`: the address is on the never-send list, so consent alone would change nothing."""

    channel: Channel
    granted: bool
    withdrawn: bool = False
    blocked: SuppressionCause | None = None


def choices_of(session: Session, store_id: str, person_id: str, secret: bytes) -> list[Choice]:
    """The channels for which the person has an address, email first. `secret`: the installation's own key,
    under which blocked addresses are remembered."""
    addresses = addresses_of(session.connection(), person_id)
    made = []
    for channel in (channel for channel in Channel if channel in addresses):
        held = latest_consent(session, person_id, channel.value, Purpose.MARKETING.value)
        hashed = address_hash(secret, channel, addresses[channel])
        blocks = [r for r in rows(session, _BLOCKS, hash=hashed, store=store_id) if r.channel == channel]
        made.append(
            Choice(
                channel=channel,
                granted=held is not None and held.granted,
                withdrawn=held is not None and not held.granted,
                blocked=SuppressionCause(blocks[0].cause) if blocks else None,
            )
        )
    return made


def rating_of(session: Session, order_ref: str) -> int | None:
    """The first rating of the order that was heard of, 1 to 5, whoever told it: a journey hears one. None while there
    is none."""
    for row in rows(session, _REVIEWS, order=order_ref):
        if isinstance(rating := row.data.get("rating"), int):
            return rating
    return None
