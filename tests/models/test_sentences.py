"""Sentences told to support people: they promise nothing and read as people speak."""

from __future__ import annotations

from datetime import UTC, datetime

from doorstep.models.reading.clock import Clock
from doorstep.models.reading.sentences import wait_sentence

CLOCK = Clock("Europe/Berlin")
DUE = datetime(2026, 12, 7, 9, 8, tzinfo=UTC)


def test_a_touch_that_waits_is_due_and_no_promise_is_made_that_it_goes() -> None:
    """The gate is asked only then, and may say no."""
    said = wait_sentence("touch", "win-back-30", DUE, False, CLOCK)
    assert said == "'win-back-30' is due on Mon 7 Dec 2026, 10:08."
