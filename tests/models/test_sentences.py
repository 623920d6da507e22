"""Sentences told to support people: they promise nothing and read as people speak."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from doorstep.domain.outcomes import SkipReason, TouchState
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.sentences import headline, step_sentence, wait_sentence

CLOCK = Clock("Europe/Berlin")
DUE = datetime(2026, 12, 7, 9, 8, tzinfo=UTC)


def row(state: TouchState, *, reason: str = "", detail: str = "", **more: Any) -> SimpleNamespace:
    """A row of the ledger, as far as its sentence reads it."""
    blank = {"channel": None, "purpose": "marketing", "due_at": DUE, "deferred_until": None}
    return SimpleNamespace(**blank | more, state=state, reason=reason, detail=detail)


def test_a_touch_that_waits_is_due_and_no_promise_is_made_that_it_goes() -> None:
    """The gate is asked only then, and may say no."""
    said = wait_sentence("touch", "win-back-30", DUE, False, CLOCK)
    assert said == "'win-back-30' is due on Mon 7 Dec 2026, 10:08."


def test_a_touch_that_is_held_back_is_asked_about_again_and_not_due_then() -> None:
    """It was said to be due at a moment of the night, when the gate would be asked again, and nothing can go."""
    said = wait_sentence("touch", "education", DUE, False, CLOCK, note="open_exception")
    assert said == (
        "'education' waits, asked again on Mon 7 Dec 2026, 10:08: the delivery is in trouble or a complaint is open; "
        "marketing waits."
    )
    deferred = row(TouchState.DEFERRED, reason=SkipReason.OPEN_EXCEPTION, deferred_until=DUE)
    assert step_sentence(deferred, [], CLOCK) == (
        "Waiting, asked again on Mon 7 Dec 2026, 10:08: the delivery is in trouble or a complaint is open; "
        "marketing waits."
    )


def test_what_is_waited_for_is_said_in_words() -> None:
    """The types of events are for code; a store's own are all there is of them."""
    for name, said in (
        (
            "order.delivered",
            "Waits to hear that the whole order has arrived, until Mon 7 Dec 2026, 10:08 at most.",
        ),
        (
            "product.browsed or cart.updated",
            "Waits to hear that the customer looks at a product or that the customer's cart changes, "
            "until Mon 7 Dec 2026, 10:08 at most.",
        ),
        (
            "tea.brewed or cart.updated",
            "Waits for 'tea.brewed or cart.updated', until Mon 7 Dec 2026, 10:08 at most.",
        ),
        ("every parcel is here", "Waits for 'every parcel is here', until Mon 7 Dec 2026, 10:08 at most."),
    ):
        assert wait_sentence("event", name, DUE, False, CLOCK) == said


def test_what_a_journey_came_to_is_said_once() -> None:
    """Its outcome is often the very word of what ended it."""
    over = headline("closed", "", False, "nothing_kept", "nothing_kept", [])
    assert over == "The journey is over: nothing kept."


def test_what_ended_a_journey_is_said_where_it_is_something_else() -> None:
    over = headline("closed", "", False, "returned", "nothing_kept", [])
    assert over == "The journey is over: returned, because of nothing kept."


def test_a_touch_held_by_the_pause_may_have_its_moment_ahead_or_behind() -> None:
    """The page is read before that moment or after it: what is said is true of both."""
    said = wait_sentence("touch", "reassurance", DUE, True, CLOCK)
    assert said == (
        "'reassurance' is set for Mon 7 Dec 2026, 10:08; while the journey is paused it does not go."
    )
    assert wait_sentence("touch", "reassurance", None, True, CLOCK) == "'reassurance' is held by the pause."


def test_a_step_held_by_the_pause_may_have_its_moment_ahead_or_behind() -> None:
    planned = step_sentence(row(TouchState.PLANNED), [], CLOCK, paused=True)
    assert planned == "Held by the pause; it is set for Mon 7 Dec 2026, 10:08."
    deferred = row(TouchState.DEFERRED, reason=SkipReason.FREQUENCY_CAPPED, deferred_until=DUE)
    assert step_sentence(deferred, [], CLOCK, paused=True) == (
        "Held by the pause; it is set for Mon 7 Dec 2026, 10:08: the person had as many messages as the "
        "store allows; it waits for a free slot."
    )


def test_a_detail_in_brackets_leaves_its_full_stop_outside() -> None:
    unless = row(TouchState.SKIPPED, reason=SkipReason.NOT_RELEVANT, detail="'offered' is not the case.")
    assert step_sentence(unless, [], CLOCK, journey="standard.v1") == (
        "Not sent: it was no longer relevant when it came due (There was nothing left to offer)."
    )


def test_a_detail_that_is_the_sentence_itself_ends_once() -> None:
    for state, said in (
        (TouchState.CANCELLED, "Cancelled before it went out: the order is gone."),
        (TouchState.FAILED, "Could not be sent: the order is gone."),
        (TouchState.SKIPPED, "Not sent: the order is gone."),
    ):
        assert step_sentence(row(state, detail="the order is gone."), [], CLOCK) == said


def test_a_step_that_an_exit_called_off_says_the_cause_as_the_headline_does() -> None:
    gone = row(TouchState.CANCELLED, detail="return_requested")
    assert step_sentence(gone, [], CLOCK) == "Cancelled before it went out: return requested."


def test_an_instant_in_a_rules_detail_is_told_by_the_persons_clock() -> None:
    """Below a heading in the customer's time, UTC or ISO 8601 reads as another moment."""
    capped = row(
        TouchState.DEFERRED,
        reason="busy",
        detail="1 of 1 in a week; asked again at 2026-12-07T09:08:00+00:00.",
    )
    assert step_sentence(capped, [], CLOCK) == (
        "Waiting: busy (1 of 1 in a week; asked again on Mon 7 Dec 2026, 10:08)."
    )
    stale = row(
        TouchState.SKIPPED,
        reason="late",
        detail="It was due 19 Nov 2026, 09:35 UTC and of use until 2 Dec 2026, 23:35 UTC.",
    )
    assert step_sentence(stale, [], CLOCK) == (
        "Not sent: late (It was due on Thu 19 Nov 2026, 10:35 and of use until Thu 3 Dec 2026, 00:35)."
    )
