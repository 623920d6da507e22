"""Events of which nobody has heard, tried out on a plan: what a journey waits for may end the block in which a message
is asked for, and nothing at the message itself says so. The event is made of what is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from doorstep.domain.event_words import happens
from doorstep.domain.events import Envelope, event_class, parse
from doorstep.domain.orders import OrderState
from doorstep.errors import DoorstepError

MOST = 2
"""Events tried out for one plan: each costs nearly as much as the plan (17 ms beside 21)."""
_DATA: Mapping[str, Mapping[str, Any]] = {"review.submitted": {"rating": 5}}
"""What an event says that must say something."""


def falls(
    waited: Iterable[str],
    sent: frozenset[str],
    state: OrderState,
    at: datetime,
    goes: Callable[[tuple[Envelope, ...]], frozenset[str] | None],
) -> dict[str, tuple[str, ...]]:
    """Touch key → the events that would keep it from being sent, as sentences, in the order in which they are waited
    for. `waited`: types of events, as a journey names them (`a.b or c.d`). `sent`: the touches that go without any.
    `goes`: those that are still asked for where these envelopes are heard at `at` (aware UTC);
    None: that cannot be told."""
    types = dict.fromkeys(one for name in waited for one in name.split(" or "))
    tried = [(one, told) for one in types if (told := made(one, state, at))][:MOST]
    found: dict[str, tuple[str, ...]] = {}
    for type_, told in tried:
        left = goes(told)
        for key in sent - left if left is not None else ():
            found[key] = (*found.get(key, ()), happens(event_class(type_)))
    return found


def made(type_: str, state: OrderState, at: datetime) -> tuple[Envelope, ...]:
    """Such an event of that order at `at` (aware UTC), as it would be told; none where it cannot be made of what is
    known, or names no one event."""
    if type_ == "order.delivered":
        return _delivered(state, at)
    lines = [[line.ref, state.kept(line)] for line in state.kept_lines]
    data = {"lines": lines} if type_.startswith("return.") else _DATA.get(type_, {})
    if "." not in type_ or type_.endswith("*") or type_ in ("order.shipped", "order.partly_delivered"):
        return ()
    try:
        parse(told := _envelope(type_, "assumed", at, data))
    except DoorstepError:
        return ()
    return (told,)


def _delivered(state: OrderState, at: datetime) -> tuple[Envelope, ...]:
    """Each parcel under way arrives; where that is not all of the order, the rest comes in another one."""
    told: list[Envelope] = []
    for ref, parcel in state.shipments.items():
        if parcel.coming:
            told.append(_envelope("shipment.delivered", ref, at, {}))
            state = state.apply(told[-1])
    if state.delivered_at is None:
        told.append(_envelope("shipment.delivered", "assumed", at, {}))
        state = state.apply(told[-1])
    return tuple(told) if state.delivered_at is not None else ()


def _envelope(type_: str, subject: str, at: datetime, data: Mapping[str, Any]) -> Envelope:
    return Envelope(
        id=f"tried:{type_}:{subject}",
        fact_key=f"tried:{type_}:{subject}",
        type=type_,
        occurred_at=at,
        received_at=at,
        connection="tried",
        subject=subject,
        data=data,
    )


def heard(state: OrderState, told: Iterable[Envelope]) -> OrderState:
    """The order once these are heard."""
    for envelope in told:
        state = state.apply(envelope)
    return state
