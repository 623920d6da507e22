"""The limits that hold for every journey. A *promotion* is a touch of purpose marketing, and any other that recommends
products or carries an offer or a reward: an author's word on its purpose does not make it something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from doorstep.rehearsal.limits import facts
from doorstep.rehearsal.limits.registry import Breach, Limit
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.timeline import Kind, Timeline, Touch
from doorstep.rehearsal.words import lasting, of_touch

NO_END = "the journey never ends"
NO_STEP = "the journey never came to a step"
"""How `rehearse` begins what it says of these (after the order's name, or the file's)."""


def promotions(timeline: Timeline) -> Iterator[Touch]:
    """Those that a provider took."""
    return (t for t in timeline.sent if t.purpose == "marketing" or t.promotes)


def _when(timeline: Timeline, touch: Touch) -> str:
    return (
        f"{of_touch(timeline, touch)} went on day {timeline.day(touch.at)} at {touch.at:%Y-%m-%d %H:%M} UTC"
    )


def _after_refund(timeline: Timeline, scenario: Scenario) -> Iterable[Breach]:
    for touch in promotions(timeline):
        since = facts.nothing_left_since(timeline, touch.order)
        if since is not None and touch.left_at > since:
            what = (
                f"{_when(timeline, touch)}; nothing was left of the order since {since:%Y-%m-%d %H:%M} UTC."
            )
            yield Breach(limit=AFTER_REFUND, what=what, about=touch.step, at=touch.at)


def _complaint(timeline: Timeline, scenario: Scenario) -> Iterable[Breach]:
    for touch in promotions(timeline):
        if found := facts.complained(timeline, touch.order, touch.left_at):
            what = f"{_when(timeline, touch)}, while {found} was open."
            yield Breach(limit=COMPLAINT, what=what, about=touch.step, at=touch.at)


def _consent(timeline: Timeline, scenario: Scenario) -> Iterable[Breach]:
    promoted = {touch.key for touch in promotions(timeline)}
    for touch in timeline.sent:
        why = facts.closed_to(timeline, scenario, touch.channel, touch.left_at)
        if not why and touch.key in promoted:
            agreed = facts.agreed(timeline, scenario, touch.channel, touch.left_at)
            why = "" if agreed else "no consent to marketing stood there"
        if why:
            what = f"{_when(timeline, touch)} by {touch.channel}; {why}."
            yield Breach(limit=CONSENT, what=what, about=touch.step, at=touch.at)


def _twice(timeline: Timeline, scenario: Scenario) -> Iterable[Breach]:
    for touch in timeline.touches:
        if touch.taken > 1:
            what = f"a provider took {of_touch(timeline, touch)} {touch.taken} times."
            yield Breach(limit=TWICE, what=what, about=touch.step, at=touch.at)
    for first, second in alike(timeline):
        if first.body_digest and (first.subject, first.body_digest) == (second.subject, second.body_digest):
            apart = f"{lasting(second.at - first.at)} later" if second.at > first.at else "at once"
            what = f"{_when(timeline, first)}, and again with the same words {apart}."
            yield Breach(limit=TWICE, what=what, about=second.step, at=second.at)


def alike(timeline: Timeline) -> list[tuple[Touch, Touch]]:
    """Pairs of messages of one step, order and channel about one thing (the same parcel, refund, return) on one day of
    the person's: whether they say the same, only their words tell (`body_digest`; empty where nothing was rendered)."""
    sent = [(touch, _subject(touch)) for touch in timeline.sent]
    return [
        (a, b)
        for (a, one), (b, other) in combinations(sent, 2)
        if one == other and timeline.day(a.at) == timeline.day(b.at)
    ]


def _subject(touch: Touch) -> tuple[str, ...]:
    """`shipment:<ref>` of `shipment:<ref>:delivered`."""
    return (touch.step, touch.order, touch.channel, *touch.occurrence.split(":")[:2])


def _raises(timeline: Timeline, scenario: Scenario) -> Iterable[Breach]:
    for problem in timeline.problems:
        if not any(known in problem for known in (NO_END, NO_STEP, "Limit '")):
            yield Breach(limit=RAISES, what=problem, about=problem.partition(", at ")[0])


def _ends(timeline: Timeline, scenario: Scenario) -> Iterable[Breach]:
    for problem in timeline.problems:
        if NO_END in problem and not _paused(timeline, problem.partition(":")[0]):
            yield Breach(limit=ENDS, what=problem, about=NO_END)


def _paused(timeline: Timeline, order: str) -> bool:
    """An agent paused the order's journey and did not resume it: it waits for that agent."""
    acts = [e.what for e in timeline.events if e.kind is Kind.AGENT and e.order == order]
    return [act for act in acts if act in ("pause", "resume")][-1:] == ["pause"]


AFTER_REFUND = "no promotion after refund"
COMPLAINT = "no promotion with an open complaint"
CONSENT = "nothing without consent"
TWICE = "no touch twice"
RAISES = "no unhandled exception"
ENDS = "the journey always ends"
REACHABLE = "every step reachable"
"""Of a whole search, not of one story: `exploring` answers it."""
WEEK = "at most 4 marketing in 7 days"
"""Said in words, as a given one is (`said`)."""

CHECKED = {
    name: Limit(name=name, check=check)
    for name, check in (
        (AFTER_REFUND, _after_refund),
        (COMPLAINT, _complaint),
        (CONSENT, _consent),
        (TWICE, _twice),
        (RAISES, _raises),
        (ENDS, _ends),
    )
}
