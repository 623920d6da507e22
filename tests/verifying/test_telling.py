"""Differences in words: whose they are, whole, and by how much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from doorstep.rehearsal.comparing import Change, Difference, Item
from doorstep.verifying.diffing import Compared, Diff
from doorstep.verifying.telling import difference, page, scenario

NOON = datetime(2026, 4, 11, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=s) for s in (1, 60, 3600, 86_400))


def touch(name: str = "review-ask", order: str = "first", at: datetime = NOON, **more: object) -> Item:
    return Item(key=f"{order} touch {name}", kind="touch", name=name, at=at, done=True, **more)  # type: ignore[arg-type]


def gained(item: Item, old: Item | None = None) -> Difference:
    return Difference(change=Change.GAINED, old=old, new=item)


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (2 * DAY, "2 days later"),
        (DAY + 22 * HOUR + 57 * MINUTE, "1 day 23 hours later"),
        (DAY - timedelta(milliseconds=30), "1 day later"),
        (-(23 * HOUR + 18 * MINUTE), "23 hours 18 minutes earlier"),
        (-HOUR, "1 hour earlier"),
        (HOUR - SECOND, "1 hour later"),
        (45 * MINUTE + SECOND, "45 minutes later"),
        (2 * DAY - SECOND, "2 days later"),
        (30 * SECOND, "30 s later"),
    ],
)
def test_by_how_much_it_moved(span: timedelta, said: str) -> None:
    moved = Difference(change=Change.MOVED, old=touch(), new=touch(at=NOON + span))
    assert f"({said})" in " ".join(" ".join(difference(moved, "UTC")).split())


def test_of_several_orders_each_difference_says_whose_it_is() -> None:
    """Three lines "gained review-ask" told nothing of three orders."""
    end = Item(
        key="second end the end 1", kind="end", name="the end", at=NOON, done=True, outcome="completed"
    )
    found = (
        gained(touch()),
        gained(touch(order="second")),
        Difference(change=Change.MOVED, old=end, new=Item(**{**end.as_json(), "at": NOON + DAY})),
    )
    several = Compared(scenario="three", old="tea.v1", new="tea.v1", differences=found, several=True)
    lines = scenario(several)
    assert "review-ask [first]" in lines[1]
    assert "review-ask [second]" in lines[2]
    assert "the end [second]" in lines[3]
    alone = Compared(scenario="one", old="tea.v1", new="tea.v1", differences=found[:1])
    assert "[first]" not in scenario(alone)[1]


WHY = (
    "grind-guide: Template 'grind-guide' (email) (grind-guide/email.html.j2, line 5) asks for 'person.coffee', "
    "which is not there."
)


def test_what_fails_is_told_whole_and_is_nothing_gained() -> None:
    problem = Item(key=f"problem {WHY}", kind="problem", name=WHY, at=NOON, done=True)
    lines = difference(gained(problem), "UTC")
    assert lines[0].startswith("  ✗ fails     grind-guide:")
    assert " ".join(" ".join(lines).split()).endswith(WHY)
    assert max(map(len, lines)) <= 100
    mended = difference(Difference(change=Change.LOST, old=problem, new=None), "UTC")
    assert mended[0].startswith("  ✓ mended    grind-guide:")


def test_nothing_of_a_long_difference_is_cut_away() -> None:
    was = touch("a-step-with-quite-a-long-name-of-its-own", outcome="skipped (not_consented)")
    for found in (
        gained(touch("a-step-with-quite-a-long-name-of-its-own"), was),
        Difference(change=Change.MOVED, old=was, new=touch(was.name, at=NOON - 23 * HOUR - 18 * MINUTE)),
    ):
        lines = difference(found, "UTC")
        assert max(map(len, lines)) <= 100
        assert "…" not in "".join(lines)
    trouble = Compared(scenario="x", old="a.v1", new="a.v2", trouble=f"a.v2 cannot play it: {WHY}")
    assert " ".join(" ".join(scenario(trouble)).split()).endswith(WHY)


@pytest.mark.parametrize(
    ("differ", "same", "said"),
    [(1, 0, "The scenario differs"), (1, 2, "1 of 3 scenarios differs"), (2, 1, "2 of 3 scenarios differ")],
)
def test_how_many_differ(differ: int, same: int, said: str) -> None:
    one = Compared(scenario="x", old="a.v1", new="a.v2", differences=(gained(touch()),))
    alike = Compared(scenario="y", old="a.v1", new="a.v2")
    told = page(Diff("a.v1", "a.v2", scenarios=[one] * differ + [alike] * same))
    assert f"{said} between a.v1 and a.v2." in told
