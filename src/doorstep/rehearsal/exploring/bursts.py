"""Several things that the journey's code looks at together, told one after the other in any order and at any pace."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from doorstep.contracts import ActionKind
from doorstep.rehearsal.exploring.neighbours import another
from doorstep.rehearsal.exploring.timing import LATE, MINUTE, drawn, local
from doorstep.rehearsal.exploring.together import AGAIN, FAULT, PARCEL, Group
from doorstep.rehearsal.exploring.vocabulary import placed
from doorstep.rehearsal.scenario import (
    FIRST,
    Entry,
    Failing,
    Ordered,
    Report,
    Reported,
    Scenario,
    Steered,
    Told,
)
from doorstep.rehearsal.timeline import Happening, Kind, Timeline

_PACES = (
    (MINUTE, timedelta(minutes=10), timedelta(minutes=25)),
    (timedelta(minutes=20), timedelta(hours=1), timedelta(hours=5)),
    (timedelta(hours=5), timedelta(hours=20), timedelta(days=2)),
    (timedelta(days=1), timedelta(days=3), timedelta(days=8)),
)
_MOST = 5
_OWN = 0.6
"""In so many draws only what the store's own code looks at comes into question: ours is searched for faults here."""
_UNREACHED, _TIRING, _HALF, _OFTEN = 8, 40, 5, 20
"""So much more often a function with lines that no story came to; half as much after so many draws, and when so many
stories came there. As often as the last one it is nothing rare."""
_DAYS = 60
_PAUSE, _RESUME = ActionKind.PAUSE.value, ActionKind.RESUME.value
_UNDELIVERED = (Report.BOUNCED, Report.SPAM, Report.STOPPED)


