"""Is it a decent hour where the person lives?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from functools import lru_cache
from typing import Any

from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import RuleTrace, SkipReason, Verdict
from doorstep.policies.case import Case, Ruling, defers, iso, only, skips


def quiet_hours(case: Case) -> RuleTrace | Ruling:
    """Marketing, and transactional SMS or push that the person did not just cause, wait for the store's
    window in the person's zone. When the window opens too late, a channel that may go now is used instead
    (transactional email); without one it is skipped."""
    window, zone = case.facts.policy.window, case.facts.zone
    is_open = window.is_open(case.at, zone)
    read = {
        "zone": zone,
        "window": [_minutes(window.opens), _minutes(window.closes)],
        "open": is_open,
    }
    if case.request.ignore_timing:
        return _passes("An agent said to send now: quiet hours are overridden.", read | {"overridden": True})
    if is_open:
        return _passes("The send window is open where the person lives.", read)
    free = tuple(channel for channel in case.channels if not _bound(case, channel))
    if free[:1] == case.channels[:1]:
        return _passes("Quiet hours do not bind this message.", read)
    until = window.next_opening(case.at, zone)
    if until < case.request.expires_at:
        detail = f"Quiet hours where the person lives; the window opens at {iso(until)}."
        read |= {"opens_at": iso(until)}
        return defers("quiet_hours", until, SkipReason.QUIET_HOURS_EXPIRED, detail, read)
    read |= {"opens_at": iso(until)}
    if free:
        return only("quiet_hours", free, f"The window opens too late; {free[0]} may go now.", read)
    detail = "The send window opens after the touch's use has ended."
    return skips("quiet_hours", SkipReason.QUIET_HOURS_EXPIRED, detail, read)


def _passes(detail: str, read: Mapping[str, Any]) -> RuleTrace:
    return RuleTrace("quiet_hours", Verdict.PASS, read, detail)


@lru_cache(maxsize=256)
def _minutes(at: time) -> str:
    return at.isoformat("minutes")


def _bound(case: Case, channel: Channel) -> bool:
    return case.marketing or (channel is not Channel.EMAIL and not case.request.prompted)
