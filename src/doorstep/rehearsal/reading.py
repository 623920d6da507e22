"""A scenario from its file. Nothing half-right passes: each mistake is refused with file, line and the nearest
right name. docs/rehearsing.md shows the format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from doorstep.contracts import ActionKind, CatchUp
from doorstep.domain.messages import Channel
from doorstep.errors import ScenarioError
from doorstep.rehearsal import buying, checking, placing
from doorstep.rehearsal.acts import act
from doorstep.rehearsal.limits.finding import find
from doorstep.rehearsal.marks import MOST_BYTES, Spot, opened
from doorstep.rehearsal.moments import Moment, placed, span, when
from doorstep.rehearsal.scenario import (
    FIRST,
    PROVIDED,
    Bought,
    Entry,
    Failing,
    Fault,
    Ordered,
    Person,
    Report,
    Reported,
    Scenario,
    Steered,
    Told,
    usual_channel,
)
from doorstep.rehearsal.shop import DEFAULT_SHOP, Shop

_TOP = ("scenario", "about", "journey", "person", "shop", "order", "placed", "heard", "limits", "timeline")
_ORDERED = ("heard", "times", *buying.ORDER)
_KINDS = {
    "event": ("parcel", "subject", "data", "heard", "times"),
    "customer": (*_ORDERED, "step"),
    "provider": ("fault", "lasts", "calls"),
    "report": ("channel", "step"),
    "agent": ("step", "catch_up"),
}
_KEYS = tuple(dict.fromkeys(("at", *_KINDS, "order", *(key for keys in _KINDS.values() for key in keys))))
"""Of entries of any kind."""


def read_file(path: Path) -> Scenario:
    """Raises `ScenarioError`."""
    try:
        with path.open("rb") as file:
            told = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ScenarioError(f"{path} cannot be read ({type(error).__name__}).") from None
    if len(told) > MOST_BYTES:
        raise ScenarioError(
            f"{path}:1: the file is too large for a scenario.",
            mend=f"At most {MOST_BYTES:,} bytes. Is it the right file?",
        )
    try:
        text = told.decode("utf-8")
    except UnicodeDecodeError as error:
        line = told.count(b"\n", 0, error.start) + 1
        raise ScenarioError(f"{path}:{line}: this is no UTF-8.", mend="Save the file as UTF-8.") from None
    return read(text, str(path))


def read(text: str, file: str = "scenario") -> Scenario:
    """The scenario a YAML text describes. Raises `ScenarioError` naming `file` and line."""
    root = opened(text, file)
    parts = root.known(_TOP, needed={"scenario": "late-parcel"})
    shop = buying.shop(parts["shop"]) if "shop" in parts else DEFAULT_SHOP
    if not parts["scenario"].text():
        parts["scenario"].refuse("the scenario has no name.", "Write 'scenario: late-parcel'.")
    scenario = Scenario(
        name=parts["scenario"].text(),
        about=parts["about"].text() if "about" in parts else "",
        journeys=_journeys(parts["journey"]) if "journey" in parts else (),
        person=buying.person(parts["person"]) if "person" in parts else Person(),
        shop=shop,
        bought=buying.bought(parts["order"].known(buying.ORDER), shop) if "order" in parts else Bought(),
        placed=parts["placed"].read(placed) if "placed" in parts else Scenario(name="").placed,
        heard=_moment(parts["heard"]) if "heard" in parts else None,
        limits=tuple(item.read(lambda name: find(name).name) for item in parts["limits"].items())
        if "limits" in parts
        else (),
        timeline=tuple(_entry(spot, shop) for spot in _listed(parts["timeline"]))
        if "timeline" in parts
        else (),
        file=file,
    )
    placing.check(scenario, parts, root)
    return scenario


def _journeys(spot: Spot) -> tuple[str, ...]:
    """Which there are shows only once a store's packages are imported (`audience`)."""
    names = tuple(item.text() for item in spot.items())
    if not all(names) or not names:
        spot.refuse("'journey' names nothing.", "Write 'journey: tea', or leave it out: then it is for any.")
    return names


def _listed(timeline: Spot) -> list[Spot]:
    if isinstance(timeline.node, yaml.ScalarNode):
        timeline.refuse(
            "'timeline' is no list.", "Write its entries below it, each begun with '- at: day 3 10:00'."
        )
    return [Spot(one.node, one.file, "an entry of the timeline") for one in timeline.items()]


# --- the timeline ------------------------------------------------------------------------------------


def _entry(spot: Spot, shop: Shop) -> Entry:
    parts = spot.fields()
    kinds = [kind for kind in _KINDS if kind in parts]
    if not kinds:
        spot.known(_KEYS)  # a kind that is misspelt is told with its line and the nearest
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none"
        mend = "Give each an entry of its own." if kinds else "Add one, such as 'event: shipment.delivered'."
        spot.refuse(f"an entry is exactly one of {', '.join(_KINDS)}; here: {found}.", mend)
    kind = kinds[0]
    _beside(spot, kind)
    for key in ("parcel", "subject", *(("step",) if kind in ("report", "customer") else ())):
        if key in parts and not parts[key].text():
            parts[key].refuse(f"'{key}' names nothing.", f"Name one, or leave '{key}' out.")
    parts = spot.known(("at", kind, "order", *_KINDS[kind]), needed={"at": "day 3 10:00"})
    common = {
        "at": parts["at"].read(when),
        "order": parts["order"].text() if "order" in parts else FIRST,
        "line": spot.line,
        "places": {key.text(): key.line for key in spot.names()},
    }
    entry = _MAKERS[kind](parts, common, shop)
    if kind == "customer":
        _only_used(spot, entry)
    return entry


