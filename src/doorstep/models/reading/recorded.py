"""What rules and journeys recorded in words, as a person reads it: its instants by their own clock.

Pure, and at reading time only: what is recorded stays as it was, and so do the facts beside it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from doorstep.models.reading.clock import MONTHS, Clock

_INSTANT = re.compile(
    r"(?:\b(?P<before>at|on|due|happened) )?"
    r"(?:(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d| UTC))"
    r"|(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4}), (?P<hour>\d\d):(?P<minute>\d\d) UTC)"
)
"""As the gate's rules, a rehearsal's errors and the journeys themselves write one."""
_BEFORE = {None: "", "due": "due on ", "happened": "happened on "}


def in_words(text: str, clock: Clock) -> str:
    """A recorded text with its instants by the person's clock; what is no instant stays as it is."""

    def words(found: re.Match[str]) -> str:
        try:
            at = _instant(found)
        except ValueError:
            return found[0]
        return f"{_BEFORE.get(found['before'], 'on ')}{clock.words(at)}"

    return _INSTANT.sub(words, text)


def _instant(found: re.Match[str]) -> datetime:
    if found["iso"]:
        return datetime.fromisoformat(found["iso"].replace(" UTC", "+00:00"))
    day, year, hour, minute = (int(found[part]) for part in ("day", "year", "hour", "minute"))
    return datetime(year, MONTHS.index(found["month"]), day, hour, minute, tzinfo=UTC)
