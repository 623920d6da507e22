"""The `rehearse` fixture given what it cannot use: each is refused with what to give."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from doorstep.errors import ScenarioError, SetupError
from doorstep.rehearsal import shelf, snapshots
from doorstep.rehearsal.pytest_plugin import Rehearse
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.story import Story
from doorstep.rehearsal.timeline import Timeline


def fixture(beside: Path, *, update: bool = False) -> Rehearse:
    return Rehearse((), beside, ("test_mine", "test_one"), update=update)


@pytest.fixture(scope="module")
def played() -> Timeline:
    return rehearse("standard", shelf.load("happy-path"), render=False)


def test_a_scenarios_file_may_be_a_path(tmp_path: Path) -> None:
    shutil.copy(shelf.SHIPPED / "late-parcel.yaml", tmp_path / "mine.yaml")
    for named in ("mine.yaml", Path("mine.yaml"), tmp_path / "mine.yaml"):
        assert fixture(tmp_path).scenario(named).name == "late-parcel"
    with pytest.raises(ScenarioError, match=r"There is no file .*mime\.yaml\. Did you mean '.*mine\.yaml'"):
        fixture(tmp_path).scenario(tmp_path / "mime.yaml")


@pytest.mark.parametrize("given", [None, {"scenario": "mine"}, 5])
def test_what_is_no_scenario_is_refused(given: Any, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r".+ is no scenario\. Give its name, such as 'late-parcel'"):
        fixture(tmp_path)("standard", given)


@pytest.mark.parametrize(("given", "what"), [(None, "None"), (5, "5"), (Path, "<class .*Path'>")])
def test_what_is_no_journey_is_refused(given: Any, what: str, tmp_path: Path) -> None:
    with pytest.raises(
        SetupError, match=rf"{what} is no journey\. Give a published name, such as 'standard'"
    ):
        fixture(tmp_path)(given)


def test_a_snapshot_is_of_a_story_or_of_its_timeline(tmp_path: Path, played: Timeline) -> None:
    """It told to keep what could not be kept then."""
    fixture(tmp_path, update=True).matches_snapshot(played)
    fixture(tmp_path).matches_snapshot(played)
    fixture(tmp_path).matches_snapshot(Story(played))
    with pytest.raises(TypeError, match=r"'standard' is no story\. Give what rehearse"):
        fixture(tmp_path).matches_snapshot("standard")  # type: ignore[arg-type]


def changed(text: str, how: str) -> bytes:
    lines = text.splitlines()
    match how:
        case "another code":
            return text.replace("times are", "heures de l'été").encode("latin-1")
        case "a line twice":
            return "\n".join([*lines, lines[3]]).encode()
        case "a line in two ways":
            return "\n".join([*lines, lines[3].replace("touch", "not touch", 1)]).encode()
    return "\n".join(["<<<<<<< HEAD", *lines]).encode()


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("another code", r"is not UTF-8 \(byte \d+\)\. Save it as UTF-8, or"),
        (
            "a line twice",
            r"Lines 4, \d+ of the snapshot are of one thing, '.* touch .*'\. Remove what is too much, or",
        ),
        ("a line in two ways", r"Lines 4, \d+ of the snapshot are of one thing, '"),
        ("a conflict", r"Line 1 of the snapshot is no line of a timeline\. "),
    ],
)
def test_a_file_that_is_no_snapshot_is_named(how: str, says: str, tmp_path: Path, played: Timeline) -> None:
    """A line that a merge had doubled passed; the others did not say which file."""
    file = tmp_path / "__rehearsals__" / "test_mine" / "test_one.txt"
    file.parent.mkdir(parents=True)
    file.write_bytes(changed(snapshots.text_of(played), how))
    with pytest.raises(pytest.fail.Exception, match=says) as failed:
        fixture(tmp_path).matches_snapshot(played)
    assert str(failed.value).startswith("__rehearsals__/test_mine/test_one.txt: ")
    assert "rehearsal-update" in str(failed.value)
