"""Instants as a person reads them: their own zone, days and months in words."""

from __future__ import annotations

from datetime import UTC, datetime

from doorstep.domain.moments import zone
from doorstep.errors import BadInput
from doorstep.models.reading.goods import Moment

MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""By number."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _words(local: datetime) -> str:
    # Not strftime: that follows the process's locale, and a page has a hundred of these.
    day, month = _DAYS[local.weekday()], MONTHS[local.month]
    return f"{day} {local.day} {month} {local.year}, {local.hour:02}:{local.minute:02}"


class Clock:
    """One person's clock. A zone that no longer exists reads as UTC: a page must not fail for it."""

    def __init__(self, zone_name: str) -> None:
        try:
            self.zone = zone(zone_name)
            self.name = zone_name
        except BadInput:
            self.zone = zone("UTC")
            self.name = "UTC"

    def words(self, at: datetime) -> str:
        """`Tue 3 Mar 2026, 14:20` by this clock."""
        return _words(at.astimezone(self.zone))

    def moment(self, at: datetime) -> Moment:
        """The instant on both clocks."""
        local = at.astimezone(self.zone)
        return Moment(utc=at.astimezone(UTC), local=local.isoformat(timespec="seconds"), words=_words(local))

    def maybe(self, at: datetime | None) -> Moment | None:
        """The same for an instant that may not be known."""
        return None if at is None else self.moment(at)
