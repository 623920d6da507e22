"""Who tells a story proves it first; the same class and story only once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.rehearsal import lots

from doorstep.rehearsal import in_sandbox, shelf
from doorstep.rehearsal.exploring.explore import explore
from doorstep.rehearsal.limits.finding import find
from doorstep.rehearsal.rehearse import journey_class, rehearse
from doorstep.rehearsal.timeline import Timeline
from doorstep.workflows import registry

NEVER = "never return-received after return.requested"


for kind in ("lots-at-once.v1", "lots-later.v1"):
    registry._JOURNEYS.pop(kind, None)  # other tests count the published journeys


def test_what_only_the_sandbox_refuses_is_among_the_problems() -> None:
    story = shelf.load("happy-path")
    assert rehearse(lots.AtOnce, story).ok, "the fast run alone does not see it"
    [problem] = in_sandbox.proven(lots.AtOnce, story).problems
    assert "random.random" in problem


def test_a_class_and_story_is_proven_once(monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[bool] = []

    def counted(*words: Any, **options: Any) -> Timeline:
        played.append(bool(options.get("sandboxed")))
        return rehearse(*words, **options)

    monkeypatch.setattr(in_sandbox, "rehearse", counted)
    monkeypatch.setattr(in_sandbox, "_PROOFS", {})
    monkeypatch.setattr(in_sandbox, "_MET", {journey_class("standard")[1]})
    for _ in range(3):
        assert in_sandbox.proven("standard", shelf.load("late-parcel"), render=False).ok
    assert played == [True, False, False, False]
    in_sandbox.proven("standard", shelf.load("late-parcel"), render=False, person_ref="per_other")
    assert played[4:] == [True, False], "another person's story is another"
    in_sandbox._MET.clear()
    in_sandbox.proven("standard", shelf.load("happy-path"), render=False)
    assert played[6:] == [True, False, False], "a class's first, for what it leaves behind"
    in_sandbox.proven("standard", shelf.load("good-review"), render=False)
    assert played[9:] == [True, False]


def test_explore_does_not_search_what_the_sandbox_refuses() -> None:
    report = explore(lots.AtOnce, runs=5)
    assert (report.runs, report.ok) == (0, False)
    assert "random.random" in report.refused[0]
    assert "random.random" in report.as_json()["refused"][0]


def test_explore_proves_what_it_found() -> None:
    """Chance on a way that the first story does not take."""
    report = explore(lots.WhenReturned, limits=[find(NEVER)], runs=150, first=True)
    assert report.refused == ()
    assert report.findings
    assert "random.random" in report.findings[0].refused[0]
