"""`doorstep verify` where a history is torn, another application's, or nothing at all: it is named, the others are
verified, and nobody is told that a deploy is safe."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.history.v1 import History, HistoryEvent
from tests.verifying.repository import HISTORIES, Here

from doorstep.errors import SetupError
from doorstep.rehearsal.answering import Answering
from doorstep.rehearsal.rebuild import from_file
from doorstep.verifying.side import Side

CALM = "ninety-days-with-a-good-review"
VERIFY = ("verify", "--seeds", "0", "base")
Events = list[dict[str, Any]]


def started(events: Events) -> dict[str, Any]:
    told: dict[str, Any] = events[0]["workflowExecutionStartedEventAttributes"]
    return told


def without_input(events: Events) -> Events:
    del started(events)["input"]
    return events


def without_a_schedule(events: Events) -> Events:
    first = next(e for e in events if "activityTaskScheduledEventAttributes" in e)
    return [e for e in events if e is not first]


def of_another_shape(events: Events) -> Events:
    """Another application's workflow that has a `journey_id` too."""
    data = base64.b64encode(b'{"journey_id": "Ida Foss"}').decode()
    started(events)["input"]["payloads"][0]["data"] = data
    return events


def with_a_text(events: Events) -> Events:
    started(events)["input"]["payloads"][0]["data"] = base64.b64encode(b'"Ida Foss"').decode()
    return events


def with_another_touch(events: Events) -> Events:
    """An activity of the same name that says something else."""
    asked = [e for e in events if "activityTaskScheduledEventAttributes" in e]
    for event in asked:
        told = event["activityTaskScheduledEventAttributes"]
        told["input"]["payloads"][0]["data"] = base64.b64encode(b'{"to": "Ida Foss"}').decode()
    return events


def put(folder: Path, name: str, change: Callable[[Events], Events]) -> None:
    events = change(json.loads((HISTORIES / f"{CALM}.json").read_text())["events"])
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({"events": events}))


CHANGES = (without_input, without_a_schedule, of_another_shape, with_a_text, with_another_touch)


def test_what_cannot_be_read_is_named_and_the_others_are_verified(here: Here, tmp_path: Path) -> None:
    """Not safe, with the exit code of what could not be compared; no reason quotes what was told."""
    for change in CHANGES:
        put(tmp_path / "found", change.__name__, change)
    (tmp_path / "found" / "not_json.json").write_text('{"events": [{"eventId": "x"}]}')
    put(tmp_path, "good", lambda events: events)
    done = here.run(*VERIFY, "same", "--histories", str(tmp_path))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Not safe to deploy: 6 histories could not be read." in done.stdout
    assert done.stdout.startswith("1 journey, ")
    assert max(map(len, done.stdout.splitlines())) <= 100
    told = here.json(*VERIFY, "same", "--histories", str(tmp_path))
    assert [(j["id"], j["verdict"]) for j in told["journeys"]] == [("good", "same")]
    why = {one["id"]: one["why"] for one in told["unread"]}
    assert sorted(why) == sorted(f"found/{name}" for name in (*(c.__name__ for c in CHANGES), "not_json"))
    assert all(f"  {name}:" in done.stdout for name in why)
    assert "is torn" in why["found/without_a_schedule"]
    assert "no input" in why["found/without_input"]
    assert "Foss" not in done.stdout + json.dumps(told)
    assert not told["passed"]


def test_another_applications_workflow_is_none_of_ours(here: Here, tmp_path: Path) -> None:
    """Even one whose input is like a journey's start: it is no break of a journey."""

    def of_another_type(events: Events) -> Events:
        started(events)["workflowType"]["name"] = "Greeting"
        return events

    put(tmp_path, "other", of_another_type)
    put(tmp_path, "good", lambda events: events)
    done = here.run(*VERIFY, "same", "--histories", str(tmp_path))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "  other: It is of a workflow 'Greeting', which is no version of a journey." in done.stdout
    assert done.stdout.startswith("1 journey, ")


def test_a_break_beside_one_that_cannot_be_read_is_a_break(here: Here, tmp_path: Path) -> None:
    put(tmp_path, "torn", without_a_schedule)
    put(tmp_path, "good", lambda events: events)
    done = here.run(*VERIFY, "renamed", "--histories", str(tmp_path))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Not safe to deploy: 1 of 1 journey breaks, 1 history could not be read." in done.stdout


@pytest.mark.parametrize("change", CHANGES)
def test_where_none_can_be_read_the_reason_is_the_historys(
    here: Here, tmp_path: Path, change: Callable[[Events], Events]
) -> None:
    """No revision is called unable to run."""
    put(tmp_path, "alone", change)
    done = here.run(*VERIFY, "same", "--histories", str(tmp_path))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "doorstep: alone: " in done.stderr
    assert "does not run" not in done.stderr


@pytest.mark.parametrize("change", CHANGES)
def test_a_revision_says_itself_that_it_cannot_read_a_history(
    tmp_path: Path, change: Callable[[Events], Events]
) -> None:
    """Whoever asks it: its process goes on."""
    put(tmp_path, "alone", change)
    events: list[HistoryEvent] = list(from_file(tmp_path / "alone.json").events)
    packed = base64.b64encode(History(events=events).SerializeToString()).decode()
    answer = Answering().answer({"ask": "carry", "id": "alone", "history": packed, "assume": "nothing"})
    assert answer["unreadable"], answer
    assert "Foss" not in answer["error"]


def test_a_revision_that_ends_over_a_journey_is_told_with_the_journey(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one from before it could say that it cannot read a history."""
    put(tmp_path, "good", lambda events: events)
    whole = Side.ask

    def ask(side: Side, question: Mapping[str, Any]) -> dict[str, Any]:
        if question["ask"] == "carry":
            raise SetupError("It ended.")
        return whole(side, question)

    monkeypatch.setattr(Side, "ask", ask)
    done = here.run(*VERIFY, "same", "--histories", str(tmp_path))
    assert done.returncode == 2
    assert "It ended. That was at good." in done.stderr


def test_what_does_not_end_in_json_is_named_as_left_out(here: Here, tmp_path: Path) -> None:
    """A history that was saved under another name was passed over without a word."""
    text = (HISTORIES / f"{CALM}.json").read_text()
    for name in ("x.json", "a.history", "notes.txt", ".kept"):
        (tmp_path / name).write_text(text)
    done = here.run(*VERIFY, "same", "--histories", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "Left out, as they do not end in .json: a.history, notes.txt." in done.stderr
