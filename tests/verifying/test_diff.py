"""`doorstep diff`: each change an engineer might make is named, scenario by scenario, and what cannot be compared is
said in one sentence."""

from __future__ import annotations

from typing import Any

import pytest
from tests.verifying.repository import Here, Repository, Store


def changes(told: Any) -> set[tuple[str, str]]:
    """(change, step) of the one scenario that was compared."""
    [scenario] = told["scenarios"]
    return {(d["change"], d["name"].partition(":")[0]) for d in scenario["differences"]}


@pytest.mark.parametrize(
    ("branch", "scenario", "named"),
    [
        ("duration", "gift-order", {("moved", "check-in")}),
        ("template", "happy-path", {("re-worded", "check-in")}),
        ("words", "happy-path", {("re-worded", "care-guide")}),
        ("order", "happy-path", {("moved", "care-guide")}),
        ("condition", "late-parcel", {("lost", "anticipation")}),
    ],
)
def test_a_change_is_named(here: Here, branch: str, scenario: str, named: set[tuple[str, str]]) -> None:
    """Between two revisions, each on its own code and templates."""
    told = here.json("diff", "base", branch, "-s", scenario)
    assert named <= changes(told)
    assert told["same"] is False


def test_points_that_become_usable_later_differ(here: Here) -> None:
    told = here.json("diff", "base", "unseen", "-s", "happy-path")
    [scenario] = told["scenarios"]
    [points] = [d for d in scenario["differences"] if d["kind"] == "points"]
    assert (points["change"], points["name"]) == ("changed", "order")
    assert (points["old"]["told"], points["new"]["told"]) == (
        "+34, usable after 30 days",
        "+34, usable after 300 days",
    )
    page = here.run("diff", "base", "unseen", "-s", "happy-path").stdout
    assert "~ changed   points order                    usable after 30 days → usable after 300 days" in page


@pytest.mark.parametrize(
    ("scenario", "named"),
    [
        ("cancelled-and-never-refunded", {("moved", "the end")}),
        ("refunded-five-days-after-cancelling", {("lost", "refund-confirmation"), ("moved", "the end")}),
    ],
)
def test_how_long_a_refund_is_waited_for_is_felt_by_a_scenario(
    here: Here, scenario: str, named: set[tuple[str, str]]
) -> None:
    """By no other: where there is one it comes on the next day."""
    assert named <= changes(here.json("diff", "base", "unseen", "-s", scenario))


def test_what_differs_makes_exit_code_1_and_is_told_in_the_customers_time(repository: Repository) -> None:
    done = repository.run("diff", "base", "duration", "standard", "-s", "gift-order")
    assert done.returncode == 1, done.stderr
    assert "→ moved     check-in" in done.stdout
    assert "(1 day earlier)" in done.stdout
    assert "The scenario differs between base and duration." in done.stdout
    assert "Scenario 1 of 1" in done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_comments_are_no_difference(here: Here) -> None:
    done = here.run("diff", "base", "same", "-s", "happy-path", "-s", "late-parcel")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing differs in 2 scenarios" in done.stdout


def test_the_working_tree_is_a_revision(here: Here, repository: Repository) -> None:
    """What is not committed yet is seen, and a scenario that is not committed plays on both."""
    path = repository.package / "templates/library/community/subject.txt.j2"
    before = path.read_text()
    mine = repository.folder / "mine.yaml"
    mine.write_text((repository.package / "rehearsal/scenarios/happy-path.yaml").read_text())
    try:
        path.write_text("New: " + before)
        told = here.json("diff", "HEAD", ".", "-s", "mine.yaml")
    finally:
        path.write_text(before)
        mine.unlink()
    assert changes(told) == {("re-worded", "community")}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["duraton", "."], "There is no revision 'duraton'. Did you mean 'duration'?"),
        (["base", "duration", "standrad"], "There is no journey 'standrad'. Did you mean 'standard'?"),
        (["base", "duration", "-s", "hapy-path"], "Did you mean 'happy-path'?"),
        (["standard.v1", "standard.v2"], "There is no version 'standard.v2'. Did you mean 'standard.v1'?"),
        (["standard.v1", "base"], "'standard.v1' is a version and the other is none."),
        (["base", "engineless"], "Revision 'engineless' cannot be compared: it has no rehearsal engine yet"),
        (["broken", "base"], "Revision 'broken' cannot be compared: it does not run (ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_sentence(here: Here, arguments: list[str], said: str) -> None:
    """Exit code 2, which is none of a difference's."""
    done = here.run("diff", *arguments)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_two_versions_of_one_code_are_compared(store: Store) -> None:
    """A store's first version against its second: in this process, no git needed."""
    told = store.json("diff", "bespoke.v1", "bespoke.v2", "-s", "happy-path")
    assert changes(told) == {("moved", "community"), ("gained", "education"), ("moved", "the end")}


def test_a_stores_own_repository_works_the_same_way(store: Store) -> None:
    """Doorstep is installed, the journeys are the store's: only they come from the revisions. A package that a
    revision lacks is not found in the working tree instead."""
    told = store.json("diff", "HEAD~1", "HEAD", "-s", "happy-path")
    assert told["missing"] == []
    assert {(s["old"], s["new"]) for s in told["scenarios"]} == {
        ("bespoke.v1", "bespoke.v2"),
        ("standard.v1", "standard.v1"),
    }
    bespoke, standard = told["scenarios"]
    assert standard["same"]
    assert {d["name"] for d in bespoke["differences"]} == {"community", "education", "the end"}

    done = store.run("diff", "HEAD~2", "HEAD", "-s", "happy-path")
    assert done.returncode == 2
    assert "Revision 'HEAD~2' cannot be compared: it does not run" in done.stderr
    assert "shop" in done.stderr
