"""A scenario written in Python is refused where its file would be: with the entry, what is wrong and what is right."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from doorstep.contracts import ActionKind
from doorstep.domain.messages import Channel
from doorstep.errors import ScenarioError
from doorstep.rehearsal.moments import when
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import (
    Bought,
    Failing,
    Fault,
    Goods,
    Ordered,
    Person,
    Report,
    Reported,
    Scenario,
    Steered,
    Told,
)
from doorstep.rehearsal.shop import DEFAULT_SHOP, Shop

DAY = when("day 4 13:00")
DELIVERED: dict[str, Any] = {"event": "shipment.delivered"}
FERN: Any = "fern"
TEXT: Any = "day 4 13:00"
WORD: Any = "skip"
WRONG_WORD: Any = "skp"
NAMED_WRONG: Any = "emial"
NO_ENTRY: Any = {"event": "shipment.delivered"}

ENTRIES: dict[str, tuple[Any, str]] = {
    "no such order": (Told(at=DAY, **DELIVERED, order="second"), "There is no order 'second'"),
    "no such type": (Told(at=when("after shiped"), event="shipment.delivred"), "'shipment.delivered'"),
    "text for a moment": (Told(at=TEXT, **DELIVERED), "Write at=when('day 4 13:00')."),
    "no moment": (Told(at="tomorrow", **DELIVERED), "'tomorrow' is no moment. Write 'day 3 10:00'"),
    "a number": (Told(at=4, **DELIVERED), "'at' is of type int, no moment"),
    "heard text": (Told(at=DAY, **DELIVERED, heard=TEXT), "Write heard=when('day 4 13:00')."),
    "heard after": (Told(at=DAY, **DELIVERED, heard=when("after x")), "cannot follow a touch"),
    "misspelt data": (
        Told(at=DAY, event="review.submitted", data={"rating": 4, "prodct": "fern"}),
        "'review.submitted' carries no 'prodct' that anybody reads. There are: rating, text.",
    ),
    "no such line": (
        Told(at=DAY, event="order.refunded", data={"lines": [["frn", 1]]}),
        "no line 'frn'. Did you mean 'fern'?",
    ),
    "text for an action": (Steered(at=DAY, action=WORD, step="x"), "Write ActionKind.SKIP."),
    "no action": (Steered(at=DAY, action=WRONG_WORD, step="x"), "no 'skp'. Did you mean 'skip'?"),
    "no step": (Steered(at=DAY, action=ActionKind.SKIP), "'skip' needs a step"),
    "heard beside a touch": (
        Told(at=when("after shipped"), **DELIVERED, heard=DAY),
        "cannot stand beside an 'at' that follows a touch",
    ),
    "a parcel of none": (
        Told(at=DAY, event="review.submitted", data={"rating": 4}, parcel="a"),
        "'review.submitted' is about no parcel. Leave 'parcel' out.",
    ),
    "step of a pause": (
        Steered(at=DAY, action=ActionKind.PAUSE, step="shipped"),
        "'pause' is about the whole journey, not about a step.",
    ),
    "more back than was bought": (
        Told(at=DAY, event="order.refunded", data={"lines": [["fern", 2]]}),
        "The order has 1 of 'fern', and 2 cannot go back.",
    ),
    "less than no pieces back": (
        Told(at=DAY, event="order.refunded", data={"lines": [["fern", -1]]}),
        "-1 pieces of 'fern' are none. Write [fern, 1].",
    ),
    "no pieces back": (
        Told(at=DAY, event="order.refunded", data={"lines": [["fern", 0]]}),
        "0 pieces of 'fern' are none. Write [fern, 1].",
    ),
    "less than no money": (
        Told(at=DAY, event="order.refunded", data={"amount_minor": -5}),
        "data.amount_minor is no amount in minor units.",
    ),
    "key of a line": (
        Told(at=DAY, event="order.updated", data={"lines": [{"id": "fern", "quantity": 1, "currnt": 0}]}),
        "data.lines[0] carries no 'currnt' that anybody reads. Did you mean 'current'?",
    ),
    "name of a parcel": (
        Told(at=DAY, **DELIVERED, parcel="my parcel"),
        "'parcel': 'my parcel' is no id. Write 'parcel: my-parcel'",
    ),
    "name of an order": (Ordered(at=DAY, order="a b"), "The order's name 'a b' is no id."),
    "no channel": (Failing(at=DAY, channel=NAMED_WRONG, fault=Fault.DOWN, calls=1), "Did you mean 'email'?"),
    "no provider": (
        Failing(at=DAY, channel=Channel.PUSH, fault=Fault.DOWN, calls=1),
        "A rehearsal has no provider for push. There are: email, sms.",
    ),
    "a mailed STOP": (
        Reported(at=DAY, report=Report.STOPPED, channel=Channel.EMAIL),
        "'texted STOP' comes by sms, not by email. Leave 'channel' out.",
    ),
    "text for a report": (Reported(at=DAY, report="opened"), "Write Report.OPENED."),
    "no product": (Ordered(at=DAY, order="b", bought=Bought(goods=(Goods(product="fren"),))), "'fern'"),
    "its name is taken": (Ordered(at=DAY), "Two orders are called 'first'"),
    "no entry": (NO_ENTRY, "A dict is no entry. There are: Told"),
}  # type: ignore[arg-type] # each is wrong on purpose

WHOLES: dict[str, tuple[dict[str, Any], str]] = {
    "product": (
        {"bought": Bought(goods=(Goods(product="fren"),))},
        "no product 'fren'. Did you mean 'fern'?",
    ),
    "goods": ({"bought": Bought(goods=(FERN,))}, "Write Goods(product='fern')."),
    "nothing": ({"bought": Bought(goods=())}, "The order holds nothing."),
    "placed": ({"placed": "10:15"}, "Write placed=moments.placed('10:15')."),
    "placed at": ({"placed": "noon"}, "'noon' is no time at which an order is placed."),
    "placed when": ({"placed": 10}, "'placed' is of type int."),
    "heard": ({"heard": "+2h"}, "Write heard=when('+2h')."),
    "reach": ({"person": Person(reach=("sms",))}, "'reach' is the text 'sms'. Write Channel.SMS."),  # type: ignore[arg-type]
    "zone": ({"person": Person(zone="Berlin")}, "Did you mean 'Europe/Berlin'?"),
    "locale": ({"person": Person(locale="xx-klingon")}, "'xx-klingon' is no locale."),
    "country": ({"bought": Bought(country="Germany")}, "Did you mean 'DE'?"),
    "shop's country": (
        {"shop": Shop(country="Austria", catalogue=DEFAULT_SHOP.catalogue)},
        "Did you mean 'AT'?",
    ),
    "currency": (
        {"shop": Shop(currency="euros", catalogue=DEFAULT_SHOP.catalogue)},
        "'euros' is no currency. Did you mean 'EUR'?",
    ),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_that_cannot_be_is_refused_with_its_number(name: str) -> None:
    entry, said = ENTRIES[name]
    before = Reported(at=when("day 1"), report=Report.OPENED, channel=Channel.EMAIL)
    with pytest.raises(ScenarioError) as refused:
        rehearse("standard", Scenario(name="mine", timeline=(before, entry)), render=False)
    assert str(refused.value).startswith("mine: entry 2: "), str(refused.value)
    assert said in str(refused.value)


def test_a_scenario_made_of_one_that_was_played_is_looked_at_anew() -> None:
    good = Scenario(name="mine")
    assert rehearse("standard", good, render=False).ok
    bad = replace(good, timeline=(Told(at=DAY, event="shipment.delivred"),))
    for _ in range(2):
        with pytest.raises(ScenarioError, match=r"Did you mean 'shipment\.delivered'"):
            rehearse("standard", bad, render=False)


def test_a_scenario_whose_data_is_changed_after_it_was_played_is_looked_at_anew() -> None:
    data: dict[str, Any] = {"rating": 4}
    told = Told(at=when("day 20 10:00"), event="review.submitted", data=data)
    scenario = Scenario(name="mine", timeline=(told,))
    assert rehearse("standard", scenario, render=False).ok
    data["prodct"] = "fern"
    with pytest.raises(ScenarioError, match="carries no 'prodct'"):
        rehearse("standard", scenario, render=False)


@pytest.mark.parametrize("name", WHOLES)
def test_a_scenario_that_cannot_be_is_refused_with_its_name(name: str) -> None:
    parts, said = WHOLES[name]
    with pytest.raises(ScenarioError) as refused:
        rehearse("standard", Scenario(name="mine", **parts), render=False)
    assert str(refused.value).startswith("mine: "), str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("day", "at", "said"),
    [
        (date(1999, 6, 1), "day 3", "mine: That would be on 1999-06-01"),
        (date(2099, 12, 1), "day 60", "mine: entry 1: That would be on 2100-01-30"),
        (date(2099, 12, 1), "60d after order-confirmation", "mine: entry 1: That would be on 2100-01-30"),
    ],
)
def test_what_would_happen_in_years_of_which_no_event_is_read_is_refused(
    day: date, at: str, said: str
) -> None:
    scenario = Scenario(name="mine", timeline=(Told(at=when(at), event="order.cancelled"),))
    with pytest.raises(ScenarioError) as refused:
        rehearse("standard", scenario, render=False, first_day=day)
    assert str(refused.value).startswith(said), str(refused.value)
