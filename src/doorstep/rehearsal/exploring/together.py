"""What a journey's code looks at together, read from its source: events that one function names, or two that share a
flag or call each other, and the lengths of time it speaks of. Faults that need several events lie there."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

from doorstep.domain import events
from doorstep.domain.shipments import ShipmentStatus
from doorstep.rehearsal.exploring.reached import Method
from doorstep.rehearsal.exploring.sources import Source, authored, sources
from doorstep.workflows.journey import Journey

AGAIN = "customer.ordered_again"
FAULT = "a provider fails"
"""Stands for whatever keeps a message from the customer."""
PARCEL = "shipment.*"
_FOLLOWS = {
    "order.placed": (),
    "order.shipped": ("shipment.in_transit",),
    "order.delivered": ("shipment.delivered",),
    "order.partly_delivered": ("shipment.in_transit", "shipment.delivered"),
}
"""What must be told for an event that nobody tells."""
_GONE = ("order.cancelled", "order.refunded")
_KEPT = ("order.refunded", "return.requested")
_TOLD_BY: dict[str, tuple[str, ...]] = {
    "cancelled_at": ("order.cancelled",),
    "gone": _GONE,
    "after_exit": _GONE,
    **dict.fromkeys(("refunds", "paid_back", "money"), ("order.refunded",)),
    **dict.fromkeys(("lines", "kept", "kept_lines", "remains"), _KEPT),
    "returns": ("return.requested", "return.received", "return.cancelled"),
    **dict.fromkeys(
        ("complaints", "resolutions", "open_complaint"), ("complaint.opened", "complaint.resolved")
    ),
    "partly_delivered": _FOLLOWS["order.partly_delivered"],
    "delivered_at": _FOLLOWS["order.delivered"],
    "shipped": _FOLLOWS["order.shipped"],
    "troubled": ("shipment.exception",),
    **dict.fromkeys(("sent", "outcome", "reason"), (FAULT,)),
}
"""What an attribute of the order, of a touch's outcome or a method of the journey hangs on."""
Known = Mapping[str, tuple[str, ...]]
_STATUS = {status.name: f"shipment.{status}" for status in ShipmentStatus}
_MOST = 8
_LONGEST = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Group:
    """Types of events that belong together (`AGAIN` an order, `FAULT` a provider's, `PARCEL` any news of a parcel), and
    lengths of time that are spoken of beside them. `own`: in code of the store's, not in ours. `place`: the function's
    qualified name."""

    events: tuple[str, ...]
    spans: tuple[timedelta, ...]
    own: bool
    place: str


@dataclass(slots=True)
class _Read:
    """One function. `flags`: what it reads or writes of the journey's own; `calls`: its own methods that it calls."""

    name: str
    place: str
    own: bool
    called: bool
    """It is a method, no property."""
    events: set[str] = field(default_factory=set)
    spans: set[timedelta] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)


@lru_cache(maxsize=64)
def together(journey: Any) -> tuple[Group, ...]:
    """The groups of its code, in the order of the source; each once."""
    known = _known()
    read = [
        _read(node, source, cls, known) for source, cls in _classes(journey) for node in _methods(source.cls)
    ]
    called = {one.name for one in read if one.called}
    for one in read:
        one.flags -= called
    found: dict[Group, None] = {}
    for one in read:
        near = [o for o in read if o is not one and (one.flags & o.flags or o.name in one.calls)]
        members, spans = set(one.events), set(one.spans)
        for other in near:
            if len(members | other.events) <= _MOST:
                members |= other.events
                spans |= other.spans
        for events_ in (one.events, members):
            if events_:
                found[Group(tuple(sorted(events_)), tuple(sorted(spans)), one.own, one.place)] = None
    return tuple(found)


def _classes(journey: Any) -> Iterator[tuple[Source, type[Any]]]:
    named = {cls.__name__: cls for cls in reversed(list(authored(journey)))}
    for source in sources(journey):
        yield source, named[source.cls.name]


def _methods(cls: ast.ClassDef) -> Iterator[Method]:
    return (node for node in cls.body if isinstance(node, Method))


def _read(function: Method, source: Source, cls: type[Any], known: Known) -> _Read:
    own = not cls.__module__.startswith("doorstep.")
    place = f"{cls.__qualname__}.{function.name}"
    one = _Read(function.name, place, own=own, called=not function.decorator_list)
    one.events.update(_TOLD_BY.get(function.name, ()))
    one.flags.add(function.name)
    _look(function, source.module, one, known, set())
    if any(event.startswith("shipment.") for event in one.events - {PARCEL}):
        one.events.discard(PARCEL)
    return one


def _look(code: ast.AST, module: ast.Module, one: _Read, known: Known, followed: set[str]) -> None:
    """`followed`: names of the module that were."""
    for node in ast.walk(code):
        match node:
            case ast.Name(id=name):
                one.events.update(known.get(name, ()))
                if name not in followed:
                    followed.add(name)
                    for meant in _meant(name, module):
                        _look(meant, module, one, known, followed)
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                one.calls.add(name)
                if hasattr(Journey, name):
                    one.events.update(_TOLD_BY.get(name, ()))
                else:
                    one.flags.add(name)
            case ast.Attribute(attr=name):
                one.events.update(_TOLD_BY.get(name, ()))
                if name in _STATUS:
                    one.events.add(_STATUS[name])
            case ast.Call():
                one.spans.update(_span(node))


def _meant(name: str, module: ast.Module) -> Iterator[ast.AST]:
    """The functions and constants of a module by that name."""
    for node in module.body:
        match node:
            case ast.FunctionDef(name=given) | ast.AsyncFunctionDef(name=given) if given == name:
                yield node
            case ast.Assign(targets=[ast.Name(id=given)], value=value) if given == name:
                yield value


def _known() -> dict[str, tuple[str, ...]]:
    """Name of an event's class (`Delivered` as well as `OrderDelivered`) → what to tell for it."""
    made: dict[str, tuple[str, ...]] = {"OutcomeKind": (FAULT,), "SkipReason": (FAULT,)}
    for type_, cls in sorted(events._REGISTRY.items()):
        told = _FOLLOWS.get(type_, (type_,))
        made[cls.__name__] = told
        if type_ in _FOLLOWS:
            made[cls.__name__.removeprefix("Order")] = told
    return made


def _span(call: ast.Call) -> Iterator[timedelta]:
    """`timedelta(hours=2)`, `self.after(event, days=7)`."""
    named = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if named not in ("timedelta", "after"):
        return
    given: dict[str, float] = {
        keyword.arg: keyword.value.value
        for keyword in call.keywords
        if keyword.arg in ("days", "hours", "minutes", "weeks")
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, int | float)
    }
    span = timedelta(**given)
    if timedelta() < span <= _LONGEST:
        yield span
