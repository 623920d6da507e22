"""Claims that say nothing are refused, before they pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

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


@pytest.mark.parametrize(
    ("claim", "mend"),
    [
        (
            lambda s: s.sends("shipped", day="5"),
            "sends: day='5' is no whole number. Write one, such as day=5.",
        ),
        (lambda s: s.sends("shipped", times=1.5), "sends: times=1.5 is no whole number."),
        (lambda s: s.sends("shipped", day=True), "sends: day=True is no whole number."),
        (lambda s: s.sends_at_most("4", within_days=7), "sends_at_most: most='4' is no whole number."),
        (
            lambda s: s.sends_at_most(4, within_days=None),
            "sends_at_most: within_days=None is no whole number.",
        ),
        (
            lambda s: s.sends_in_order(["shipped", "delivered"]),
            "takes steps one by one, not a list of them. Write sends_in_order('shipped', 'delivered').",
        ),
        (lambda s: s.sends(5), "A step is named by a text, such as 'shipped', not by 5."),
    ],
)
def test_a_claim_of_another_kind_is_refused_with_how_it_is_written(
    claim: Callable[[Any], Any], mend: str
) -> None:
    """Some failed deep inside; of the text '5' it was said that the touch is not sent on day 5, but on day 5."""
    with pytest.raises(TypeError) as refused:
        claim(happy())
    assert mend in str(refused.value)


def test_a_reason_is_claimed_in_whole_words() -> None:
    """A letter stands in every reason, and a blank in most."""
    timeline = happy().timeline
    last = replace(
        timeline.sent[-1], state="skipped", reason="not_relevant", detail="Support has an open complaint."
    )
    story = Story(replace(timeline, touches=(last,)))
    for because in ("not_relevant", "complaint", "open complaint", "complaint.", "skipped"):
        story.does_not_send(last.step, because=because)
    for because in ("e", "relevant", "complain", "pen complaint"):
        with pytest.raises(AssertionError, match=f"not because of '{because}': not_relevant"):
            story.does_not_send(last.step, because=because)
    with pytest.raises(ValueError, match=r"because=' ' says nothing\. Name the skip reason"):
        story.does_not_send(last.step, because=" ")