class Bursts:
    """Draws from the groups of a journey's code (`together`), by a seeded source of chance."""

    def __init__(
        self,
        groups: Sequence[Group],
        words: Sequence[Entry],
        chance: random.Random,
        came: Callable[[str], int] = lambda place: _OFTEN,
    ) -> None:
        """`came`: how many stories came to that line of a function that the fewest came to."""
        self._chance = chance
        self._words: dict[str, list[Entry]] = {}
        for word in {repr(word): word for word in words}.values():
            for name in _names(word):
                self._words.setdefault(name, []).append(word)
        told = [replace(group, events=tuple(e for e in group.events if e in self._words)) for group in groups]
        self._groups = [group for group in told if group.events]
        self._came = came
        self._drawn_from: Counter[Group] = Counter()

    def __bool__(self) -> bool:
        return bool(self._groups)

    def told(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        """The story with what a group of events makes of it."""
        group = self._group(self._groups)
        assert group is not None
        names = self._drawn(group)
        at = self._begins(timeline)
        pace = self._chance.choice(_PACES)
        for name in names:
            scenario = self.add(scenario, name, at, timeline)
            at += MINUTE if name == FAULT else self._gap(group, pace)
        return scenario

    def related(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        """The story with one thing more that the code looks at together with something that is told in it, before or
        after that."""
        told = [name for name, _ in self._told(timeline)]
        group = self._group([g for g in self._groups if set(told) & set(g.events)])
        return self.further(scenario, timeline, group) if group else self.told(scenario, timeline)

    def wanted(self) -> Group | None:
        """A group of a function with lines that no story came to yet, or hardly any."""
        return self._group([group for group in self._groups if self._came(group.place) < _OFTEN])

    def further(self, scenario: Scenario, timeline: Timeline, group: Group) -> Scenario:
        """The story with one thing more of a group: beside something of the group that happens in it, or between two
        such, or where else it may matter."""
        name = self._chance.choice(group.events)
        told = [at for other, at in self._told(timeline) if other in group.events]
        way = self._chance.random()
        if not told or way < 0.25:
            return self.add(scenario, name, drawn(timeline, self._chance), timeline)
        at = self._chance.choice(told)
        later = [other for other in told if other > at]
        if later and way < 0.55:
            return self.add(scenario, name, at + (min(later) - at) / 2, timeline)
        gap = self._gap(group, self._chance.choice(_PACES)) * self._chance.choice((1, 1, -1))
        return self.add(scenario, name, at + gap, timeline)

    def _told(self, timeline: Timeline) -> list[tuple[str, datetime]]:
        """What happens in it that has a name here, and when it did."""
        told = [(_name(event), event.happened_at or event.at) for event in timeline.events]
        return [(name, at) for name, at in told if name in self._words]

    def add(self, scenario: Scenario, name: str, at: datetime, timeline: Timeline) -> Scenario:
        """The story with a thing of that name, one of those there are, at that time."""
        entry = self._varied(self._chance.choice(self._words[name]))
        moment = local(at, timeline)
        if isinstance(entry, Ordered):
            entry = replace(entry, at=moment, order=f"order-{len(scenario.orders) + 1}")
        else:
            order = self._chance.choice(scenario.orders) if self._chance.random() < 0.15 else ""
            entry = placed(entry, moment, order)
            if isinstance(entry, Told) and self._chance.random() < 0.06:
                entry = replace(entry, heard=local(at + self._chance.choice(LATE) + MINUTE, timeline))
        return replace(scenario, timeline=(*scenario.timeline, entry))

    def _group(self, among: Sequence[Group]) -> Group | None:
        own = [group for group in among if group.own]
        if own and self._chance.random() < _OWN:
            among = own
        if not among:
            return None
        group = self._chance.choices(among, [self._weight(group) for group in among])[0]
        self._drawn_from[group] += 1
        return group

    def _weight(self, group: Group) -> float:
        tired = (1 + self._drawn_from[group] / _TIRING) * (1 + self._came(group.place) / _HALF)
        return 1 + _UNREACHED / tired

    def _drawn(self, group: Group) -> list[str]:
        """Names of the group, some of another too, some twice, in any order."""
        names = list(group.events)
        if len(names) == 1 or self._chance.random() < 0.2:
            other = self._chance.choice(self._groups)
            names = list(dict.fromkeys([*names, *other.events]))
        self._chance.shuffle(names)
        if self._chance.random() < 0.4 or len(names) > _MOST:
            del names[self._chance.randint(min(2, len(names)), min(_MOST, len(names))) :]
        if self._chance.random() < 0.35:
            names.insert(self._chance.randrange(len(names) + 1), self._chance.choice(names))
        self._meanwhile(names)
        return names

    def _meanwhile(self, names: list[str]) -> None:
        """What the code need not name to be hit by it: an agent's pause, a provider that fails, another order."""
        if self._chance.random() < 0.12:
            place = self._chance.randrange(len(names) + 1)
            names.insert(place, _PAUSE)
            names.insert(self._chance.randint(place + 1, len(names)), _RESUME)
        for name, share in ((FAULT, 0.06), (AGAIN, 0.06)):
            if self._chance.random() < share:
                names.insert(self._chance.randrange(len(names) + 1), name)

    def _begins(self, timeline: Timeline) -> datetime:
        if self._chance.random() < 0.7:
            return drawn(timeline, self._chance)
        return timeline.placed_at + self._chance.randrange(_DAYS * 24) * timedelta(hours=1)

    def _gap(self, group: Group, pace: Sequence[timedelta]) -> timedelta:
        """By the pace; or just within or past a length of time that the code speaks of."""
        if group.spans and self._chance.random() < 0.25:
            span = self._chance.choice(group.spans)
            return span + min(span / 10, timedelta(hours=3)) * self._chance.choice((-1, 1))
        return self._chance.choice(pace)

    def _varied(self, entry: Entry) -> Entry:
        """The same with other stars, of another parcel, complaint, return."""
        if isinstance(entry, Told) and "rating" in entry.data:
            return replace(entry, data={**entry.data, "rating": self._chance.randint(1, 5)})
        if isinstance(entry, Told) and self._chance.random() < 0.3:
            return another(entry)
        return entry


def _name(event: Happening) -> str:
    if event.kind is Kind.ORDER:
        return AGAIN if event.order != FIRST else ""
    return event.what if event.kind is Kind.EVENT else ""


def _names(word: Entry) -> tuple[str, ...]:
    match word:
        case Told(event=event) if event.startswith("shipment.") and event != "shipment.created":
            return (event, PARCEL)
        case Told(event="consent.withdrawn" as event):
            return (event, FAULT)
        case Told(event=event):
            return (event,)
        case Ordered():
            return (AGAIN,)
        case Failing():
            return (FAULT,)
        case Reported(report=report) if report in _UNDELIVERED:
            return (FAULT,)
        case Steered(action=ActionKind.PAUSE | ActionKind.RESUME as action):
            return (action.value,)
    return ()
