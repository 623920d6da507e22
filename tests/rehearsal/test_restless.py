"""A journey that turns in circles, or never ends, is told with the author's line, whichever of its tasks it is."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from tests.rehearsal import restless

from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.shelf import load
from doorstep.rehearsal.standing import Stand, waits_for


def line(cls: type[Any], mark: str) -> int:
    source, first = inspect.getsourcelines(cls)
    return first + next(n for n, text in enumerate(source) if f"# {mark}" in text)


@pytest.mark.parametrize("sandboxed", [False, True])
def test_a_journey_that_continues_as_another_type_is_refused_with_its_line(sandboxed: bool) -> None:
    """What the story raises, the engine of our journeys hands on."""
    told = problem(restless.GoesOver, sandboxed=sandboxed)
    assert "continues as another type 'patient.v1', which a rehearsal does not do" in told
    assert f"restless.py:{line(restless.GoesOver, 'here')}," in told


def problem(cls: type[Any], *, sandboxed: bool) -> str:
    found = rehearse(cls, load("happy-path"), sandboxed=sandboxed).problems
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("sandboxed", [False, True])
@pytest.mark.parametrize("cls", [restless.InTheStory, restless.InAnArm, restless.Asking])
def test_a_loop_is_told_with_its_own_line(cls: type[Any], sandboxed: bool) -> None:
    """Not the engine's, whose task waits for the story's, and not another arm's."""
    told = problem(cls, sandboxed=sandboxed)
    assert "The workflow spins" in told
    assert f"restless.py:{line(cls, 'here')}," in told


@pytest.mark.parametrize("sandboxed", [False, True])
def test_a_journey_that_never_ends_is_told_with_what_it_waits_for_and_where(sandboxed: bool) -> None:
    told = problem(restless.Patient, sandboxed=sandboxed)
    assert "the journey never ends" in told
    for what, mark in (("review.submitted", "reviewed"), ("a miracle", "asked")):
        assert f"{what} (tests/rehearsal/restless.py:{line(restless.Patient, mark)})" in told


def test_what_waits_without_a_name_is_told_by_its_place() -> None:
    """What the arms wait for, not that the story waits for them; with what support sees besides."""
    bare, named, story = (
        Stand("tea.py", n, what, others)
        for n, what, others in ((7, "", False), (9, "a", False), (3, "", True))
    )
    assert waits_for([story, bare, named], ["a", "a touch"]) == "a (tea.py:9), a touch, at tea.py:7"
    assert waits_for([story], []) == "nothing that comes by itself, at tea.py:3"
    assert waits_for([], []) == "nothing that comes by itself"
