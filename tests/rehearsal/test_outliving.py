"""State in a module's or a class's variable: a worker keeps none between journeys, so a rehearsal must not play it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from tests.rehearsal import mindful
from typer.testing import CliRunner

from doorstep import cli
from doorstep.rehearsal import in_sandbox, shelf
from doorstep.rehearsal.exploring.explore import explore
from doorstep.rehearsal.in_sandbox import proven
from doorstep.rehearsal.rehearse import rehearse
from doorstep.workflows import registry

HAPPY, LATE = "happy-path", "late-parcel"


for kind in ("mindful.v1", "mindful-class.v1", "mindful-cache.v1"):
    registry._JOURNEYS.pop(kind, None)  # other tests count the published journeys


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process of its own."""
    monkeypatch.setattr(in_sandbox, "_PROOFS", {})
    monkeypatch.setattr(in_sandbox, "_MET", set())
    mindful.SEEN.clear()
    mindful.Counts.begun.clear()


def marked_line(cls: type[Any]) -> int:
    source, first = inspect.getsourcelines(cls)
    return first + next(n for n, text in enumerate(source) if "# here" in text)


def test_the_very_first_story_of_a_journey_that_remembers_is_told_with_its_line() -> None:
    [problem] = proven(mindful.Mindful, shelf.load(HAPPY)).problems
    assert "it says ['community' by email sent] after others in the same process" in problem
    assert "[nothing of it] in the worker's sandbox" in problem
    assert (
        f"mindful.py:{marked_line(mindful.Mindful)}. It keeps something where it outlives a journey"
        in problem
    )
    assert problem.endswith("keep it on self.")


def test_every_story_of_it_is_told() -> None:
    told = [proven(mindful.Mindful, shelf.load(name)).problems for name in (HAPPY, LATE, HAPPY)]
    assert [len(problems) for problems in told] == [1, 1, 1]


def test_an_outcome_that_hangs_on_those_before_is_told_too() -> None:
    [problem] = proven(mindful.Counts, shelf.load(HAPPY)).problems
    assert "'known'" in problem or "'new'" in problem
    assert f"mindful.py:{marked_line(mindful.Counts)}" in problem


def test_what_is_kept_and_changes_nothing_is_no_mistake() -> None:
    assert [proven(mindful.Caches, shelf.load(name)).ok for name in (HAPPY, LATE, HAPPY)] == [True] * 3


def test_other_templates_than_those_of_the_proof_are_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof is kept by class and story; what seems another way is played in the sandbox once more."""
    story = shelf.load(HAPPY)
    shown = in_sandbox.proof("standard", story)
    [key] = in_sandbox._PROOFS
    in_sandbox._PROOFS[key] = in_sandbox.Proof(shown.problems, shown.unawaited, shown.course[1:])
    assert proven("standard", story).ok


def test_explore_does_not_search_a_journey_that_remembers() -> None:
    report = explore(mindful.Mindful, runs=5)
    assert (report.runs, report.ok) == (0, False)
    assert "hangs on those before it" in report.refused[0]


def test_the_fast_run_alone_tells_two_stories_and_no_problem() -> None:
    """Which is what `proven` is for."""
    first, second = (rehearse(mindful.Mindful, shelf.load(HAPPY)) for _ in range(2))
    assert (first.touch("community") is None, second.touch("community") is None) == (True, False)
    assert [first.ok, second.ok] == [True, True]


def test_the_command_fails_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._JOURNEYS, "mindful.v1", mindful.Mindful)
    done = CliRunner().invoke(cli.app, ["rehearse", "mindful", "--scenario", HAPPY])
    assert done.exit_code == 1
    assert f"mindful.py:{marked_line(mindful.Mindful)}" in " ".join(done.output.split())
