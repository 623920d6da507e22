"""`doorstep verify` of a journey that an agent has paused: its road on is compared as if it was resumed, and that is
said. The history is one that a real journey left."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from tests.verifying.repository import HISTORIES, Here

from doorstep.histories import as_text
from doorstep.rehearsal.premises import start_of
from doorstep.rehearsal.rebuild import from_file

VERIFY = ("verify", "base")


@pytest.fixture(scope="module")
def paused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The beginning of a history, until twelve hours after the order: paused, and not resumed yet."""
    folder, whole = (
        tmp_path_factory.mktemp("paused"),
        from_file(HISTORIES / "paused-and-resumed-in-each-way.json"),
    )
    at = start_of(whole).placed.occurred_at + timedelta(hours=12)
    events = [e for e in whole.events if e.event_time.ToDatetime(UTC) <= at]
    (folder / "paused.json").write_text(as_text(WorkflowHistory(whole.workflow_id, events)))
    return folder


@pytest.mark.parametrize(
    ("branch", "named"), [("longer", ("moved", "care-guide")), ("words", ("re-worded", "care-guide"))]
)
def test_what_comes_after_a_pause_is_compared_as_if_it_was_resumed(
    here: Here, paused: Path, branch: str, named: tuple[str, str]
) -> None:
    [journey] = here.json(*VERIFY, branch, "--seeds", "0", "--histories", str(paused))["journeys"]
    assert named in {(d["change"], d["name"]) for d in journey["differences"]}
    assert journey["assumed_resumed"]


def test_the_page_says_that_it_is_assumed(here: Here, paused: Path) -> None:
    """Only of those that are paused; in the sandbox and under other hash seeds it is the same road."""
    done = here.run(*VERIFY, "same", "--histories", str(paused))
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.replace("\n", " ")
    assert (
        "1 is paused: it is resumed where its history ends, and what fell due during the pause is let go"
        in told
    )
    assert max(map(len, done.stdout.splitlines())) <= 100
    (paused / "other").mkdir()
    (paused / "other" / "calm.json").write_text(
        (HISTORIES / "ninety-days-with-a-good-review.json").read_text()
    )
    told = here.json(*VERIFY, "same", "--seeds", "0", "--histories", str(paused))
    assert {j["id"]: j["assumed_resumed"] for j in told["journeys"]} == {"other/calm": False, "paused": True}


def test_beside_a_revision_that_cannot_both_leave_it_paused(
    here: Here, paused: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else all that comes after the pause would be gained."""
    asked = [*VERIFY, "words", "--seeds", "0", "--histories", str(paused)]
    here.json(*asked)
    monkeypatch.setattr(here._sides["base"], "also", frozenset({"words"}))
    journey = here.json(*asked)["journeys"][-1]
    assert (journey["verdict"], journey["assumed_resumed"]) == ("same", False)


def test_a_pause_is_resumed_in_the_sandbox_too(here: Here, paused: Path) -> None:
    """A clock that is read after the pause breaks it: only the sandbox sees that."""
    [journey] = [
        j for j in here.json(*VERIFY, "chance", "--histories", str(paused))["journeys"] if j["id"] == "paused"
    ]
    assert journey["verdict"] == "breaks"
    assert "random.random" in journey["breaks"]["what"]
