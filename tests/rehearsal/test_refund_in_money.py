"""All the money of an order went back, and no piece was named: a goodwill, a lost parcel, a refund made at the bank."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.rehearsal.limits.built_in import AFTER_REFUND
from doorstep.rehearsal.moments import when
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Person, Scenario, Told
from doorstep.rehearsal.timeline import Timeline

PAID = 3480
DELIVERED = Told(at=when("day 3 13:00"), event="shipment.delivered")


def told(*refunds: dict[str, Any], locale: str = "en-GB", at: str = "day 4 13:00") -> Timeline:
    story = [
        Told(at=when(at), event="order.refunded", subject=f"R{n}", data=data)
        for n, data in enumerate(refunds)
    ]
    scenario = Scenario(
        name="in-money", person=Person(locale=locale), limits=(AFTER_REFUND,), timeline=(DELIVERED, *story)
    )
    timeline = rehearse("standard", scenario)
    assert timeline.ok, timeline.problems
    return timeline


def promoted_after(timeline: Timeline, day: int) -> list[str]:
    return [t.step for t in timeline.sent if t.purpose == "marketing" and timeline.day(t.at) > day]


@pytest.mark.parametrize(
    "refunds",
    [
        [{"amount_minor": PAID}],
        [{"amount_minor": PAID, "currency": "EUR"}],
        [{"amount_minor": PAID + 500, "currency": "EUR"}],
        [{"amount_minor": 1000}, {"amount_minor": PAID - 1000}],
    ],
    ids=["no currency", "its currency", "more", "in two parts"],
)
def test_nothing_is_promoted_once_all_the_money_went_back(refunds: list[dict[str, Any]]) -> None:
    """What the customer must know goes on: the goods are theirs, and the journey keeps to its course."""
    timeline = told(*refunds)
    assert promoted_after(timeline, 4) == []
    assert set(timeline.outcomes.values()) == {"completed"}
    check_in = timeline.touch("check-in")
    assert check_in is not None
    assert "All that was paid for the order was refunded." in check_in.detail


@pytest.mark.parametrize(
    "refunds",
    [
        [{"amount_minor": PAID - 1}],
        [{"amount_minor": PAID, "currency": "USD"}],
        [{}],
    ],
    ids=["a cent is kept", "another currency", "no sum"],
)
def test_a_part_of_the_money_stops_nothing(refunds: list[dict[str, Any]]) -> None:
    assert "check-in" in promoted_after(told(*refunds), 4)


def test_one_refund_told_twice_is_counted_once() -> None:
    twice = {"subject": "R1", "event": "order.refunded", "data": {"amount_minor": PAID // 2}}
    story = (DELIVERED, *(Told(at=when(f"day {day} 13:00"), **twice) for day in (4, 5)))
    timeline = rehearse("standard", Scenario(name="twice", timeline=story))
    assert "check-in" in promoted_after(timeline, 4)


@pytest.mark.parametrize(
    ("locale", "whole", "part"),
    [
        ("en-GB", "refunded all that you paid for your order", "part of your"),
        ("de-DE", "Wir haben Ihnen alles erstattet, was Sie für Ihre Bestellung bezahlt haben", "Teil Ihre"),
    ],
)
def test_the_customer_is_not_told_of_a_part(locale: str, whole: str, part: str) -> None:
    for data, said in (({"amount_minor": PAID}, True), ({"amount_minor": PAID - 1}, False)):
        touch = told(data, locale=locale).touch("partial-refund")
        assert touch is not None
        read = f"{touch.subject}\n{touch.text}"
        assert (whole in read, part in read) == (said, not said)
