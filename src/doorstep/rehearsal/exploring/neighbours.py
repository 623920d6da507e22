"""What often goes with what, and what else the journey's code listens for: told beside a thing that happened."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from doorstep.rehearsal.carried import members
from doorstep.rehearsal.exploring.timing import SOON, local
from doorstep.rehearsal.exploring.vocabulary import placed
from doorstep.rehearsal.moments import NOON, Moment
from doorstep.rehearsal.scenario import Entry, Scenario, Told
from doorstep.rehearsal.timeline import Timeline

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
_ANEW = (SOON[-1], timedelta(hours=2))
_OTHER = "other"
_MANY = ("complaint", "return")
"""Of one order there can be several."""
_WITHOUT_DATA = ("return.cancelled", "return.approved")


def dated(scenario: Scenario) -> list[Told]:
    """The events of a story, with the time of each."""
    return [e for e in scenario.timeline if isinstance(e, Told) and isinstance(e.at, Moment)]


def _renamed(entry: Told, event: str) -> Told:
    """Another event about the same, with as much of the data as one of that name carries."""
    known = members(event)
    data = {key: value for key, value in entry.data.items() if key in known or not known}
    return replace(entry, event=event, data=data, heard=None, times=1)


def another(entry: Told) -> Told:
    """The same event about another parcel, complaint, return or refund."""
    if entry.event.startswith("shipment."):
        return replace(entry, parcel="" if entry.parcel else _OTHER)
    if entry.event.partition(".")[0] in _MANY or entry.event == "order.refunded":
        return replace(entry, subject="" if entry.subject == _OTHER else _OTHER)
    return entry


class Neighbours:
    """Of a story: those with one thing more, drawn from a seeded source of chance."""

    def __init__(self, words: Sequence[Entry], chance: random.Random, heard: Sequence[str] = ()) -> None:
        """`heard`: the events that the journey's code names."""
        self.words, self.chance, self.heard = words, chance, heard

    def add(self, scenario: Scenario, *entries: Entry) -> Scenario:
        return replace(scenario, timeline=(*scenario.timeline, *entries))

    def beside(self, entry: Told, event: str, gap: timedelta, timeline: Timeline) -> Told:
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
        """Of a story that did something new: each event told anew a little later, and of another of its kind, and just
        before and after it what belongs to it; at most so many, drawn. And two thirds as many with something else that
        the journey's code listens for just before or after the last one, whatever the two have to do with each other.
        """
        made: list[Scenario] = []
        around = (SOON[-1], -SOON[-1])
        for entry in dated(scenario):
            anew = [self.beside(entry, entry.event, gap, timeline) for gap in _ANEW]
            goes_with = COUNTERPARTS.get(entry.event, ())
            beside = [self.beside(entry, other, gap, timeline) for other in goes_with for gap in around]
            made += [self.add(scenario, one) for one in (*anew, another(anew[0]), *beside)]
        drawn = self.chance.sample(made, min(most, len(made)))
        last = dated(scenario)[-1:]
        heard = [(e, o, gap) for e in last for o in self.heard if o != e.event for gap in around]
        some = self.chance.sample(heard, min(most * 2 // 3, len(heard)))
        return drawn + [self.add(scenario, self.beside(*one, timeline)) for one in some]

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
                        made.append(self.add(usual, one, self.beside(one, other, gap, timeline)))
        self.chance.shuffle(made)
        return made
