"""Points: whole units of money, sums over movements, and reversals that never take too much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.loyalty import Balance, Movement, balance, movable, points_for, tier

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=14)


@pytest.mark.parametrize(
    ("minor", "currency", "points"),
    [(7799, "EUR", 77), (7799, "jpy", 7799), (7799, "KWD", 7), (99, "EUR", 0), (-500, "EUR", 0)],
)
def test_a_point_is_a_whole_unit_of_the_currency(minor: int, currency: str, points: int) -> None:
    """Minor units differ between currencies; parts of a unit and money that went back earn nothing."""
    assert points_for(minor, currency) == points


@given(st.integers(-500, 500), st.integers(0, 500), st.integers(0, 600))
def test_reversals_never_take_more_than_was_given(points: int, given_: int, taken: int) -> None:
    """What was taken before and what is taken now stay within the gift."""
    moved = movable(points, given=given_, taken=taken)
    assert moved <= 0
    assert -moved <= max(0, given_ - taken)
    assert -moved <= abs(points)


def test_pending_points_are_not_yet_to_be_spent() -> None:
    """They count when their time has come; taking back a pending gift lessens what is pending."""
    movements = [
        Movement(key="a", points=50, at=NOW),
        Movement(key="b", points=80, at=NOW, available_at=LATER),
        Movement(key="c", points=-30, at=NOW, reverses="b"),
        Movement(key="future", points=999, at=LATER + timedelta(seconds=1)),
    ]
    assert balance(movements, NOW) == Balance(available=50, pending=50)
    assert balance(movements, LATER) == Balance(available=100, pending=0)


@pytest.mark.parametrize(
    ("earned", "name"), [(0, "member"), (499, "member"), (500, "silver"), (9999, "gold")]
)
def test_a_tier_is_reached_at_its_threshold(earned: int, name: str) -> None:
    """The highest tier whose points were ever earned."""
    assert tier(earned).name == name


def test_a_reversed_persons_tier_is_the_lowest() -> None:
    """Even below zero there is a tier."""
    assert tier(-5).name == "member"
