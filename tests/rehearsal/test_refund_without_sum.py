"""A refund whose sum nobody told, or nobody could read, is confirmed all the same, and never as one of nothing."""

from __future__ import annotations

import pytest

from doorstep.rehearsal.moments import when
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Person, Scenario, Told

ALL = [["fern", 1], ["leaf-food", 1]]


@pytest.mark.parametrize(
    ("step", "lines"), [("partial-refund", ALL[:1]), ("refund-confirmation", ALL)], ids=["part", "whole"]
)
@pytest.mark.parametrize(("locale", "says"), [("en-GB", "The money goes back"), ("de-DE", "Das Geld geht")])
@pytest.mark.parametrize("data", [{}, {"amount_minor": 0}], ids=["left out", "nothing"])
def test_the_mail_says_that_money_goes_back_and_no_sum(
    step: str, lines: list[list[object]], locale: str, says: str, data: dict[str, object]
) -> None:
    told = Scenario(
        name="no-sum",
        person=Person(locale=locale),
        timeline=(
            Told(at=when("day 3 13:00"), event="shipment.delivered"),
            Told(at=when("day 9 13:00"), event="order.refunded", subject="R1", data={"lines": lines, **data}),
        ),
    )
    timeline = rehearse("standard", told)
    assert timeline.ok, timeline.problems
    touch = timeline.touch(step)
    assert touch is not None
    assert touch.sent, touch.detail
    assert says in touch.text
    assert "€" not in touch.text
