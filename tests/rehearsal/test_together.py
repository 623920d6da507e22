"""What a journey's code looks at together is read from its source, and stories are made of it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.rehearsal import deeper, faulty

from doorstep.rehearsal import in_python, shelf
from doorstep.rehearsal.exploring.bursts import Bursts
from doorstep.rehearsal.exploring.corpus import Corpus
from doorstep.rehearsal.exploring.coverage import CODE, Coverage
from doorstep.rehearsal.exploring.together import AGAIN, FAULT, PARCEL, together
from doorstep.rehearsal.exploring.vocabulary import vocabulary
from doorstep.rehearsal.moments import when
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Ordered, Scenario, Told
from doorstep.workflows.standard_v1 import Standard


def of(journey: object, *, own: bool = True) -> set[tuple[str, ...]]:
    return {group.events for group in together(journey) if group.own is own}


def test_events_that_one_function_names_are_together_and_so_is_the_length_of_time_between_them() -> None:
    assert of(faulty.ThanksForAPhoto) == {("complaint.opened", "content.shared")}
    assert {g.spans for g in together(faulty.ThanksForAPhoto) if g.own} == {(timedelta(minutes=30),)}


def test_a_hook_hangs_on_what_calls_it() -> None:
    """`after_exit` is nobody's but a cancellation's or a full refund's."""
    assert ("order.cancelled", "order.refunded", "review.submitted") in of(faulty.WinsBackAfterRefund)


def test_two_functions_that_share_a_flag_are_together() -> None:
    assert ("complaint.opened", "complaint.resolved", "subscription.started") in of(deeper.ForgetsWhoIsUpset)
    assert ("subscription.started",) in of(deeper.ForgetsWhoIsUpset)


def test_statuses_are_told_apart_where_the_code_does_and_what_nobody_tells_by_what_it_follows_from() -> None:
    assert ("shipment.attempt_failed", "shipment.delivered") in of(faulty.DeliveredByTheMinute)
    known = {event for events in of(Standard, own=False) for event in events}
    assert {AGAIN, FAULT, PARCEL, "shipment.delivered", "return.requested"} <= known
    assert "order.delivered" not in known, "it cannot be told"


def test_what_is_drawn_can_be_told_and_comes_in_any_order_at_any_pace() -> None:
    usual = shelf.load("happy-path")
    timeline = rehearse("standard", usual, render=False)
    bursts = Bursts(together(Standard), vocabulary(usual, Standard), random.Random(7))
    before = len(usual.timeline)
    made = [bursts.told(usual, timeline) for _ in range(150)]
    made += [bursts.related(usual, timeline) for _ in range(50)]
    for one in made:
        in_python.check(one)
        assert len(one.timeline) > before
    pairs = {(a, b) for one in made for a, b in _pairs(one, before)}
    assert {("return.requested", "return.received"), ("return.received", "return.requested")} <= pairs
    assert any(isinstance(entry, Ordered) for one in made for entry in one.timeline)


def _told(story: Scenario) -> list[str]:
    return [e.event for e in story.timeline if isinstance(e, Told)]


def _pairs(story: Scenario, before: int) -> list[tuple[str, str]]:
    told = _told(replace(story, timeline=story.timeline[before:]))
    return [(a, b) for n, a in enumerate(told) for b in told[n + 1 :]]


def test_a_function_that_no_story_came_to_the_end_of_is_drawn_before_others() -> None:
    usual = shelf.load("happy-path")
    timeline = rehearse("standard", usual, render=False)
    words = vocabulary(usual, Standard)
    looking = {"Standard.surprise": 9, "Standard.browse_reminder": 0}
    bursts = Bursts(together(Standard), words, random.Random(7), lambda place: looking.get(place, 500))
    drawn = [group.place for _ in range(20) if (group := bursts.wanted())]
    assert set(drawn) == {"Standard.browse_reminder"}, "`surprise` hangs on no event"
    known = Bursts(together(Standard), words, random.Random(7))
    assert known.wanted() is None
    made = [
        sum("cart.updated" in _told(b.told(usual, timeline)) for _ in range(200)) for b in (bursts, known)
    ]
    assert made[0] > made[1]


def test_what_few_stories_did_is_gone_on_from_most() -> None:
    usual = shelf.load("happy-path")
    timeline = rehearse("standard", usual, render=False)
    corpus, nothing = Corpus(random.Random(7)), frozenset[Any]()
    rare, common = frozenset({(CODE, "Tea.run", 7)}), frozenset({(CODE, "Tea.reviews", 9)})
    corpus.learn(replace(usual, name="rare"), timeline, rare, nothing)
    for _ in range(40):
        corpus.learn(replace(usual, name="common"), timeline, common, nothing)
    never = frozenset({(CODE, "Tea.run", 8)})
    assert [corpus.least(marks) for marks in (rare, common, rare | common, common | never)] == [1, 40, 1, 0]
    names = [came.scenario.name if came else "" for came in map(corpus.at, ("Tea.run", "Tea.returns"))]
    assert names == ["rare", ""]
    drawn = [corpus.drawn().scenario.name for _ in range(60)]
    assert drawn.count("rare") > 2 * drawn.count("common")


def test_what_a_yes_or_no_function_says_is_a_mark() -> None:
    """`any(a.at < b.at for …)` has no branch of its own: that it was half an hour too long was no news."""
    coverage, said = Coverage(faulty.ThanksForAPhoto), []
    with coverage.watching():
        for photo in ("day 9 12:10", "day 9 14:00"):
            coverage.begin()
            done, _ = coverage.marks(rehearse(faulty.ThanksForAPhoto, _complained(photo), render=False))
            answers = {mark for mark in done if mark[0] is CODE and isinstance(mark[-1], bool)}
            said.append(
                {answer for _, name, _, answer in answers if name.endswith("photo.<locals>.<genexpr>")}
            )
    assert said == [{True}, {False}]


def _complained(photo: str) -> Scenario:
    usual = shelf.load("happy-path")
    complaint = Told(at=when("day 9 12:00"), event="complaint.opened")
    shared = Told(at=when(photo), event="content.shared")
    return replace(usual, timeline=(*usual.timeline, complaint, shared))
