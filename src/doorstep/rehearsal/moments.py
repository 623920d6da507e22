"""When things of a scenario happen, as a person writes it.

| written | means |
|---|---|
| `day 3 10:00` | 10:00 on the person's local date of the order + 3 |
| `+36h`, `+2d 6h`, `+90s` | so much elapsed time after the order |
| `3h after review-request` | so long after that touch was sent (at once: `after review-request`) |

A scenario's own beginning: `10:15` (on the date the rehearsal begins), `10:15, 2 days before a clock change` (the
next one of the person's zone), or `2026-03-02 10:15` (that very day). All wall-clock times are the person's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from doorstep.domain import moments
from doorstep.errors import ScenarioError
from doorstep.sources.values import YEARS

FIRST_DAY = date(2026, 3, 2)
"""The date rehearsals begin on unless told otherwise: a Monday, with a European clock change in its fourth week."""

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SPAN = r"\d+[dhms](?:\s*\d+[dhms])*"
_DAY = re.compile(r"day (-?\d{1,4})(?: (\d{1,2}:\d{2}))?")
_OFFSET = re.compile(rf"\+\s*({_SPAN})")
_AFTER = re.compile(rf"(?:({_SPAN}) )?after ([A-Za-z0-9][\w.-]*)")
_PLACED = re.compile(
    r"(?:(\d{4}-\d{2}-\d{2}) )?(\d{1,2}:\d{2})(?:, (\d{1,3}) days? before (?:a|the next) clock change)?"
)
_CLOCK_CHANGES_WITHIN = 370
LONGEST = timedelta(days=3650)
"""No moment lies further from its order, and nothing lasts longer: a journey takes some years at most."""
_DIGITS = len(str(int(LONGEST.total_seconds())))
_AT_MOST = f"At most {LONGEST.days} days."
NOON = time(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A local wall-clock time on the order's date + `day`, or `offset` after the order."""

    day: int | None = None
    at: time = NOON
    offset: timedelta = timedelta()

    def resolve(self, placed: datetime, zone: str) -> datetime:
        """The instant (UTC), for an order placed then by a person who lives there."""
        if self.day is None:
            return placed + self.offset
        day = moments.local_date(placed, zone) + timedelta(days=self.day)
        return moments.local_to_utc(day, self.at, zone)

    def __str__(self) -> str:
        return f"day {self.day} {self.at:%H:%M}" if self.day is not None else f"+{span_text(self.offset)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """So long after a touch was accepted by its provider."""

    step: str
    wait: timedelta = timedelta()

    def __str__(self) -> str:
        return f"{span_text(self.wait)} after {self.step}" if self.wait else f"after {self.step}"


When = Moment | After


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """When the scenario's order is placed: a local time, on a date of its own, on the rehearsal's first day, or so
    many days before the next clock change of the person's zone."""

    at: time = time(10, 15)
    on: date | None = None
    before_change: int | None = None

    def resolve(self, first_day: date, zone: str) -> datetime:
        """The instant (UTC). Raises `ScenarioError` where the zone's clock never changes."""
        day = self.on or first_day
        if self.before_change is not None:
            day = next_clock_change(day + timedelta(days=self.before_change), zone) - timedelta(
                days=self.before_change
            )
        return moments.local_to_utc(day, self.at, zone)

    def __str__(self) -> str:
        on = f"{self.on} " if self.on else ""
        change = "" if self.before_change is None else f", {self.before_change} days before a clock change"
        return f"{on}{self.at:%H:%M}{change}"


def when(text: str, *, may_follow: bool = True) -> When:
    """Raises `ScenarioError` for what is none of the three forms, or too far from its order. `may_follow`: whether the
    third is offered to whoever has written something else."""
    if found := _DAY.fullmatch(text.strip()):
        at = _time(found[2]) if found[2] else NOON
        if abs(int(found[1])) > LONGEST.days:
            raise ScenarioError(f"'{text}' is too far from the order.", mend=_AT_MOST)
        return Moment(day=int(found[1]), at=at)
    if found := _OFFSET.fullmatch(text.strip()):
        return Moment(offset=span(found[1]))
    if found := _AFTER.fullmatch(text.strip()):
        return After(step=found[2], wait=span(found[1]) if found[1] else timedelta())
    forms = "'day 3 10:00', '+36h' or '3h after review-request'" if may_follow else "'day 3 10:00' or '+36h'"
    raise ScenarioError(f"'{text}' is no moment.", mend=f"Write {forms}.")


def is_moment(text: str) -> bool:
    """Whether a text of an event's data is a moment that follows from the order (`day 4 18:00`, `+30h`)."""
    return _DAY.fullmatch(text) is not None or _OFFSET.fullmatch(text) is not None


def placed(text: str) -> Placed:
    """Raises `ScenarioError` for what is no beginning."""
    found = _PLACED.fullmatch(text.strip())
    if found is None:
        raise ScenarioError(
            f"'{text}' is no time at which an order is placed.",
            mend="Write '10:15', '10:15, 2 days before a clock change' or '2026-03-02 10:15'.",
        )
    try:
        on = date.fromisoformat(found[1]) if found[1] else None
    except ValueError as error:
        raise ScenarioError(
            f"There is no day {found[1]}.", mend="Give one of the calendar, as year-month-day: 2026-03-02."
        ) from error
    if on is not None and on.year not in YEARS:
        raise ScenarioError(f"'{text}' is too far away.", mend=f"Give a year from {YEARS[0]} to {YEARS[-1]}.")
    return Placed(at=_time(found[2]), on=on, before_change=int(found[3]) if found[3] else None)


def span(text: str) -> timedelta:
    """`2d 6h`, `90m`, `24h`, up to `LONGEST`. Raises `ScenarioError`."""
    parts = re.findall(r"(\d+)([dhms])", text)
    if not re.fullmatch(rf"\s*{_SPAN}\s*", text):
        raise ScenarioError(f"'{text}' is no length of time.", mend="Write '24h', '2d 6h' or '90m'.")
    if any(len(n.lstrip("0")) > _DIGITS for n, _ in parts):
        raise ScenarioError(f"'{text}' is too long.", mend=_AT_MOST)
    length = sum((timedelta(**{_UNITS[unit]: int(n)}) for n, unit in parts), timedelta())
    if length > LONGEST:
        raise ScenarioError(f"'{text}' is too long.", mend=_AT_MOST)
    return length


def span_text(length: timedelta) -> str:
    """The shortest text of which `span` makes that length again."""
    left, parts = int(length.total_seconds()), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        if left >= size:
            parts.append(f"{left // size}{unit}")
            left %= size
    return " ".join(parts) or "0s"


def next_clock_change(day: date, zone: str) -> date:
    """The first local date on or after `day` on which the zone's clock changes. Raises `ScenarioError`."""
    tz = moments.zone(zone)
    for n in range(_CLOCK_CHANGES_WITHIN):
        here = day + timedelta(days=n)
        today, tomorrow = (datetime.combine(here + timedelta(days=d), time(), tzinfo=tz) for d in (0, 1))
        if today.utcoffset() != tomorrow.utcoffset():
            return here
    raise ScenarioError(f"The clock of {zone} never changes.", mend="Choose a zone with summer time.")


def first_day_of(instant: datetime, zone: str) -> date:
    """The local date of an instant."""
    return instant.astimezone(UTC).astimezone(moments.zone(zone)).date()


def _time(text: str) -> time:
    hours, minutes = text.split(":")
    try:
        return time(int(hours), int(minutes))
    except ValueError as error:
        raise ScenarioError(f"There is no time {text}.", mend="Write it as 09:30.") from error
