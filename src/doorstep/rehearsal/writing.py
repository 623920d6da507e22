"""A scenario as the file of which `reading` makes the same scenario again. Only what differs from the defaults is
written: what a search found reads like what a person wrote."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import yaml

from doorstep.contracts import CatchUp
from doorstep.policies.reading import policy_json
from doorstep.rehearsal.moments import span_text
from doorstep.rehearsal.scenario import (
    FIRST,
    Bought,
    Entry,
    Failing,
    Ordered,
    Person,
    Reported,
    Scenario,
    Steered,
    Told,
    usual_channel,
)
from doorstep.rehearsal.shop import DEFAULT_SHOP, Shop

Part = dict[str, Any]


def write(scenario: Scenario) -> str:
    """The YAML text."""
    told: Part = {"scenario": scenario.name}
    if scenario.about:
        told["about"] = scenario.about
    if scenario.journeys:
        told["journey"] = scenario.journeys[0] if len(scenario.journeys) == 1 else list(scenario.journeys)
    if person := _person(scenario.person):
        told["person"] = person
    if scenario.shop != DEFAULT_SHOP:
        told["shop"] = _shop(scenario.shop)
    if order := _bought(scenario.bought):
        told["order"] = order
    if scenario.placed != Scenario(name="").placed:
        told["placed"] = str(scenario.placed)
    if scenario.heard is not None:
        told["heard"] = str(scenario.heard)
    if scenario.limits:
        told["limits"] = list(scenario.limits)
    if scenario.timeline:
        told["timeline"] = [_entry(entry) for entry in scenario.timeline]
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=110)


def _person(person: Person) -> Part:
    plain, told = Person(), {}
    for field in fields(Person):
        value = getattr(person, field.name)
        if value != getattr(plain, field.name):
            told[field.name] = [str(v) for v in value] if isinstance(value, tuple) else value
    return told


def _shop(shop: Shop) -> Part:
    told: Part = {
        name: getattr(shop, name)
        for name in ("name", "zone", "locale", "country", "currency")
        if getattr(shop, name) != getattr(DEFAULT_SHOP, name)
    }
    if shop.policy != DEFAULT_SHOP.policy:
        told["policy"] = policy_json(shop.policy)
    if shop.catalogue != DEFAULT_SHOP.catalogue:
        told["products"] = {
            p.ref: {
                "title": p.title,
                "category": p.category,
                "price_minor": p.price_minor,
                **({"replenish_days": p.replenish_days} if p.replenish_days else {}),
            }
            for p in shop.catalogue
        }
    return told


def _bought(bought: Bought) -> Part:
    told: Part = {}
    if bought.goods != Bought().goods:
        told["lines"] = [g.product if g.quantity == 1 else f"{g.quantity} {g.product}" for g in bought.goods]
    if bought.gift:
        told["gift"] = True
    if bought.country:
        told["country"] = bought.country
    return told


def _entry(entry: Entry) -> Part:
    told: Part = {"at": str(entry.at)}
    match entry:
        case Told():
            told["event"] = entry.event
            told |= {key: value for key in ("parcel", "subject") if (value := getattr(entry, key))}
            if entry.data:
                told["data"] = _plain(entry.data)
            told |= _arrival(entry)
        case Ordered():
            return told | {"customer": f"orders {entry.order}"} | _bought(entry.bought) | _arrival(entry)
        case Reported():
            told["report"] = entry.report.value
            told |= (
                {"channel": entry.channel.value} if entry.channel is not usual_channel(entry.report) else {}
            )
            told |= {"step": entry.step} if entry.step else {}
        case Failing():
            told |= {"provider": entry.channel.value, "fault": entry.fault.value}
            told |= {"lasts": span_text(entry.lasts)} if entry.lasts is not None else {}
            told |= {"calls": entry.calls} if entry.calls is not None else {}
        case Steered():
            told["agent"] = entry.action.value
            told |= {"step": entry.step} if entry.step else {}
            told |= {"catch_up": entry.catch_up.value} if entry.catch_up is not CatchUp.SKIP else {}
    if entry.order != FIRST and not isinstance(entry, Failing):
        told["order"] = entry.order
    return told


def _arrival(entry: Told | Ordered) -> Part:
    told: Part = {"heard": str(entry.heard)} if entry.heard is not None else {}
    return told | ({"times": entry.times} if entry.times != 1 else {})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
