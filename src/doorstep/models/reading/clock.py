"""Instants as a person reads them: their own zone, days and months in words."""

from __future__ import annotations

from datetime import UTC, datetime

from doorstep.domain.moments import in_words, zone
from doorstep.errors import BadInput
from doorstep.models.reading.goods import Moment


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
        return in_words(at.astimezone(self.zone))

    def moment(self, at: datetime) -> Moment:
        """The instant on both clocks."""
        local = at.astimezone(self.zone)
        return Moment(
            utc=at.astimezone(UTC), local=local.isoformat(timespec="seconds"), words=in_words(local)
        )

    def maybe(self, at: datetime | None) -> Moment | None:
        """The same for an instant that may not be known."""
        return None if at is None else self.moment(at)
