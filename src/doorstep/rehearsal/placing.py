"""What of a scenario's file only shows in the whole, once all of it is read: each mistake is refused at its place."""

from __future__ import annotations

from doorstep.rehearsal import carried, checking, identifiers, subjects
from doorstep.rehearsal.marks import Spot
from doorstep.rehearsal.moments import Moment
from doorstep.rehearsal.scenario import Entry, Ordered, Scenario


def check(scenario: Scenario, top: dict[str, Spot], root: Spot) -> None:
    """Raises `ScenarioError` for what cannot be: names of orders, years, and events that the production reader would
    refuse. `top`: the scenario's keys, `root` the whole of it."""
    with top.get("placed", root).here():
        placed_at = scenario.placed.resolve(checking.SOME_DAY, scenario.person.zone)
        checking.check_year(placed_at)
    with top.get("order", top.get("shop", root)).here():
        checking.check_goods(scenario.bought.goods, scenario.shop)
        carried.check_data(scenario, None)
    with top.get("heard", root).here():
        checking.check_heard(scenario, placed_at)
        if isinstance(scenario.heard, Moment):
            checking.check_year(scenario.heard.resolve(placed_at, scenario.person.zone))
    spots = top["timeline"].items() if "timeline" in top else []
    for number, spot in enumerate(spots):
        _entry(scenario, number, spot)
        for key in ("at", "heard"):
            moment = getattr(scenario.timeline[number], key, None)
            if isinstance(moment, Moment):
                with spot.fields()[key].here():
                    checking.check_year(moment.resolve(placed_at, scenario.person.zone))


def _entry(scenario: Scenario, number: int, spot: Spot) -> None:
    entry, parts = scenario.timeline[number], spot.fields()
    event = parts.get("event") or parts.get("customer", spot)
    named = event if isinstance(entry, Ordered) else parts.get("order", spot)
    with named.here():
        checking.check_order_name(scenario, number)
    with event.here():
        checking.check_type(entry)
        identifiers.check_ids(entry, "order")
    for name in ("parcel", "subject"):
        with parts.get(name, event).here():
            identifiers.check_ids(entry, name)
    for key in spot.names():
        if why := checking.useless(entry, key.text()):
            key.refuse(why, f"Leave '{key.text()}' out.")
    with event.here():
        if isinstance(entry, Ordered):
            checking.check_goods(entry.bought.goods, scenario.shop)
    if "data" in parts:
        _data(scenario, entry, parts["data"])
    with parts.get("data", event).here():
        carried.check_data(scenario, entry)
        subjects.check_return(scenario, number)


def _data(scenario: Scenario, entry: Entry, data: Spot) -> None:
    teller = carried.some_teller(scenario)
    for key in data.names():
        with key.here():
            carried.check_member(entry, key.text())
            found = carried.value_amiss(teller, entry, key.text())
        if found is not None:
            data.at(found.path).refuse(found.what, found.mend)
    if (found := carried.lines_amiss(scenario, entry)) is not None:
        data.at(found.path).refuse(found.what, found.mend)
