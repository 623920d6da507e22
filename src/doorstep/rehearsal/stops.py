"""What would stop a touch that is expected to go, in words: the author's conditions, and the gate's rules turned
round."""

from __future__ import annotations

from datetime import timedelta

from doorstep.domain.customers import StorePolicy
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.touches import TouchRequest
from doorstep.policies.frequency import slots_of

_TOO_LATE = "until it is of no use any more"


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
        made.append(f"A parcel is in trouble, or a complaint is open, {_TOO_LATE}.")
        made += [_capped(most, cap.window) for cap, most in slots_of(policy, request.priority)]
        made.append(f"A message of a higher rank waits for the same slot, {_TOO_LATE}.")
    made.append("An agent skips it, or pauses or cancels the journey.")
    return tuple(made)


def _capped(most: int, window: timedelta) -> str:
    """A cap keeps a touch waiting, and stops it only when that takes too long."""
    hours = window.total_seconds() / 3600
    within = f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"
    others = "One other message" if most == 1 else f"{most} other messages"
    return f"{others} of marketing within {within}, {_TOO_LATE}."
