"""Stories made of stories: where in one something could happen that matters, and one change more."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from doorstep.contracts import NEEDS_STEP, ActionKind
from doorstep.domain.messages import Channel
from doorstep.domain.moments import local_date, zone
from doorstep.rehearsal.carried import members
from doorstep.rehearsal.exploring.vocabulary import placed
from doorstep.rehearsal.moments import NOON, After, Moment
from doorstep.rehearsal.scenario import Entry, Ordered, Scenario, Steered, Told
from doorstep.rehearsal.timeline import Kind, Timeline

MOST_ENTRIES = 14
_MINUTE = timedelta(minutes=1)
GAPS = (
    _MINUTE,
    timedelta(minutes=20),
    timedelta(hours=1),
    timedelta(hours=5),
    timedelta(hours=20),
    timedelta(days=2),
)
SOON = (_MINUTE, timedelta(minutes=10))
_LATE = (timedelta(minutes=10), timedelta(hours=3), timedelta(days=1), timedelta(days=9))
_HAPPENINGS = (Kind.EVENT, Kind.ORDER, Kind.REPORT, Kind.AGENT, Kind.PHASE)
COUNTERPARTS = {
    "complaint.opened": ("complaint.resolved",),
    "complaint.resolved": ("complaint.opened", "review.submitted"),
    "return.requested": ("return.cancelled", "return.received", "return.approved", "order.refunded"),
    "return.cancelled": ("return.requested", "return.received"),
    "return.received": ("return.requested", "order.refunded", "return.cancelled"),
    "order.refunded": ("order.refunded", "order.cancelled", "return.received", "review.submitted"),
    "order.cancelled": ("order.refunded", "shipment.delivered"),
    "consent.withdrawn": ("consent.granted",),
    "consent.granted": ("consent.withdrawn",),
    "review.submitted": ("review.submitted", "order.refunded", "complaint.resolved"),
    "shipment.delivered": ("shipment.attempt_failed", "shipment.exception", "return.requested"),
    "shipment.exception": ("shipment.delivered", "shipment.in_transit"),
    "shipment.attempt_failed": ("shipment.delivered", "shipment.available_for_pickup"),
    "product.browsed": ("cart.updated", "subscription.started"),
    "cart.updated": ("product.browsed", "order.refunded"),
}
"""What often goes with what."""
_WITHOUT_DATA = ("return.cancelled", "return.approved")


def _told(scenario: Scenario) -> list[Told]:
    return [e for e in scenario.timeline if isinstance(e, Told) and isinstance(e.at, Moment)]


def _renamed(entry: Told, event: str) -> Told:
    """Another event about the same, with as much of the data as one of that name carries."""
    known = members(event)
    data = {key: value for key, value in entry.data.items() if key in known or not known}
    return replace(entry, event=event, data=data, heard=None, times=1)


def local(at: datetime, timeline: Timeline) -> Moment:
    """An instant as the story's own day and clock, to the minute."""
    here = at.astimezone(zone(timeline.zone))
    days = (local_date(at, timeline.zone) - local_date(timeline.placed_at, timeline.zone)).days
    return Moment(day=days, at=here.time().replace(second=0, microsecond=0))


def instants(timeline: Timeline) -> list[datetime]:
    """Where a difference may lie: just before and after a touch falls due, while it waits, just after it was decided,
    and shortly after everything that happened."""
    found = [timeline.placed_at + _MINUTE, timeline.placed_at - timedelta(hours=1)]
    for touch in timeline.touches:
        found += [touch.due_at - _MINUTE, touch.due_at + _MINUTE, touch.at + _MINUTE]
        found += [d.at + (d.until - d.at) / 2 for d in touch.deferrals[:3]]
    for event in timeline.events:
        if event.kind in _HAPPENINGS:
            found += [event.at - _MINUTE, event.at + _MINUTE, event.at + timedelta(hours=1)]
    return sorted(set(found))


