"""Instants within a recorded sentence, by the clock of whoever reads it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from doorstep.domain.moments import MONTHS, in_words

_INSTANT = re.compile(
    r"(?:\b(?P<before>at|on|due|happened) )?"
    r"(?:(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d| UTC))"
    r"|(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4}), (?P<hour>\d\d):(?P<minute>\d\d) UTC)"
)
"""As the gate's rules, a rehearsal's errors and the journeys themselves write one."""
_BEFORE = {None: "", "due": "due on ", "happened": "happened on "}


def by_clock(text: str, zone: tzinfo) -> str:
    """A recorded text with its instants in words and in that zone, such as `Tue 3 Mar 2026, 14:20`; what is no
    instant stays as it is."""

    def words(found: re.Match[str]) -> str:
        try:
            local = _instant(found).astimezone(zone)
        except (ValueError, OverflowError):  # no such day, or the zone moves it past the calendar's end
            return found[0]
        return f"{_BEFORE.get(found['before'], 'on ')}{in_words(local)}"

    return _INSTANT.sub(words, text)


def _instant(found: re.Match[str]) -> datetime:
    if found["iso"]:
        return datetime.fromisoformat(found["iso"].replace(" UTC", "+00:00"))
    day, year, hour, minute = (int(found[part]) for part in ("day", "year", "hour", "minute"))
    return datetime(year, MONTHS.index(found["month"]), day, hour, minute, tzinfo=UTC)
