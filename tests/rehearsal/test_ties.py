"""Two steps of one journey that are due in one instant: a server fires either timer first, the engine as it is told."""

from __future__ import annotations

import pytest

from doorstep.rehearsal import shelf
from doorstep.rehearsal.rehearse import rehearse


@pytest.mark.parametrize(
    ("later_first", "taken", "put_off"),
    [(False, "review-request", "vip-welcome"), (True, "vip-welcome", "review-request")],
)
def test_the_first_to_ask_takes_the_slot_of_a_day(later_first: bool, taken: str, put_off: str) -> None:
    """A day has one message: the request for a review was set first, the welcome later."""
    timeline = rehearse("standard", shelf.load("repurchase-on-day-10"), later_first=later_first, render=False)
    again = next(t for t in timeline.touches if t.step == "vip-welcome")
    tied = {t.step: t for t in timeline.touches if t.due_at == again.due_at}
    assert set(tied) == {taken, put_off}
    assert not tied[taken].deferrals
    assert [d.reason for d in tied[put_off].deferrals] == ["frequency_capped"]
