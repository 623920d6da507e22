"""Stories made of stories: one change more."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from doorstep.contracts import NEEDS_STEP, ActionKind
from doorstep.domain.messages import Channel
from doorstep.rehearsal.exploring.bursts import Bursts
from doorstep.rehearsal.exploring.neighbours import COUNTERPARTS, Neighbours, another, dated
from doorstep.rehearsal.exploring.timing import GAPS, LATE, MINUTE, SOON, instants, local
from doorstep.rehearsal.exploring.vocabulary import placed
from doorstep.rehearsal.moments import Moment
from doorstep.rehearsal.scenario import Entry, Ordered, Scenario, Steered, Told
from doorstep.rehearsal.timeline import Kind, Timeline

MOST_ENTRIES = 14


class Mutator(Neighbours):
    """Changes, drawn from a seeded source of chance."""

    def __init__(
        self,
        words: Sequence[Entry],
        chance: random.Random,
        heard: Sequence[str] = (),
        bursts: Bursts | None = None,
    ) -> None:
        super().__init__(words, chance, heard)
        related = [(9, bursts.related)] if bursts else []
        self._ways: list[tuple[int, Callable[[Scenario, Timeline], Scenario]]] = [
            (6, self._add), (6, self._add_after_an_entry), (3, self._move), (3, self._again),
            (4, self._counterpart), (2, self._late), (2, self._drop), (1, self._swap), (1, self._person),
            (1, self._pause), (3, self.otherwise), *related,
        ]  # fmt: skip

    def mutated(self, scenario: Scenario, timeline: Timeline, changes: int) -> Scenario:
        """The story with so many changes, drawn one after the other from what happened in it."""
        weights = [weight for weight, _ in self._ways]
        for _ in range(changes):
            _, way = self.chance.choices(self._ways, weights)[0]
            scenario = way(scenario, timeline)
        return replace(scenario, timeline=scenario.timeline[-MOST_ENTRIES:])

    def spliced(self, scenario: Scenario, timeline: Timeline, other: Scenario) -> Scenario:
        """The story with some of what is told in another one: when it is told there, or after something that happens
        here."""
        theirs = [e for e in other.timeline if e not in scenario.timeline and not isinstance(e, Ordered)]
        at = self.chance.choice(instants(timeline))
        for entry in self.chance.sample(theirs, min(len(theirs), self.chance.randint(1, 3))):
            moved: Entry = entry
            if self.chance.random() < 0.5:
                moved = placed(
                    replace(entry, heard=None) if isinstance(entry, Told) else entry, local(at, timeline)
                )
                at += self.chance.choice(GAPS)
            scenario = self.add(scenario, moved)
        return replace(scenario, timeline=scenario.timeline[-MOST_ENTRIES:])

    def word(self, scenario: Scenario, timeline: Timeline, at: Moment) -> Entry:
        """Something that may happen, at that time: to any order of the story, an agent's word to any of its steps."""
        entry = self.chance.choice(self.words)
        if isinstance(entry, Ordered):
            return replace(entry, at=at, order=f"order-{len(scenario.orders) + 1}")
        if isinstance(entry, Steered) and entry.action in NEEDS_STEP:
            names = sorted({t.step for t in timeline.touches}) or ["order-confirmation"]
            entry = replace(entry, step=self.chance.choice(names))
        order = self.chance.choice(scenario.orders) if self.chance.random() < 0.4 else ""
        return placed(entry, at, order)

    # --- ways -------------------------------------------------------------------------------------------

    def _instant(self, timeline: Timeline) -> Moment:
        return local(self.chance.choice(instants(timeline)), timeline)

    def _add(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        return self.add(scenario, self.word(scenario, timeline, self._instant(timeline)))

    def _add_after_an_entry(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        """Two things shortly one after the other: what came last is not forgotten yet."""
        told = [e.at for e in timeline.events if e.kind in (Kind.EVENT, Kind.AGENT, Kind.ORDER)]
        at = self.chance.choice(told) if told else timeline.placed_at
        moment = local(at + self.chance.choice(GAPS), timeline)
        return self.add(scenario, self.word(scenario, timeline, moment))

    def _counterpart(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        """What belongs to something that happened, shortly before or after it: its beginning, its end, its undoing."""
        told = [e for e in dated(scenario) if e.event in COUNTERPARTS]
        if not told:
            return scenario
        entry = self.chance.choice(told)
        gap = self.chance.choice((*SOON, *SOON, *GAPS)) * self.chance.choice((1, -1))
        other = self.chance.choice(COUNTERPARTS[entry.event])
        return self.add(scenario, self.beside(entry, other, gap, timeline))

    def _changed(self, scenario: Scenario, change: Callable[[Any], Entry | None]) -> Scenario:
        if not scenario.timeline:
            return scenario
        place = self.chance.randrange(len(scenario.timeline))
        entries = list(scenario.timeline)
        changed = change(entries[place])
        entries[place : place + 1] = [] if changed is None else [changed]
        return replace(scenario, timeline=tuple(entries))

    def otherwise(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        """One of its events as it may be told too: of another channel, another product, with other stars."""

        def told(entry: Entry) -> Entry:
            if not isinstance(entry, Told) or not isinstance(entry.at, Moment):
                return entry
            known = [w for w in self.words if isinstance(w, Told) and w.event == entry.event]
            other = self.chance.choice(known or [entry])
            data = (
                {**other.data, "rating": self.chance.randint(1, 5)} if "rating" in other.data else other.data
            )
            return placed(
                replace(other, heard=entry.heard, times=entry.times, data=data), entry.at, entry.order
            )

        return self._changed(scenario, told)

    def _move(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        def moved(entry: Entry) -> Entry:
            changes: dict[str, Any] = {"at": self._instant(timeline)}
            if isinstance(entry, Told | Ordered):
                changes["heard"] = None
            return replace(entry, **changes)

        return self._changed(scenario, moved)

    def _again(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        """The same message twice, or the same thing told anew a little later, as two systems tell it; or the same of
        another parcel, complaint, return."""
        told = dated(scenario)
        if not told:
            return scenario
        entry = self.chance.choice(told)
        if self.chance.random() < 0.3:
            return self._changed(scenario, lambda e: replace(e, times=2) if hasattr(e, "times") else e)
        assert isinstance(entry.at, Moment)
        at = entry.at.resolve(timeline.placed_at, timeline.zone) + self.chance.choice(GAPS)
        entry = another(entry) if self.chance.random() < 0.3 else entry
        return self.add(scenario, placed(replace(entry, heard=None), local(at, timeline)))

    def _late(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        def late(entry: Entry) -> Entry:
            if not isinstance(entry, Told | Ordered) or not isinstance(entry.at, Moment):
                return entry
            at = entry.at.resolve(timeline.placed_at, timeline.zone) + self.chance.choice(LATE)
            return replace(entry, heard=local(at + MINUTE, timeline))

        if self.chance.random() < 0.2:
            at = timeline.placed_at + self.chance.choice(LATE)
            return replace(scenario, heard=local(at, timeline))
        return self._changed(scenario, late)

    def _drop(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        return self._changed(scenario, lambda e: e if isinstance(e, Ordered) else None)

    def _swap(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        if len(scenario.timeline) < 2:
            return scenario
        one, other = self.chance.sample(range(len(scenario.timeline)), 2)
        entries: list[Any] = list(scenario.timeline)
        a, b = entries[one].at, entries[other].at
        for place, at in ((one, b), (other, a)):
            late = {"heard": None} if hasattr(entries[place], "heard") else {}
            entries[place] = replace(entries[place], at=at, **late)
        return replace(scenario, timeline=tuple(entries))

    def _pause(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        """An agent pauses the journey and resumes it, each way there is."""
        paused = [w for w in self.words if isinstance(w, Steered) and w.action is ActionKind.PAUSE]
        resumed = [w for w in self.words if isinstance(w, Steered) and w.action is ActionKind.RESUME]
        at = self.chance.choice(instants(timeline))
        ends = at + self.chance.choice((timedelta(hours=4), timedelta(days=3), timedelta(days=12)))
        return self.add(
            scenario,
            placed(self.chance.choice(paused), local(at, timeline)),
            placed(self.chance.choice(resumed), local(ends, timeline)),
        )

    def _person(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        changes: list[dict[str, Any]] = [
            {"ref": f"per_{self.chance.randrange(40)}"},
            {"zone": self.chance.choice(("America/New_York", "Asia/Tokyo"))},
            {"consents": self.chance.choice(((), (Channel.SMS,), (Channel.EMAIL, Channel.SMS)))},
            {"reach": self.chance.choice(((Channel.EMAIL,), (Channel.SMS,)))},
            {"suppressed": (self.chance.choice((Channel.EMAIL, Channel.SMS)),)},
        ]
        return replace(scenario, person=replace(scenario.person, **self.chance.choice(changes)))
