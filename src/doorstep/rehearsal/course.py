"""How a journey goes along, as plain items: its phases, and what it waits for until when. Both are what its code shows
support in the task in which it begins to wait; a timer that it shows nobody is an item too. Nothing of the waits of
touches: a touch says itself when it is due.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from datetime import datetime
from typing import Any

from doorstep.rehearsal.agenda import lasts
from doorstep.rehearsal.comparing import Item
from doorstep.rehearsal.log import Entry, micros, moment

_MILLI = 1000
"""Microseconds: the SDK rounds a timer to milliseconds."""
_Wait = tuple[str, str]


class Course:
    """Hears what one revision's code says, in order."""

    def __init__(self, recorded: Set[str]) -> None:
        """`recorded`: ids of the timers of the history. One that was taken back in the same task never gets there, and
        how long it would have lasted is nothing to compare."""
        self._recorded = recorded
        self._phase = ""
        self._waits: list[_Wait] = []
        self._shown: set[str] = set()
        self._timers: list[tuple[str, int]] = []
        self._items: list[Item] = []

    def show(self, projection: Mapping[str, Any]) -> None:
        """What support is told."""
        if projection.get("closed"):
            return  # the end is an item of its own
        at = str(projection["at"])
        if projection["phase"] != self._phase:
            self._phase = str(projection["phase"])
            self._add(f"phase {at}", "phase", self._phase, at, outcome=self._phase)
        waits: list[_Wait] = []
        for wait in projection.get("waits", ()):
            self._shown.add(wait["until"])
            if wait["kind"] != "touch":
                waits.append((str(wait["name"]), wait["until"]))
        if waits != self._waits:
            # by its place, not by its name: one that is called otherwise is still the same wait
            for n, (name, until) in enumerate(_begun(waits, self._waits)):
                self._add(f"wait {at} {n}", "wait", name, until, told=name)
            self._waits = waits

    def start(self, timer: Entry) -> None:
        """A timer that is set."""
        if timer.name in self._recorded:
            self._timers.append((timer.name, timer.micros + lasts(timer.told)))

    def items(self) -> list[Item]:
        """Phases and waits, and the timers that none of these explains."""
        ends = {micros(datetime.fromisoformat(until)) // _MILLI for until in self._shown}
        for name, due in self._timers:
            if ends.isdisjoint(range(due // _MILLI - 1, due // _MILLI + 2)):
                self._items.append(
                    Item(key=f"timer {name}", kind="wait", name="a timer", at=moment(due), done=True)
                )
        return self._items

    def _add(self, key: str, kind: str, name: str, at: str, *, outcome: str = "", told: str = "") -> None:
        when = datetime.fromisoformat(at)
        self._items.append(
            Item(key=key, kind=kind, name=name, at=when, done=True, outcome=outcome, told=told)
        )


def _begun(waits: list[_Wait], before: list[_Wait]) -> Iterator[_Wait]:
    """Those that were not there before."""
    left = Counter(before)
    for wait in waits:
        if left[wait]:
            left[wait] -= 1
        else:
            yield wait
