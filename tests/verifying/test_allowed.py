"""Of two changes of one journey, one that is meant and one that is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from doorstep.rehearsal.comparing import Change, Difference, Item
from doorstep.verifying import reporting
from doorstep.verifying.verification import Allowed, Verdict, Verification, Verified

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def touch(name: str, day: int, said: str = "") -> Item:
    at = NOON + timedelta(days=day)
    return Item(
        key=f"first touch {name}", kind="touch", name=name, at=at, done=True, outcome="sent", said=said
    )


MOVED = Difference(change=Change.MOVED, old=touch("win-back-45", 1), new=touch("win-back-45", 2))
REWORDED = Difference(change=Change.REWORDED, old=touch("check-in", 1, "a"), new=touch("check-in", 1, "b"))


def journey(name: str, *differences: Difference, allowed: bool) -> Verified:
    return Verified(
        id=name,
        type="standard.v1",
        step="education",
        verdict=Verdict.CHANGES,
        differences=differences,
        allowed=allowed,
    )


def test_a_meant_change_is_told_once_and_as_meant_whatever_else_its_journeys_do() -> None:
    done = Verification("base", "head", "arrives", (Allowed.read("moved:win-back-45"),))
    done.journeys = [journey("jny_a", MOVED, allowed=True), journey("jny_b", MOVED, REWORDED, allowed=False)]
    heads = [line for line in reporting.page(done) if line.startswith("changes: ")]
    assert len(heads) == 2
    assert heads[0].startswith("changes: 2 journeys (jny_a, jny_b)  (allowed)")
    assert heads[1].startswith("changes: 1 journey (jny_b)  (times")
