"""Claims that say nothing are refused, before they pass."""

from __future__ import annotations

from functools import cache

import pytest

from doorstep.rehearsal import shelf
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.story import Story


@cache
def happy() -> Story:
    return Story(rehearse("standard", shelf.load("happy-path"), render=False))


@pytest.mark.parametrize(
    ("most", "days", "mend"),
    [
        (4, 0, "within_days=0 is no window. Give a whole number of days, at least 1, such as within_days=7."),
        (4, -7, "within_days=-7 is no window."),
        (-1, 7, "-1 is no number of messages. Give a whole number, at least 0: 0 says that none is sent."),
    ],
)
def test_a_window_or_a_number_that_cannot_be_is_refused(most: int, days: int, mend: str) -> None:
    """A window of no days held no message, and every claim about it passed."""
    with pytest.raises(ValueError, match="sends_at_most") as refused:
        happy().sends_at_most(most, within_days=days)
    assert mend in str(refused.value)


def test_no_steps_are_in_no_order() -> None:
    with pytest.raises(ValueError, match=r"Name them, such as sends_in_order\('shipped', 'delivered'\)\."):
        happy().sends_in_order()


def test_none_at_all_can_be_claimed() -> None:
    with pytest.raises(AssertionError, match="marketing messages go out in 7 days, not 0"):
        happy().sends_at_most(0, within_days=7)
