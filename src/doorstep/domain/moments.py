"""Arithmetic of moments: local days, send windows, quiet hours. Zones are IANA names, instants are aware UTC.

A wall-clock time that a clock change skips goes forward to the first that exists; one that happens twice
takes the first (PEP 495 fold=0). The zone database is the pinned `tzdata` package where the machine has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from doorstep.errors import BadInput

WHOLE_COURSE = timedelta(days=90)
"""From an order to the close of its journey."""
COMES_ON_TOP = timedelta(days=30)
"""What may come on top of that: a pause that shifts, a refund that is confirmed last."""
MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""By number."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name. Raises `BadInput` for a name that does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(
            f"'{name}' is no time zone.", mend="Use an IANA name such as 'Europe/Berlin'."
        ) from error


def is_zone(name: str) -> bool:
    """Whether there is a zone of that name."""
    try:
        zone(name)
    except BadInput:
        return False
    return True


@lru_cache(maxsize=4096)  # the journeys of a zone share their days
def local_to_utc(day: date, at: time, zone_name: str) -> datetime:
    """The UTC instant of a local wall-clock time: gaps go forward, folds take the first."""
    tz = zone(zone_name)
    instant = datetime.combine(day, at, tzinfo=tz).astimezone(UTC)
    if instant.astimezone(tz).replace(tzinfo=None) == datetime.combine(day, at):
        return instant
    # In a gap PEP 495's fold=0 uses the offset before the change, which lands as far past the gap as the
    # wall time lay inside it; the first instant that exists is the transition itself.
    low, high = instant - timedelta(hours=3), instant
    offset = low.astimezone(tz).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(tz).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def in_words(local: datetime) -> str:
    """`Tue 3 Mar 2026, 14:20`, by the clock it is on."""
    # Not strftime: that follows the process's locale, and a page has a hundred of these.
    day, month = _DAYS[local.weekday()], MONTHS[local.month]
    return f"{day} {local.day} {month} {local.year}, {local.hour:02}:{local.minute:02}"


def local_date(instant: datetime, zone_name: str) -> date:
    """The calendar date of an instant where the person lives."""
    return instant.astimezone(zone(zone_name)).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class SendWindow:
    """When messages of our own making may go out, in the person's local time. `opens` < `closes`, same day."""

    opens: time = time(9, 0)
    closes: time = time(20, 0)

    def __post_init__(self) -> None:
        if not self.opens < self.closes:
            raise BadInput(
                f"A send window cannot open at {self.opens} and close at {self.closes}.",
                mend="Let it open before it closes, on the same day.",
            )

    def is_open(self, instant: datetime, zone_name: str) -> bool:
        """Whether the local wall clock stands in [opens, closes)."""
        return self.opens <= instant.astimezone(zone(zone_name)).time() < self.closes

    def next_opening(self, instant: datetime, zone_name: str) -> datetime:
        """`instant` itself if the window is open, else the first instant after it at which it opens (UTC)."""
        if self.is_open(instant, zone_name):
            return instant
        today = local_date(instant, zone_name)
        opening = local_to_utc(today, self.opens, zone_name)
        if opening < instant:
            opening = local_to_utc(today + timedelta(days=1), self.opens, zone_name)
        return opening


SPREAD = timedelta(minutes=90)


def opening_of_day(
    anchor: datetime, days: int, zone_name: str, window: SendWindow, spread: float = 0.0
) -> datetime:
    """The opening of the send window on the local date of `anchor` + `days`, in UTC.

    `spread` in [0, 1) moves it into the window by up to `SPREAD` (never past a third of the window), so
    that an evening's ten thousand orders do not wake in one second.
    """
    day = local_date(anchor, zone_name) + timedelta(days=days)
    opening = local_to_utc(day, window.opens, zone_name)
    return opening + _into(window.opens, window.closes, spread)


@lru_cache(maxsize=4096)
def _into(opens: time, closes: time, spread: float) -> timedelta:
    length = timedelta(hours=closes.hour - opens.hour, minutes=closes.minute - opens.minute)
    return timedelta(seconds=int(min(SPREAD, length / 3).total_seconds() * spread))
