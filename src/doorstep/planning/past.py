"""The instants as of which a journey can be planned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from doorstep.errors import BadInput

_ROUNDED_UP = timedelta(microseconds=999_999)
"""What is offered is taken: the whole second that a journey began in began before it."""


def check_past(name: str, at: datetime, begun: datetime, now: datetime) -> None:
    """Raises `BadInput` where `at` is not between a journey's beginning and now (all aware), saying on which side it
    lies. `name`: of the parameter, as its reader knows it."""
    if begun <= at <= now:
        return
    side = "lies in the future" if at > now else "is before this journey began"
    raise BadInput(
        f"{name} {side}: {_told(at)}.",
        mend=f"Give an instant from {_told(begun + _ROUNDED_UP)} to {_told(now)} (now).",
    )


def _told(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
