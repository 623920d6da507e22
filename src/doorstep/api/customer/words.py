"""Days and times as this person reads them: their zone, and the customs of their country, in English."""

from __future__ import annotations

from datetime import datetime, timedelta

from doorstep.api.customer.visit import Visit
from doorstep.domain.moments import local_date
from doorstep.models.reading.clock import Clock
from doorstep.templates.formats import clock, day, formatting_locale


class Local:
    """One person's days. `now` (aware UTC) is what *today* is counted from."""

    def __init__(self, visit: Visit, now: datetime) -> None:
        self.clock = Clock(visit.person.zone or visit.store.zone)
        self.now = now
        self._locale = formatting_locale(visit.person.locale or visit.store.locale, "en")

    def day(self, at: datetime) -> str:
        """`Tuesday, 12 May`."""
        return day(at, self.clock.name, self._locale)

    def near(self, at: datetime) -> str:
        """`today`, `tomorrow`, `yesterday`, else the day."""
        return {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(self._days_ahead(at), self.day(at))

    def on(self, at: datetime) -> str:
        """`today`, `yesterday`, else `on Tuesday, 12 May`: for the end of a sentence."""
        said = self.near(at)
        return said if said != self.day(at) else f"on {said}"

    def time(self, at: datetime) -> str:
        """`Tuesday, 12 May, 14:30`."""
        said = self.near(at)
        return f"{said[:1].upper()}{said[1:]}, {clock(at, self.clock.name, self._locale)}"

    def passed(self, at: datetime) -> bool:
        """Whether that local day is over."""
        return self._days_ahead(at) < 0

    def is_today(self, at: datetime) -> bool:
        """Whether it is on this local day."""
        return self._days_ahead(at) == 0

    def _days_ahead(self, at: datetime) -> int:
        ahead: timedelta = local_date(at, self.clock.name) - local_date(self.now, self.clock.name)
        return ahead.days
