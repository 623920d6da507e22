"""What would stop a touch that is expected to go, in words: the author's conditions, and the gate's rules turned
round."""

from __future__ import annotations

from doorstep.domain.customers import StorePolicy
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.touches import TouchRequest


def stops(
    request: TouchRequest, channel: Channel | None, unless: tuple[str, ...], policy: StorePolicy
) -> tuple[str, ...]:
    """In the order in which they would be met. `unless`: the author's conditions, as sentences."""
    made = list(unless)
    if not request.after_exit:
        made.append("The order is cancelled, or nothing of it is kept.")
    by = channel.value if channel else "every channel"
    if request.purpose is Purpose.MARKETING:
        made.append(f"Consent to marketing by {by} is withdrawn, or the person complains of spam.")
    made.append(f"The address for {by} bounces, is gone, or the person stops it.")
    if request.items and request.purpose is Purpose.MARKETING:
        made.append("What it is about goes back.")
    if request.offered:
        made.append("The person owns everything it offers by then.")
    if request.purpose is Purpose.MARKETING:
        made.append("A parcel is in trouble, or a complaint is open, until it is of no use any more.")
        made += [_capped(cap.limit, cap.window.total_seconds() / 3600) for cap in policy.caps]
    made.append("An agent skips it, or pauses or cancels the journey.")
    return tuple(made)


def _capped(limit: int, hours: float) -> str:
    window = f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"
    return f"{'One other message' if limit == 1 else f'{limit} other messages'} of marketing within {window}."
