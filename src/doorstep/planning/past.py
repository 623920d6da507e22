"""The instants as of which a journey can be planned."""

from __future__ import annotations

from datetime import datetime, timedelta

from doorstep.errors import BadInput
from doorstep.models.reading.clock import Clock

_ROUNDED_UP = timedelta(microseconds=999_999)
"""What is offered is taken: the whole second that a journey began in began before it."""


def check_past(name: str, at: datetime, begun: datetime, now: datetime, zone: str) -> None:
    """Raises `BadInput` where `at` is not between a journey's beginning and now (all aware), saying on which side it
    lies. `name`: of the parameter, as its reader knows it. `zone`: the customer's, by whose clock all else is told."""
    if begun <= at <= now:
        return
    local = Clock(zone).zone

    def told(at: datetime) -> str:
        return at.astimezone(local).isoformat(timespec="seconds")

    side = "lies in the future" if at > now else "is before this journey began"
    raise BadInput(
        f"{name} {side}: {told(at)} by the customer's clock.",
        mend=f"Give an instant from {told(begun + _ROUNDED_UP)} to {told(now)} (now).",
    )
