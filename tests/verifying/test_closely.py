"""`doorstep verify` of what replays and reaches nobody at once: how long a journey waits and for what, how it ends, and
how it asks for what it asks for. Said of ended journeys, for those that will go the same way; of journeys under way it
lies behind them, or ahead."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.verifying.histories import cut
from tests.verifying.repository import HISTORIES, Here

from doorstep.histories import as_text
from doorstep.rehearsal.rebuild import from_file

VERIFY = ("verify", "--seeds", "0", "base")
CALM, NEVER = "ninety-days-with-a-good-review", "nothing-ever-arrives"
UNPAID, AGAIN = "cancelled-and-never-refunded", "the-next-order-comes-2"
Found = list[dict[str, Any]]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ended")
    for name in (CALM, NEVER, UNPAID, AGAIN):
        shutil.copy(HISTORIES / f"{name}.json", folder)
    return folder


@pytest.fixture(scope="module")
def told(here: Here, ended: Path) -> dict[str, Found]:
    """Id → what differs."""
    whole = here.json(*VERIFY, "unseen", "--histories", str(ended))
    assert not whole["passed"]
    return {journey["id"]: journey["differences"] for journey in whole["journeys"]}


def of(found: Found, kind: str, name: str) -> Found:
    return [d for d in found if (d["kind"], d["name"]) == (kind, name)]


@pytest.mark.parametrize(
    ("history", "name", "earlier"),
    [
        (UNPAID, "order.refunded", [timedelta(days=11)]),
        (NEVER, "order.delivered", [timedelta(days=1), timedelta(days=45)]),
        (CALM, "order.delivered", [timedelta(days=1)]),
    ],
)
def test_a_wait_that_lasts_otherwise_is_told_whether_its_time_came_or_the_event(
    told: dict[str, Found], history: str, name: str, earlier: list[timedelta]
) -> None:
    moved = of(told[history], "wait", name)
    assert [d["change"] for d in moved] == ["moved"] * len(earlier)
    at = datetime.fromisoformat
    assert [at(d["old"]["at"]) - at(d["new"]["at"]) for d in moved] == earlier


@pytest.mark.parametrize(
    ("history", "kind", "name", "was", "becomes"),
    [
        (CALM, "touch", "care-guide", "priority 60", "priority 10"),
        (CALM, "touch", "order-confirmation", "prompted", "not prompted"),
        (CALM, "points", "order", "usable after 30 days", "usable after 300 days"),
        (CALM, "phase", "under way", "on its way", "under way"),
        (AGAIN, "wait", "the last day", "the close", "the last day"),
        (AGAIN, "end", "the end", "repurchased", "bought_again"),
    ],
)
def test_how_a_thing_is_asked_for_is_told(
    told: dict[str, Found], history: str, kind: str, name: str, was: str, becomes: str
) -> None:
    """And nothing else of that journey: each of these is told once, of its questions for advice each."""
    [changed] = of(told[history], kind, name)
    assert changed["change"] == "changed"
    parts = [f"{changed[side]['outcome']}, {changed[side]['told']}".split(", ") for side in ("old", "new")]
    assert was in parts[0]
    assert becomes in parts[1]
    advice = of(told[history], "advice", "recommend")
    assert {(d["old"]["told"], d["new"]["told"]) for d in advice} <= {("limit 3", "limit 4")}
    assert len(advice) == 3
    assert len(told[history]) - len(advice) == {CALM: 5, AGAIN: 7}[history]


def test_only_the_part_that_differs_is_read(here: Here, ended: Path) -> None:
    """And of one name each wait by itself."""
    page = here.run(*VERIFY, "unseen", "--histories", str(ended)).stdout
    for line in (
        "  ~ changed   care-guide                      priority 60 → priority 10",
        "  ~ changed   points order                    usable after 30 days → usable after 300 days",
        "  ~ changed   the end                         repurchased → bought_again",
    ):
        assert line in page.splitlines()
    waits = [line for line in page.splitlines() if "→ moved     wait order.delivered" in line]
    assert [line.rpartition("(")[2] for line in waits] == ["1 day earlier)", "45 days earlier)"]
    assert max(map(len, page.splitlines())) <= 100


def test_each_can_be_allowed_by_its_name(here: Here, ended: Path) -> None:
    asked = [*VERIFY, "unseen", "--histories", str(ended)]
    names = (
        "moved:order.refunded",
        "moved:order.delivered",
        "changed:care-guide",
        "changed:order-confirmation",
        "changed:order",
        "changed:recommend",
        "changed:under way",
        "changed:the last day",
        "changed:the end",
    )
    allowed = [part for name in names for part in ("--allow", name)]
    done = here.run(*asked, *allowed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 change as allowed" in done.stdout
    assert here.run(*asked, *allowed[:-2]).returncode == 1
    wrong = here.run(*asked, "--allow", "moved:order.refundet")
    assert "Did you mean 'order.refunded'?" in wrong.stderr


def test_of_a_journey_under_way_what_was_begun_lies_behind_it(here: Here, tmp_path: Path) -> None:
    """Its timer runs as it was set. The rank of a message to come lies ahead."""
    under_way = cut(from_file(HISTORIES / f"{CALM}.json"), "community")
    (tmp_path / "calm.json").write_text(as_text(under_way))
    [journey] = here.json(*VERIFY, "unseen", "--histories", str(tmp_path))["journeys"]
    behind = {(d["change"], d["name"]) for d in journey["behind"]}
    assert behind == {
        ("changed", "order-confirmation"),
        ("changed", "order"),
        ("changed", "under way"),
        ("moved", "order.delivered"),
    }
    ahead = {(d["change"], d["kind"], d["name"]) for d in journey["differences"]}
    assert ("changed", "touch", "care-guide") in ahead
    assert {kind for _, kind, _ in ahead} == {"touch"}


def test_a_wait_for_a_message_is_told_with_the_message(here: Here, ended: Path) -> None:
    """Once: it moved as far as that."""
    whole = here.json(*VERIFY, "duration", "--histories", str(ended))
    changes = {(d["change"], d["kind"], d["name"]) for j in whole["journeys"] for d in j["differences"]}
    assert changes == {("moved", "touch", "check-in")}


def test_beside_a_revision_from_before_nothing_of_this_is_compared(
    here: Here, ended: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else all of it would be gained."""
    asked = [*VERIFY, "same", "--histories", str(ended)]
    here.json(*asked)
    monkeypatch.setattr(here._sides["base"], "also", frozenset({"words", "resumed"}))
    assert here.json(*asked)["passed"]
