"""A scenario written in Python, before it is played: what a file's reader would have refused with its line is refused
here with the entry's number, before it shows as an error of something deep inside, or does not show at all."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from doorstep.contracts import ActionKind, CatchUp
from doorstep.domain.messages import Channel
from doorstep.errors import ScenarioError, nearest
from doorstep.rehearsal import carried, checking, identifiers, moments, subjects
from doorstep.rehearsal.moments import After, Moment, Placed
from doorstep.rehearsal.scenario import (
    Bought,
    Entry,
    Failing,
    Fault,
    Goods,
    Ordered,
    Report,
    Reported,
    Scenario,
    Steered,
    Told,
)
from doorstep.rehearsal.shop import DEFAULT_SHOP, Shop

_NAMED: dict[type[Any], dict[str, type[StrEnum]]] = {
    Told: {},
    Ordered: {},
    Reported: {"report": Report, "channel": Channel},
    Failing: {"channel": Channel, "fault": Fault},
    Steered: {"action": ActionKind, "catch_up": CatchUp},
}
"""Kinds of entries, and what each has of a few known names."""


def check(scenario: Scenario) -> None:
    """Raises `ScenarioError` for names that do not exist, offering the nearest, and for texts where something else is
    meant. What events carry the production reader reads when they are told. Once for as long as
    the data of its events, which its author might change, are the same: most are played again and again."""
    given: Any = scenario
    if not isinstance(given, Scenario):
        raise ScenarioError(
            f"{given!r:.60} is no scenario.",
            mend="Load one by its name or from a file, such as shelf.load('late-parcel'), or make a `Scenario`.",
        )
    if scenario.checked and scenario.checked == _carried(scenario):
        return
    _whole(scenario)
    _entries(scenario)
    object.__setattr__(scenario, "checked", _carried(scenario))


def _carried(scenario: Scenario) -> str:
    return repr([getattr(entry, "data", None) for entry in scenario.timeline])


def _whole(scenario: Scenario) -> None:
    """What it says of itself, its person, its shop and its first order."""
    with checking.blaming(scenario):
        _journeys(scenario.journeys)
        for part in ("reach", "consents", "suppressed"):
            for channel in getattr(scenario.person, part):
                _one_of(part, channel, Channel)
        _places(scenario)
        _placed(scenario.placed)
        if scenario.heard is not None:
            _moment("heard", scenario.heard, may_follow=False)
        identifiers.check_id(scenario.person.ref, "'ref'", "ref:")
        checking.check_currency(scenario.shop.currency)
        if scenario.shop.catalogue is not DEFAULT_SHOP.catalogue:
            for product in scenario.shop.catalogue:
                identifiers.check_id(product.ref, "The product")
        _goods(scenario.bought, scenario.shop)


def _entries(scenario: Scenario) -> None:
    for entry in scenario.timeline:
        with checking.blaming(scenario, entry):
            _entry(entry)
    teller = carried.some_teller(scenario)
    for number, entry in enumerate(scenario.timeline):
        with checking.blaming(scenario, entry):
            checking.check_order_name(scenario, number)
            checking.check_type(entry)
            identifiers.check_ids(entry)
            for key in entry.data if isinstance(entry, Told) else ():
                carried.check_member(entry, key)
                carried.check_value(teller, entry, key)
            carried.check_lines(scenario, entry)
            subjects.check_return(scenario, number)
            checking.check_step(entry)
            checking.check_channel(entry)
            checking.check_parts(entry)
            if isinstance(entry, Ordered):
                _goods(entry.bought, scenario.shop)


def _journeys(value: Any) -> None:
    if isinstance(value, str):
        raise ScenarioError(f"'journeys' is the text '{value}'.", mend=f"Write journeys=('{value}',).")
    for name in value:
        if not isinstance(name, str):
            raise ScenarioError(
                f"'journeys' holds {name!r:.60}, no name.",
                mend="Name them by texts, such as journeys=('tea',).",
            )


def _entry(entry: Entry) -> None:
    """By itself: of what kinds its parts are."""
    if type(entry) not in _NAMED:
        raise ScenarioError(
            f"A {type(entry).__name__} is no entry.",
            mend=f"There are: {', '.join(kind.__name__ for kind in _NAMED)}.",
        )
    _moment("at", entry.at)
    if isinstance(entry, Told | Ordered) and entry.heard is not None:
        _moment("heard", entry.heard, may_follow=False)
    for part, known in _NAMED[type(entry)].items():
        _one_of(part, getattr(entry, part), known)


def _moment(part: str, value: Any, *, may_follow: bool = True) -> None:
    if isinstance(value, Moment) or (may_follow and isinstance(value, After)):
        return
    if isinstance(value, After):
        raise ScenarioError(f"'{part}' cannot follow a touch.", mend="Write when('day 3 10:00').")
    if isinstance(value, str):
        moments.when(value)
        raise ScenarioError(
            f"'{part}' is the text '{value}', no moment.", mend=f"Write {part}=when('{value}')."
        )
    raise ScenarioError(
        f"'{part}' is of type {type(value).__name__}, no moment.", mend=f"Write {part}=when('day 3 10:00')."
    )


def _places(scenario: Scenario) -> None:
    for whose in (scenario.person, scenario.shop):
        for key in ("zone", "locale", "country"):
            checking.place(key, getattr(whose, key))


def _placed(value: Any) -> None:
    if isinstance(value, Placed):
        return
    if isinstance(value, str):
        moments.placed(value)
        raise ScenarioError(
            f"'placed' is the text '{value}'.", mend=f"Write placed=moments.placed('{value}')."
        )
    raise ScenarioError(
        f"'placed' is of type {type(value).__name__}.", mend="Write placed=moments.placed('10:15')."
    )


def _one_of(part: str, value: Any, known: type[StrEnum]) -> None:
    if isinstance(value, known):
        return
    names = {member.value: f"{known.__name__}.{member.name}" for member in known}
    if isinstance(value, str) and value in names:
        raise ScenarioError(f"'{part}' is the text '{value}'.", mend=f"Write {names[value]}.")
    raise ScenarioError(
        f"'{part}': there is no '{value}'.{nearest(str(value), names)}",
        mend=f"There are: {', '.join(names.values())}.",
    )


def _goods(bought: Bought, shop: Shop) -> None:
    checking.place("country", bought.country)
    goods: Iterable[Any] = bought.goods
    for one in goods:
        if not isinstance(one, Goods):
            raise ScenarioError(f"'{one}' is no Goods.", mend="Write Goods(product='fern').")
    checking.check_goods(bought.goods, shop)
