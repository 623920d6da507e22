"""Limits of a store's own, which are functions: what they answer, and what happens when they are wrong themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from doorstep.rehearsal import shelf
from doorstep.rehearsal.exploring.explore import explore
from doorstep.rehearsal.limits import registry
from doorstep.rehearsal.limits.finding import find
from doorstep.rehearsal.limits.registry import limit
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Scenario, Told
from doorstep.rehearsal.timeline import Timeline
from doorstep.rehearsal.trouble import Place


@pytest.fixture(autouse=True)
def no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is registered here is gone after the test."""
    monkeypatch.setattr(registry, "_GIVEN", {})


def played(name: str) -> tuple[Timeline, Scenario]:
    scenario = shelf.load(name)
    return rehearse("standard", scenario, render=False), scenario


def test_a_function_of_the_timeline_is_a_limit() -> None:
    @limit
    def no_guide(timeline: Timeline) -> None:
        assert timeline.touch("care-guide") is None, "a guide went"

    timeline, told = played("happy-path")
    assert [b.what for b in find("no-guide").breaches(timeline, told)] == ["a guide went"]


def yields(timeline: Timeline) -> Iterator[str]:
    yield "one thing"
    assert not timeline.touches, "another"


def looks_up(timeline: Timeline) -> str:
    return {"late": "it is late"}[timeline.journey]


def looks_up_late(timeline: Timeline) -> Iterator[str]:
    yield "one thing"
    yield looks_up(timeline)


NO_SENTENCE = (
    "A limit answers nothing while it holds, else a sentence, or several, that say how it is broken."
)
LINE = looks_up.__code__.co_firstlineno + 1
KEY_ERROR = f"it cannot be asked: KeyError: 'standard.v1' ({{}}:{LINE}). Mend the limit."


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (yields, ["one thing", "another"]),
        (looks_up, [KEY_ERROR]),
        (looks_up_late, ["one thing", KEY_ERROR]),
        (lambda _: 5, [f"it answered with int, which is no sentence ({{}}:{{}}). {NO_SENTENCE}"]),
        (lambda _: False, [f"it answered with bool, which is no sentence ({{}}:{{}}). {NO_SENTENCE}"]),
        (lambda t: t.sent[:1], [f"it answered with Touch, which is no sentence ({{}}:{{}}). {NO_SENTENCE}"]),
        (lambda _: ["", None, "once"], ["once"]),
        (lambda _: [], []),
    ],
    ids=["yields", "raises", "raises late", "a number", "no", "no texts", "some", "none"],
)
def test_whatever_a_function_does_is_said_with_its_line(
    function: Callable[[Timeline], Any], says: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anything but an assertion in a plain function ended the search, and all that it had found was lost."""
    here, line = str(Place(__file__, 0)).removesuffix(":0"), function.__code__.co_firstlineno
    monkeypatch.setattr(function, "__name__", "one_of_mine")
    limit(function)
    timeline, told = played("happy-path")
    found = find("one of mine").breaches(timeline, told)
    assert [breach.what for breach in found] == [said.format(here, line) for said in says]


def test_a_limit_that_raises_is_a_finding_and_ends_no_search() -> None:
    @limit
    def no_complaint_is_read(timeline: Timeline) -> None:
        told = [e for e in timeline.events if e.what == "complaint.opened"]
        assert not [one.data["tone"] for one in told]

    limits = [find("no complaint is read"), find("never care-guide after shipment.delivered")]
    bases = [shelf.load("bad-review-resolved")]
    report = explore("standard", limits=limits, bases=bases, runs=80, reachable=False)
    assert report.ended == "80 stories were played"
    found = {finding.breach.limit: finding for finding in report.findings}
    assert set(found) == {one.name for one in limits}
    mine = found["no complaint is read"]
    assert "KeyError: 'tone'" in mine.breach.what
    assert [e.event for e in mine.scenario.timeline if isinstance(e, Told)] == ["complaint.opened"]
    assert any("KeyError: 'tone'" in problem for problem in rehearse("standard", mine.scenario).problems)
