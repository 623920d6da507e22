"""Days and times as this person reads them: their zone, their language, and the customs of their country."""

from __future__ import annotations

from datetime import datetime, timedelta

from doorstep.api.customer.visit import Visit
from doorstep.domain.moments import local_date
from doorstep.models.reading.clock import Clock
from doorstep.templates.formats import clock, day, formatting_locale
from doorstep.templates.pages import When

TOLD = (
    "pre_transit",
    "in_transit",
    "out_for_delivery",
    "attempt_failed",
    "available_for_pickup",
    "delivered",
    "exception",
    "returned_to_sender",
    "expired",
)
"""The states of a parcel that its receiver is told of: the pages' words have a sentence and a label for each."""


class Local:
    """One person's days. `now` (aware UTC) is what *today* is counted from; `words`: what the pages say in their
    language."""

    def __init__(self, visit: Visit, now: datetime) -> None:
        self.clock = Clock(visit.person.zone or visit.store.zone)
        self.now = now
        self.words = visit.speech.words
        self._locale = formatting_locale(visit.locale, visit.speech.language)

    def day(self, at: datetime) -> str:
        """`Tuesday, 12 May`."""
        return day(at, self.clock.name, self._locale)

    def when(self, at: datetime) -> When:
        """`today`, `tomorrow`, `yesterday`, else the day, as a sentence takes it."""
        near: str | None = self._near(at)
        if near is not None:
            return When(near, near)
        said = self.day(at)
        return When(said, self.words.on(said))

    def time(self, at: datetime) -> str:
        """`Tuesday, 12 May, 14:30`."""
        said = self._near(at) or self.day(at)
        made: str = self.words.at(f"{said[:1].upper()}{said[1:]}", clock(at, self.clock.name, self._locale))
        return made

    def _near(self, at: datetime) -> str | None:
        words = self.words
        near: str | None = {-1: words.yesterday, 0: words.today, 1: words.tomorrow}.get(self._days_ahead(at))
        return near

    def passed(self, at: datetime) -> bool:
        """Whether that local day is over."""
        return self._days_ahead(at) < 0

    def _days_ahead(self, at: datetime) -> int:
        ahead: timedelta = local_date(at, self.clock.name) - local_date(self.now, self.clock.name)
        return ahead.days
