"""What says nearly the same for weeks and grows with a store's whole past is read once in a while, not for every
journey."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

FRESH = timedelta(minutes=15)


class Remembered[Key, Found]:
    """Answers for `FRESH`, by the time of those who ask. For use from several threads: two that ask at once both
    read."""

    def __init__(self, most: int) -> None:
        """`most` answers are kept at once; beyond that all are forgotten and read again."""
        self._most = most
        self._known: dict[Key, tuple[datetime, Found]] = {}

    def of(self, key: Key, as_of: datetime, read: Callable[[], Found]) -> Found:
        """What `read` finds as of `as_of` (aware), or found up to `FRESH` before."""
        known = self._known.get(key)
        if known is not None and known[0] <= as_of < known[0] + FRESH:
            return known[1]
        found = read()
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[key] = (as_of, found)
        return found
