"""Explore finds what a thousand ordinary stories miss, makes it small, and leaves a file that fails in rehearse."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from tests.rehearsal import deeper, well_ordered

from doorstep.domain import events
from doorstep.rehearsal import in_python, shelf
from doorstep.rehearsal.exploring.explore import explore
from doorstep.rehearsal.exploring.mutating import Mutator
from doorstep.rehearsal.exploring.vocabulary import vocabulary
from doorstep.rehearsal.limits.finding import built_ins, find
from doorstep.rehearsal.moments import when
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Scenario, Told
from doorstep.rehearsal.writing import write
from doorstep.workflows import registry
from doorstep.workflows.standard_v1 import Standard

RUNS = 2500
#: journey → the limit its fault breaks, and a seed that comes to it soon; the last two need three events in combination
FAULTS = {
    "faulty-refund": ("no promotion after refund", 1),
    "faulty-complaint": ("at most 4 marketing in 7 days", 2),
    "faulty-twice": ("no touch twice", 1),
    "faulty-end": ("the journey always ends", 3),
    "faulty-first-line": ("no unhandled exception", 3),
    "faulty-photo": ("no promotion with an open complaint", 1),
    "faulty-yes": ("nothing without consent", 1),
    "faulty-order": ("the journey always ends", 1),
}


@pytest.fixture(autouse=True, scope="module")
def only_here() -> Iterator[None]:
    """Events of other tests' modules cannot happen here: a search takes up every event there is, and would go another
    way whenever one is added. Other tests count the published journeys: the faulty ones go again."""
    ours = {t: cls for t, cls in events._REGISTRY.items() if cls.__module__.startswith("doorstep.domain")}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(events, "_REGISTRY", ours)
        yield
    for kind in [k for k in registry.journeys() if k.startswith("faulty-")]:
        del registry._JOURNEYS[kind]


@pytest.mark.parametrize(("journey", "limit", "seed"), [(j, *told) for j, told in FAULTS.items()])
def test_explore_finds_each_planted_fault_and_rehearse_shows_it(
    journey: str, limit: str, seed: int, tmp_path: Path
) -> None:
    report = explore(journey, limits=[find(limit)], runs=RUNS, seed=seed, first=True, reachable=False)
    assert [finding.breach.limit for finding in report.findings[:1]] == [limit]
    found = report.findings[0].scenario
    assert 2 <= len(found.timeline) <= 4, write(found)

    file = tmp_path / "found.yaml"
    file.write_text(write(found), encoding="utf-8")
    timeline = rehearse(journey, shelf.load(str(file)))
    assert any(limit in problem for problem in timeline.problems)
    assert rehearse("standard", shelf.load(str(file))).ok, "the standard journey has not this fault"


def test_a_flag_that_another_event_clears_is_found_as_the_command_searches() -> None:
    """A complaint, its end, a subscription within the half hour: the reward breaks the week before it breaks anything
    else."""
    report = explore("faulty-flag", bases=shelf.every(()), runs=700, seed=2, first=True)
    told = [(finding.breach.limit, len(finding.scenario.timeline)) for finding in report.findings]
    assert told == [("at most 4 marketing in 7 days", 3)]


def breaches_of(stories: list[Scenario]) -> list[str]:
    """Of any limit, in the journey that has all ten faults."""
    limits, found = built_ins(), []
    for scenario in stories:
        timeline = rehearse(deeper.AllTen, scenario, render=False)
        found += [str(breach) for one in limits for breach in one.breaches(timeline, scenario)]
    return found


def test_a_thousand_well_ordered_stories_miss_all_ten() -> None:
    """One half is played beside the other: it is what takes longest here."""
    chance = random.Random(7)
    stories = [well_ordered.story(chance) for _ in range(1000)]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
        other_half = beside.submit(breaches_of, stories[500:])
        assert breaches_of(stories[:500]) == []
        assert other_half.result() == []


def test_the_same_seed_finds_the_same() -> None:
    first, second = (explore("standard", runs=30, seed=3) for _ in range(2))
    for report in (first, second):
        report.elapsed = 0.0
    assert first == second


def test_two_hash_seeds_play_the_same_stories() -> None:
    """Into what is drawn from what was learnt: sets are among it."""
    code = (
        "from doorstep.rehearsal.exploring import explore as it\n"
        "one = it._Search._one\n"
        "it._Search._one = lambda self, story: (print(story), one(self, story))\n"
        "it.explore('standard', limits=[], runs=130, seed=3, reachable=False)"
    )
    told = [
        Popen([sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": s}, stdout=PIPE) for s in "12"
    ]
    first, second = (one.communicate()[0] for one in told)
    assert len(first.splitlines()) == 130
    assert first == second


def test_the_step_that_cannot_be_reached_is_told_and_none_that_hangs_on_the_person() -> None:
    """What one person in ten gets is reached: the search asks other persons, too."""
    report = explore("faulty-step", limits=[], runs=230)
    assert report.steps == {"order-confirmation", "community", "education"}
    assert report.never_sent == ("education",)
    assert not report.ok


def test_of_a_search_that_was_too_short_no_step_is_said_to_be_out_of_reach() -> None:
    report = explore("faulty-step", limits=[], runs=20)
    assert (report.never_sent, report.whole, report.ok) == ((), False, True)


def test_what_belongs_to_an_event_is_told_with_no_more_than_it_carries() -> None:
    """A cancellation made of a refund would be refused for the refund's lines, and never be tried."""
    usual = shelf.load("happy-path")
    timeline = rehearse("standard", usual, render=False)
    refund = Told(at=when("day 9 12:00"), event="order.refunded", data={"lines": [["fern", 1]]})
    story = replace(usual, timeline=(*usual.timeline, refund))
    mutator = Mutator(vocabulary(story, Standard), random.Random(7))
    made = [one for _ in range(10) for one in mutator.neighbours(story, timeline, 1000)]
    assert {one.timeline[-1].event for one in made if isinstance(one.timeline[-1], Told)} >= {
        "order.cancelled"
    }
    for one in made:
        in_python.check(one)


def test_a_given_limit_is_broken_by_the_smallest_story_of_all() -> None:
    report = explore(
        "standard", limits=[find("never care-guide after shipment.delivered")], runs=5, first=True
    )
    assert [len(f.scenario.timeline) for f in report.findings] == [1]
    assert not report.ok


def test_each_limit_that_one_smallest_story_breaks_is_told() -> None:
    """The second was told as held, in the search that had seen it broken."""
    limits = [find("at most 1 email in 7 days"), find("at most 1 message in 7 days")]
    report = explore("standard", limits=limits, runs=3, reachable=False)
    told = {finding.breach.limit: finding.scenario.timeline for finding in report.findings}
    assert set(told) == {one.name for one in limits}
    assert len(set(told.values())) == 1, "it is the same story"
    assert {tuple(finding.scenario.limits) for finding in report.findings} == {(one.name,) for one in limits}
