"""What happened in a scenario, in a few words for its timeline."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from doorstep.contracts import ActionKind, ActionResult
from doorstep.domain.events import declared, event_class
from doorstep.rehearsal.records import OrderRecord
from doorstep.rehearsal.scenario import Ordered, Steered, Told
from doorstep.rehearsal.telling import Body
from doorstep.sources.values import amount, currency, digits_of

SHOWN = (
    *(
        "rating",
        "lines",
        "amount_minor",
        "substatus",
        "channel",
        "purpose",
        "products",
        "expect_next_by",
        "gift",
        "score",
    ),
)
"""What of an event's data a timeline shows; of a store's own event all that its class declares, too."""
_SAYS_ITSELF = ("lines", "products", "channel", "substatus")
"""What needs no name before it."""


def shown(body: Body) -> dict[str, Any]:
    """What of an event's data a timeline keeps."""
    data = body["data"]
    found = {key: value for key, value in data.items() if key in SHOWN}
    cls = event_class(body["type"])
    return found if cls.__module__.startswith("doorstep.domain") else found | declared(cls, data)


def of_event(body: Body, entry: Told | Ordered | None = None, order: OrderRecord | None = None) -> str:
    """What an order held, or what an event was about, as its author calls it, and what it said. `order`: the one it is
    about, as it is known by then."""
    data = body["data"]
    if body["type"] == "order.placed":
        told = [f"{line['quantity']} {line['id']}" for line in data["lines"]]
        return ", ".join([*told, *(["a gift"] if data.get("gift") else [])])
    about = []
    if isinstance(entry, Told):
        about = [f"parcel {entry.parcel}"] if entry.parcel else [entry.subject]
    if body["type"] == "order.refunded":
        return ": ".join(w for w in (*about, _refund(data, order)) if w)
    parts = [_part(key, value) for key, value in shown(body).items()]
    return ": ".join(w for w in (*about, ", ".join(parts)) if w)


def money(minor: int, code: str) -> str:
    """An amount in minor units as people write it: `49,500.00 EUR`."""
    return f"{Decimal(minor).scaleb(-digits_of(code)):,} {code}"


def _refund(data: Body, order: OrderRecord | None) -> str:
    """How much went back, and for which lines. A shop may refund postage, or in another currency: neither is refused,
    and both are said."""
    sum_, held = amount(data.get("amount_minor")), order if order is not None and order.whole else None
    code = currency(data.get("currency")) or (held.currency if held is not None else "")
    pieces = _value(data["lines"]) if data.get("lines") else ""
    if not sum_:
        return pieces
    told = money(sum_, code) if code else f"{sum_:,} minor units"
    told += f" for {pieces}" if pieces else ""
    if held is not None and code != held.currency:
        return f"{told}; the order is in {held.currency}"
    if held is not None and sum_ > held.total_minor:
        return f"{told}; the order came to {money(held.total_minor, code)}"
    return told


def of_action(entry: Steered, answer: ActionResult) -> str:
    """What an agent asked for and what the journey made of it."""
    catch_up = entry.catch_up.value.replace("_", " ") if entry.action is ActionKind.RESUME else ""
    words = " ".join(w for w in (entry.step, catch_up) if w)
    refused = "" if answer.applied else f"refused: {answer.detail}"
    return "; ".join(w for w in (words, refused or answer.detail) if w)


def _part(key: str, value: Any) -> str:
    if key in _SAYS_ITSELF:
        return _value(value)
    words = key.replace("_", " ")
    return words if value is True else f"{words} {'no' if value is False else _value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(
            "×".join(str(x) for x in reversed(v)) if isinstance(v, list) else str(v) for v in value
        )
    return str(value)
