"""One refund told by two senders, of whom one does not know what it was for: the fuller word counts, in either order.
(`doorstep explore` found the first.)"""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.rehearsal.limits.built_in import AFTER_REFUND
from doorstep.rehearsal.moments import when
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Scenario, Told

SUM: dict[str, Any] = {"amount_minor": 3480}
WHOLE: dict[str, Any] = {**SUM, "lines": [["fern", 1], ["leaf-food", 1]]}


WHOLLY = "refund-confirmation"


@pytest.mark.parametrize(
    ("told", "later", "said"),
    [
        ((SUM, WHOLE), "day 9 13:00", [WHOLLY]),
        ((WHOLE, SUM), "day 9 13:00", [WHOLLY]),
        ((WHOLE, WHOLE), "day 9 13:00", [WHOLLY]),
        ((WHOLE, SUM), "day 9 13:10", [WHOLLY]),
        # The sum was confirmed when it was all that was known; that nothing is left is news.
        ((SUM, WHOLE), "day 9 13:10", ["partial-refund", WHOLLY]),
    ],
)
def test_nothing_is_left_of_the_order_and_each_word_is_said_once(
    told: tuple[dict[str, Any], dict[str, Any]], later: str, said: list[str]
) -> None:
    story = [
        Told(at=when(at), event="order.refunded", subject="R1", data=data)
        for at, data in zip(("day 9 13:00", later), told, strict=True)
    ]
    delivered = Told(at=when("day 3 13:00"), event="shipment.delivered")
    scenario = Scenario(name="told-twice", limits=(AFTER_REFUND,), timeline=(delivered, *story))
    timeline = rehearse("standard", scenario)
    assert timeline.ok, timeline.problems
    assert set(timeline.outcomes.values()) == {"nothing_kept"}
    refunds = [t for t in timeline.sent if "refund" in t.step]
    assert [t.step for t in refunds] == said
    assert all("€34.80" in t.text for t in refunds)
