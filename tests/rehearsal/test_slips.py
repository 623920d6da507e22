"""An author's slips are told with their words, the line, and the way to mend them."""

from __future__ import annotations

import inspect
import os
from typing import Any

import pytest
from temporalio import workflow
from tests.rehearsal import slips

from doorstep.rehearsal import shelf
from doorstep.rehearsal.in_sandbox import proven
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.trouble import Place
from doorstep.workflows import registry

for kind in [one for one, cls in registry.journeys().items() if cls.__module__ == slips.__name__]:
    registry._JOURNEYS.pop(kind)  # other tests count the published journeys


def told(cls: type[Any], *, sandboxed: bool = False) -> str:
    """The one problem of a story."""
    play = proven if sandboxed else rehearse
    (problem,) = play(cls, shelf.load("happy-path")).problems
    return problem


def marked(cls: type[Any]) -> str:
    """The slip's file and line, as they are told."""
    source, first = inspect.getsourcelines(cls)
    line = first + next(n for n, text in enumerate(source) if "# here" in text)
    return f" in {Place(inspect.getsourcefile(cls) or '', line)},"


@pytest.mark.parametrize("sandboxed", [False, True])
@pytest.mark.parametrize(("cls", "kind"), [(slips.AnswersANumber, "int"), (slips.AnswersAnObject, "object")])
def test_an_outcome_that_is_no_text_is_refused_at_run(cls: type[Any], kind: str, sandboxed: bool) -> None:
    problem = told(cls, sandboxed=sandboxed)
    assert f"The journey's `run` answers a value of type {kind}, which is no outcome" in problem
    assert marked(cls) in problem
    assert "Return nothing, or a text such as 'completed' in" in problem
    assert os.path.join("doorstep", "converter.py") not in problem


@pytest.mark.parametrize("answer", [None, "", False, 0, "gone", slips.Ending.HAPPY])
def test_what_could_always_be_told_goes_on(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A published journey on its way must not be stuck at its end by an upgrade."""
    monkeypatch.setattr(slips.AnswersWhatEnded, "answer", answer)
    timeline = rehearse(slips.AnswersWhatEnded, shelf.load("happy-path"))
    assert timeline.ok, timeline.problems


def test_an_outcome_that_is_history_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release before let it through: replayed, the journey goes the way it went."""
    monkeypatch.setattr(workflow.unsafe, "is_replaying", lambda: True)
    assert "no outcome" not in told(slips.AnswersANumber)


@pytest.mark.parametrize(
    ("cls", "said"),
    [
        (slips.TooUrgent, "priority= got 700, and goes from 0 to 100. Give a whole number, such as 70"),
        (slips.UrgentByWord, "priority= got 'high', and goes from 0 to 100."),
        (slips.WaitsForAText, "'shipment.delivered' is a text, no event. Give the event's class, Delivered"),
        (
            slips.FollowsAText,
            "'Deliverd' is a text, no event. Did you mean 'Delivered'? Give the event's class",
        ),
        (slips.LooksForANumber, "A value of type int is no event. Give the event's class, such as Delivered"),
        (slips.BeginsUnmarked, "missing 1 required positional argument: 'start'"),
    ],
)
def test_what_send_and_wait_for_cannot_take_is_told_with_its_line(cls: type[Any], said: str) -> None:
    problem = told(cls)
    assert said in problem
    assert marked(cls) in problem


def test_an_init_that_is_not_marked_is_told_how_to_mark_it() -> None:
    assert "Mark it `@workflow.init`: it is then given what `run` takes." in told(slips.BeginsUnmarked)


def test_a_misspelt_template_is_told_with_the_line_that_names_it() -> None:
    problem = told(slips.MisspellsATemplate)
    assert problem.startswith("check-in: There is no template 'care-giude'. Did you mean 'care-guide'?")
    assert problem.endswith(f"It is named{marked(slips.MisspellsATemplate).rstrip(',')}.")


def test_a_priority_that_is_history_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release before let it through: replayed, the journey goes the way it went."""
    monkeypatch.setattr(workflow.unsafe, "is_replaying", lambda: True)
    assert rehearse(slips.TooUrgent, shelf.load("happy-path")).ok
