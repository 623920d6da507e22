"""Is it a decent hour where the person lives?"""

from __future__ import annotations

from datetime import time
from functools import lru_cache

from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import SkipReason
from doorstep.policies.case import Case, Ruling, defers, iso, passes, skips


def quiet_hours(case: Case) -> Ruling:
    """Marketing, and transactional SMS or push that the person did not just cause, wait for the store's
    window in the person's zone. When the window opens too late, a channel that may go now is used instead
    (transactional email); without one it is skipped."""
    window, zone = case.facts.policy.window, case.facts.zone
    read = {
        "zone": zone,
        "window": [_minutes(window.opens), _minutes(window.closes)],
        "open": window.is_open(case.at, zone),
    }
    if case.request.ignore_timing:
        return passes("An agent said to send now: quiet hours are overridden.", read | {"overridden": True})
    if read["open"]:
        return passes("The send window is open where the person lives.", read)
    free = tuple(channel for channel in case.channels if not _bound(case, channel))
    if free[:1] == case.channels[:1]:
        return passes("Quiet hours do not bind this message.", read)
    until = window.next_opening(case.at, zone)
    if until < case.request.expires_at:
        detail = f"Quiet hours where the person lives; the window opens at {iso(until)}."
        return defers(until, SkipReason.QUIET_HOURS_EXPIRED, detail, read | {"opens_at": iso(until)})
    read |= {"opens_at": iso(until)}
    if free:
        return passes(f"The window opens too late; {free[0]} may go now.", read, channels=free)
    return skips(
        SkipReason.QUIET_HOURS_EXPIRED, "The send window opens after the touch's use has ended.", read
    )


@lru_cache(maxsize=256)
def _minutes(at: time) -> str:
    return at.isoformat("minutes")


def _bound(case: Case, channel: Channel) -> bool:
    return case.marketing or (channel is not Channel.EMAIL and not case.request.prompted)
