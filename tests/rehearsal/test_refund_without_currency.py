"""A refund whose sender names no currency is confirmed all the same, in the order's; one in 'eur' is in EUR."""

from __future__ import annotations

import pytest

from doorstep.rehearsal.moments import when
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Scenario, Told


@pytest.mark.parametrize("said", [{}, {"currency": ""}, {"currency": "eur"}], ids=["none", "empty", "small"])
def test_it_is_confirmed_in_the_orders_currency(said: dict[str, str]) -> None:
    told = Scenario(
        name="refund-without-currency",
        timeline=(
            Told(at=when("day 3 13:00"), event="shipment.delivered"),
            Told(
                at=when("day 9 13:00"),
                event="order.refunded",
                subject="R1",
                data={"amount_minor": 500, **said},
            ),
        ),
    )
    timeline = rehearse("standard", told)
    assert timeline.ok, timeline.problems
    touch = timeline.touch("partial-refund")
    assert touch is not None
    assert touch.sent
    assert "€5.00" in touch.text
