"""What a month with a box of tea comes to. Each test rehearses it; nothing is sent."""

import pytest

from doorstep.rehearsal.pytest_plugin import Rehearse


def test_the_guide_comes_with_the_first_evening(rehearse: Rehearse) -> None:
    story = rehearse("tea")
    story.sends("brew-guide", day=5, channel="email")
    story.sends_in_order("order-confirmation", "brew-guide", "review-request", "replenishment")
    story.ends("completed")
    rehearse.matches_snapshot(story)


def test_who_has_rated_is_not_asked_to(rehearse: Rehearse) -> None:
    story = rehearse("tea", "tin-left-in-the-rain")
    story.does_not_send("review-request", because="not_relevant")
    story.does_not_send("replenishment", because="ordered_again")


def test_a_parcel_that_never_comes_is_for_a_person(rehearse: Rehearse) -> None:
    story = rehearse("tea", "never-arrived")
    story.ends("never_arrived").does_not_send("brew-guide")


@pytest.mark.parametrize("scenario", ["everything-twice-and-out-of-order", "three-orders-at-once"])
def test_nobody_is_written_to_too_often(rehearse: Rehearse, scenario: str) -> None:
    rehearse("tea", scenario).sends_at_most(4, within_days=7)
