"""The stories that are gone on from: those that did something new, the rarer what they did the sooner."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from doorstep.rehearsal.exploring.coverage import CODE, Marks, place_of
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.timeline import Timeline

_KEPT = 600
"""Stories of each kind that are gone on from; older ones are let go."""
_EARLY = 40
_LATEST = 25
_FURTHEST = 4
_COMMON = 1_000_000
_COMPARED = 4
_TIRING = 6
"""After so many tries a story counts as twice as common as it is."""


@dataclass(slots=True)
class Kept:
    """A story and what became of it. `first`: the marks that it was the first to have; `tries`: how often it was gone
    on from."""

    scenario: Scenario
    timeline: Timeline
    first: tuple[Any, ...]
    tries: int = 0


class Corpus:
    """What was learnt of the journey by playing it."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._kept: list[Kept] = []
        self._others: list[Kept] = []
        """Those in which only the order of things was new."""
        self._seen: Counter[Any] = Counter()
        """Mark → how many stories had it."""
        self._followed: set[Any] = set()
        self._came_to: dict[str, list[Kept]] = {}
        """Function → the stories that were the first to do something in it."""

    def __bool__(self) -> bool:
        return bool(self._kept)

    def learn(self, scenario: Scenario, timeline: Timeline, done: Marks, followed: Marks) -> Marks:
        """Keeps the story if it did something new; what that was."""
        fresh = frozenset(mark for mark in done if mark not in self._seen)
        if fresh or not followed <= self._followed:
            plain = replace(timeline, touches=tuple(replace(t, trace=()) for t in timeline.touches))
            kept = Kept(scenario, plain, tuple(fresh))
            among = self._kept if fresh else self._others
            among.append(kept)
            del among[: len(among) - _KEPT]
            for place in {place_of(mark) for mark in fresh if mark[0] is CODE}:
                self._came_to.setdefault(place, []).append(kept)
        self._seen.update(done)
        self._followed |= followed
        return fresh

    def least(self, marks: Marks) -> int:
        """How many stories had the rarest of them."""
        return min((self._seen[mark] for mark in marks), default=_COMMON)

    def at(self, place: str) -> Kept | None:
        """One of those that were the first to do something in a function, mostly of the last of them."""
        came = self._came_to.get(place, [])
        if not came:
            return None
        return self._chance.choice(came[-_FURTHEST:] if self._chance.random() < 0.75 else came)

    def early(self) -> Kept | None:
        """One of the first: the known scenarios and the single things."""
        return self._chance.choice(self._kept[:_EARLY]) if self._kept else None

    def drawn(self) -> Kept:
        """One to go on from."""
        if self._others and self._chance.random() < 0.2:
            return self._chance.choice(self._others)
        if self._chance.random() < 0.3:
            return self._chance.choice(self._kept[-_LATEST:])
        some = [self._chance.choice(self._kept) for _ in range(_COMPARED)]
        kept = min(some, key=self._common)
        kept.tries += 1
        return kept

    def _common(self, kept: Kept) -> float:
        """How many stories had the rarest of what it was the first to do; and the more the oftener it was tried."""
        return min(self._seen[mark] for mark in kept.first) * (1 + kept.tries / _TIRING)