def _beside(spot: Spot, kind: str) -> None:
    """Refuses a key that another kind of entry has and this one has not."""
    may = ("at", kind, "order", *_KINDS[kind])
    for key in spot.names():
        if (name := key.text()) in _KEYS and name not in may:
            others = " or ".join(f"'{one}'" for one, keys in _KINDS.items() if name in keys)
            key.refuse(
                f"'{name}' belongs to {others}, not to '{kind}'.",
                f"Beside '{kind}' can stand: {', '.join(may)}.",
            )


_USED = {Told: ("order", "heard", "times"), Ordered: _ORDERED, Reported: ("order", "step")}
"""What may stand beside an act of the customer's, by the entry it means."""


def _only_used(spot: Spot, entry: Entry) -> None:
    """Refuses a key that customers' acts have and this one does not."""
    used = ("at", "customer", *_USED[type(entry)])
    act = spot.fields()["customer"].text()
    for key in spot.names():
        if (name := key.text()) not in used:
            named = isinstance(entry, Ordered) and name == "order"
            key.refuse(
                f"'customer: {act}' does not use '{name}'.",
                "Write 'customer: orders NAME'." if named else f"Beside it can stand: {', '.join(used)}.",
            )


def _event(parts: dict[str, Spot], common: dict[str, Any], shop: Shop) -> Entry:
    for key in ("parcel", "subject"):
        if key in parts:
            common[key] = parts[key].text()
    if "data" in parts:
        common["data"] = {key: spot.value() for key, spot in parts["data"].fields().items()}
    return Told(event=parts["event"].text(), **common, **_arrival(parts))


def _customer(parts: dict[str, Spot], common: dict[str, Any], shop: Shop) -> Entry:
    words = parts["customer"].text()
    if words == "orders" or words.startswith("orders "):
        name = words.removeprefix("orders").strip() or "second"
        bought = buying.bought({k: v for k, v in parts.items() if k in buying.ORDER}, shop)
        return Ordered(**{**common, "order": name}, bought=bought, **_arrival(parts))
    with parts["customer"].here():
        entry = act(words, common)
        checking.check_act(entry, shop)
        checking.check_channel(entry)
    if isinstance(entry, Told):
        return Told(**{name: getattr(entry, name) for name in _TOLD}, **_arrival(parts))
    assert isinstance(entry, Reported)
    step = parts["step"].text() if "step" in parts else ""
    return Reported(report=entry.report, channel=entry.channel, step=step, **common)


_TOLD = ("at", "order", "line", "places", "event", "parcel", "subject", "data")


def _arrival(parts: dict[str, Spot]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if "heard" in parts:
        told["heard"] = _moment(parts["heard"])
    if "times" in parts:
        told["times"] = parts["times"].number(1, 20)
    return told


def _provider(parts: dict[str, Spot], common: dict[str, Any], shop: Shop) -> Entry:
    fault = parts["fault"].one_of(Fault) if "fault" in parts else Fault.DOWN
    lasts = parts["lasts"].read(span) if "lasts" in parts else None
    if lasts is not None and not lasts:
        parts["lasts"].refuse("it fails for no time at all.", "Write 'lasts: 24h'.")
    calls = parts["calls"].number(1, 1000) if "calls" in parts else None
    if lasts is None and calls is None:
        parts["provider"].refuse("for how long does it fail?", "Add 'lasts: 24h' or 'calls: 1'.")
    return Failing(
        channel=parts["provider"].one_of(PROVIDED), fault=fault, lasts=lasts, calls=calls, **common
    )


def _report(parts: dict[str, Spot], common: dict[str, Any], shop: Shop) -> Entry:
    report = parts["report"].one_of(Report)
    entry = Reported(
        report=report,
        channel=parts["channel"].one_of(Channel) if "channel" in parts else usual_channel(report),
        step=parts["step"].text() if "step" in parts else "",
        **common,
    )
    with parts.get("channel", parts["report"]).here():
        checking.check_channel(entry)
    return entry


def _agent(parts: dict[str, Spot], common: dict[str, Any], shop: Shop) -> Entry:
    entry = Steered(
        action=parts["agent"].one_of(ActionKind),
        step=parts["step"].text() if "step" in parts else "",
        catch_up=parts["catch_up"].one_of(CatchUp) if "catch_up" in parts else CatchUp.SKIP,
        **common,
    )
    with parts["agent"].here():
        checking.check_step(entry)
    return entry


_MAKERS = {"event": _event, "customer": _customer, "provider": _provider, "report": _report, "agent": _agent}


def _moment(spot: Spot) -> Moment:
    found = spot.read(lambda text: when(text, may_follow=False))
    if not isinstance(found, Moment):
        spot.refuse(f"{spot.what} cannot follow a touch.", "Write 'day 3 10:00' or '+36h'.")
    return found
