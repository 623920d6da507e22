"""The smallest story that still shows it: entries left out, times made round, everything else as usual."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import time
from typing import Any

from doorstep.contracts import CatchUp
from doorstep.rehearsal.moments import NOON, Moment
from doorstep.rehearsal.scenario import FIRST, Entry, Failing, Ordered, Person, Scenario, Steered, Told

Shows = Callable[[Scenario], bool]
"""Whether a story still shows what was found."""


class Shrinker:
    """Asks at most `most` times."""

    def __init__(self, shows: Shows, most: int = 250) -> None:
        self._shows, self.left = shows, most

    def smallest(self, scenario: Scenario) -> Scenario:
        """A story of which no single simplification known here still shows it (or the asking was over)."""
        while self.left > 0:
            before = scenario
            scenario = self._without_entries(scenario)
            for simpler in (_simpler_wholes, _simpler_entries, _simpler_times):
                scenario = self._taken(scenario, simpler)
            if scenario == before:
                break
        return self._in_order(scenario)

    def _holds(self, scenario: Scenario) -> bool:
        if self.left <= 0:
            return False
        self.left -= 1
        return self._shows(scenario)

    def _without_entries(self, scenario: Scenario) -> Scenario:
        """Delta debugging: halves first, then smaller parts, at last single entries."""
        size = max(1, len(scenario.timeline) // 2)
        while scenario.timeline:
            start = 0
            while start < len(scenario.timeline):
                entries = (*scenario.timeline[:start], *scenario.timeline[start + size :])
                shorter = sound(replace(scenario, timeline=entries))
                if self._holds(shorter):
                    scenario = shorter
                else:
                    start += size
            if size == 1:
                break
            size = max(1, size // 2)
        return scenario

    def _taken(self, scenario: Scenario, simpler: Callable[[Scenario], Iterator[Scenario]]) -> Scenario:
        """Every simplification that still shows it, one after the other."""
        tried: set[str] = set()
        again = True
        while again:
            again = False
            for candidate in simpler(scenario):
                told = repr(candidate)
                if candidate != scenario and told not in tried:
                    tried.add(told)
                    if self._holds(candidate):
                        scenario, again = candidate, True
                        break
        return scenario

    def _in_order(self, scenario: Scenario) -> Scenario:
        """Its entries as they happen, for a reader; of one time as they stood."""
        entries = sorted(scenario.timeline, key=_by_time)
        ordered = replace(scenario, timeline=tuple(entries))
        return ordered if ordered == scenario or self._shows(ordered) else scenario


def sound(scenario: Scenario) -> Scenario:
    """Without entries about orders that are not there, and without a second order of one name."""
    names = {FIRST}
    orders: list[Entry] = []
    for entry in scenario.timeline:
        if isinstance(entry, Ordered):
            if entry.order in names:
                continue
            names.add(entry.order)
        orders.append(entry)
    return replace(scenario, timeline=tuple(e for e in orders if e.order in names))


def _by_time(entry: Entry) -> tuple[int, int, str]:
    at = entry.at
    if not isinstance(at, Moment):
        return (1000, 0, "")
    if at.day is None:
        return (at.offset.days, at.offset.seconds // 60, "")
    return (at.day, at.at.hour * 60 + at.at.minute, "")


def _simpler_wholes(scenario: Scenario) -> Iterator[Scenario]:
    plain = Scenario(name=scenario.name)
    for name in ("person", "shop", "bought", "placed", "heard"):
        yield replace(scenario, **{name: getattr(plain, name)})
    usual = Person()
    for name in ("ref", "first_name", "zone", "locale", "country", "reach", "consents", "suppressed"):
        yield replace(scenario, person=replace(scenario.person, **{name: getattr(usual, name)}))


def _with(scenario: Scenario, place: int, entry: Any) -> Scenario:
    entries: list[Entry] = list(scenario.timeline)
    entries[place] = entry
    return replace(scenario, timeline=tuple(entries))


def _simpler_entries(scenario: Scenario) -> Iterator[Scenario]:
    for place, entry in enumerate(scenario.timeline):
        for changes in _plainer(entry):
            yield _with(scenario, place, replace(entry, **changes))


def _plainer(entry: Entry) -> Iterator[dict[str, Any]]:
    if isinstance(entry, Told | Ordered):
        yield {"times": 1}
        yield {"heard": None}
    if isinstance(entry, Told):
        yield from ({"parcel": ""}, {"subject": ""})
        if "rating" in entry.data:
            yield {"data": {**entry.data, "rating": 3}}
        for key in entry.data:
            yield {"data": {k: v for k, v in entry.data.items() if k != key}}
    if isinstance(entry, Steered):
        yield {"catch_up": CatchUp.SKIP}
    if isinstance(entry, Failing) and entry.lasts is not None:
        yield {"lasts": None, "calls": 1}
    if not isinstance(entry, Ordered):
        yield {"order": FIRST}


def _simpler_times(scenario: Scenario) -> Iterator[Scenario]:
    for place, entry in enumerate(scenario.timeline):
        for name in ("at", "heard"):
            moment = getattr(entry, name, None)
            if isinstance(moment, Moment) and moment.day is not None:
                for at in _rounder(moment.at):
                    changes: dict[str, Any] = {name: replace(moment, at=at)}
                    yield _with(scenario, place, replace(entry, **changes))


def _rounder(at: time) -> Iterator[time]:
    if at != NOON:
        yield NOON
        for minutes in (60, 5):
            if at.minute % minutes:
                yield at.replace(minute=at.minute // minutes * minutes)
