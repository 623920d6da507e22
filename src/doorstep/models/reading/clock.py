"""Instants as a person reads them: their own zone, days and months in words."""

from __future__ import annotations

from datetime import UTC, datetime

from doorstep.domain.moments import zone
from doorstep.errors import BadInput
from doorstep.models.reading.views import Moment


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
        local = at.astimezone(self.zone)
        return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"

    def moment(self, at: datetime) -> Moment:
        """The instant on both clocks."""
        utc = at.astimezone(UTC)
        local = at.astimezone(self.zone).isoformat(timespec="seconds")
        return Moment(utc=utc, local=local, words=self.words(at))

    def maybe(self, at: datetime | None) -> Moment | None:
        """The same for an instant that may not be known."""
        return None if at is None else self.moment(at)