class Mutator:
    """Changes, drawn from a seeded source of chance."""

    def __init__(self, words: Sequence[Entry], chance: random.Random, heard: Sequence[str] = ()) -> None:
        """`heard`: the events that the journey's code names."""
        self.words, self.chance, self.heard = words, chance, heard
        self._ways: list[tuple[int, Callable[[Scenario, Timeline], Scenario]]] = [
            (6, self._add), (6, self._add_after_an_entry), (3, self._move), (3, self._again),
            (4, self._counterpart), (2, self._late), (2, self._drop), (1, self._swap), (1, self._person),
            (1, self._pause),
        ]  # fmt: skip

    def mutated(self, scenario: Scenario, timeline: Timeline, changes: int) -> Scenario:
        """The story with so many changes, drawn one after the other from what happened in it."""
        weights = [weight for weight, _ in self._ways]
        for _ in range(changes):
            _, way = self.chance.choices(self._ways, weights)[0]
            scenario = way(scenario, timeline)
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

    def add(self, scenario: Scenario, *entries: Entry) -> Scenario:
        return replace(scenario, timeline=(*scenario.timeline, *entries))

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
        told = [e for e in _told(scenario) if e.event in COUNTERPARTS]
        if not told:
            return scenario
        entry = self.chance.choice(told)
        gap = self.chance.choice((*SOON, *SOON, *GAPS)) * self.chance.choice((1, -1))
        other = self.chance.choice(COUNTERPARTS[entry.event])
        return self.add(scenario, self._beside(entry, other, gap, timeline))

    def _beside(self, entry: Told, event: str, gap: timedelta, timeline: Timeline) -> Told:
        """Another event so long after an entry: about the same, or any of that name."""
        assert isinstance(entry.at, Moment)
        at = local(entry.at.resolve(timeline.placed_at, timeline.zone) + gap, timeline)
        known = [w for w in self.words if isinstance(w, Told) and w.event == event]
        if event.partition(".")[0] == entry.event.partition(".")[0] and event not in _WITHOUT_DATA:
            known = [*known[:1], _renamed(entry, event)]
        made = placed(self.chance.choice(known or [_renamed(entry, event)]), at, entry.order)
        assert isinstance(made, Told)
        return made

    def neighbours(self, scenario: Scenario, timeline: Timeline, most: int) -> list[Scenario]:
        """Of a story that did something new: each event told anew a few minutes later, and just before and after it
        what belongs to it; at most so many, drawn. And two thirds as many with something else that the journey's code
        listens for just before the last one, whatever the two have to do with each other."""
        made: list[Scenario] = []
        around = (SOON[-1], -SOON[-1])
        for entry in _told(scenario):
            made.append(self.add(scenario, self._beside(entry, entry.event, SOON[-1], timeline)))
            for other in COUNTERPARTS.get(entry.event, ()):
                made += [self.add(scenario, self._beside(entry, other, gap, timeline)) for gap in around]
        drawn = self.chance.sample(made, min(most, len(made)))
        heard = [
            self.add(scenario, self._beside(entry, other, -SOON[-1], timeline))
            for entry in _told(scenario)[-1:]
            for other in self.heard
            if other != entry.event
        ]
        return drawn + self.chance.sample(heard, min(most * 2 // 3, len(heard)))

    def pairs(self, usual: Scenario, timeline: Timeline) -> list[Scenario]:
        """What belongs together, within minutes and in both orders, on a story in which nothing else happens: before
        the parcel has come, and after."""
        made: list[Scenario] = []
        for event, others in COUNTERPARTS.items():
            known = {repr(w): w for w in self.words if isinstance(w, Told) and w.event == event}
            for word in known.values():
                for day in (3, 11):
                    one = placed(word, Moment(day=day, at=NOON))
                    assert isinstance(one, Told)
                    for other in others:
                        gap = SOON[-1] * self.chance.choice((1, -1))
                        made.append(self.add(usual, one, self._beside(one, other, gap, timeline)))
        self.chance.shuffle(made)
        return made

    def _changed(self, scenario: Scenario, change: Callable[[Any], Entry | None]) -> Scenario:
        if not scenario.timeline:
            return scenario
        place = self.chance.randrange(len(scenario.timeline))
        entries = list(scenario.timeline)
        changed = change(entries[place])
        entries[place : place + 1] = [] if changed is None else [changed]
        return replace(scenario, timeline=tuple(entries))

    def _move(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        def moved(entry: Entry) -> Entry:
            changes: dict[str, Any] = {"at": self._instant(timeline)}
            if isinstance(entry, Told | Ordered):
                changes["heard"] = None
            return replace(entry, **changes)

        return self._changed(scenario, moved)

    def _again(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        """The same message twice, or the same thing told anew a little later, as two systems tell it."""
        told = _told(scenario)
        if not told:
            return scenario
        entry = self.chance.choice(told)
        if self.chance.random() < 0.3:
            return self._changed(scenario, lambda e: replace(e, times=2) if hasattr(e, "times") else e)
        assert isinstance(entry.at, Moment)
        at = entry.at.resolve(timeline.placed_at, timeline.zone) + self.chance.choice(GAPS)
        return self.add(scenario, placed(replace(entry, heard=None), local(at, timeline)))

    def _late(self, scenario: Scenario, timeline: Timeline) -> Scenario:
        def late(entry: Entry) -> Entry:
            if not isinstance(entry, Told | Ordered) or not isinstance(entry.at, Moment):
                return entry
            at = entry.at.resolve(timeline.placed_at, timeline.zone) + self.chance.choice(_LATE)
            return replace(entry, heard=local(at + _MINUTE, timeline))

        if self.chance.random() < 0.2:
            at = timeline.placed_at + self.chance.choice(_LATE)
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


def resolved(scenario: Scenario, timeline: Timeline) -> Scenario:
    """The story with every `3h after STEP` as the time it came to; those that never came are left out. So it can be
    changed without losing its place."""
    sent = {(t.order, t.step): t.at for t in reversed(timeline.sent)}
    entries: list[Entry] = []
    for entry in scenario.timeline:
        if isinstance(entry.at, After):
            at = sent.get((entry.order, entry.at.step))
            if at is None:
                continue
            entry = replace(entry, at=local(at + entry.at.wait, timeline))
        entries.append(entry)
    return replace(scenario, timeline=tuple(entries))
