"""Sentences told to support people: they promise nothing and read as people speak."""

from __future__ import annotations

from datetime import UTC, datetime

from doorstep.models.reading.clock import Clock
from doorstep.models.reading.sentences import headline, wait_sentence

CLOCK = Clock("Europe/Berlin")
DUE = datetime(2026, 12, 7, 9, 8, tzinfo=UTC)


def test_a_touch_that_waits_is_due_and_no_promise_is_made_that_it_goes() -> None:
    """The gate is asked only then, and may say no."""
    said = wait_sentence("touch", "win-back-30", DUE, False, CLOCK)
    assert said == "'win-back-30' is due on Mon 7 Dec 2026, 10:08."


def test_what_a_journey_came_to_is_said_once() -> None:
    """Its outcome is often the very word of what ended it."""
    over = headline("closed", "", False, "nothing_kept", "nothing_kept", [])
    assert over == "The journey is over: nothing kept."


def test_what_ended_a_journey_is_said_where_it_is_something_else() -> None:
    over = headline("closed", "", False, "returned", "nothing_kept", [])
    assert over == "The journey is over: returned, because of nothing kept."
