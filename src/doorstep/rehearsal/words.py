"""What happened in a scenario, in a few words for its timeline and for what is said of it."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from doorstep.contracts import ActionKind, ActionResult
from doorstep.domain.events import declared, event_class
from doorstep.rehearsal.records import OrderRecord
from doorstep.rehearsal.scenario import Ordered, Steered, Told
from doorstep.rehearsal.telling import Body
from doorstep.rehearsal.timeline import Happening, Timeline, Touch
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
_HASHES = re.compile(r"^(shp_|ord_|evt_)|^\d{4}-\d\d-\d\dT?|^[a-z2-7]{10}$")
_KNOWN_WORDS = frozenset(
    {"shipment", "refund", "return", "review", "customer", "product", "submitted", "ordered_again"}
)


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


def short(occurrence: str) -> str:
    """What of an occurrence a person can read: no references, no dates."""
    parts = [p for p in occurrence.split(":") if not _HASHES.search(p) and p not in _KNOWN_WORDS]
    return " ".join(parts) if len(parts) == 1 and not occurrence.startswith("shipment") else ""


def of_touch(timeline: Timeline, touch: Touch) -> str:
    """Its step, what it is about, and of several orders which: as far as a person can read them."""
    name = " ".join(w for w in (touch.step, short(touch.occurrence)) if w)
    return name + of_order(timeline, touch.order)


def of_order(timeline: Timeline, order: str) -> str:
    """` [order-2]`, where there are several."""
    return f" [{order}]" if order and len(timeline.outcomes) > 1 else ""


def usable_from(timeline: Timeline, event: Happening) -> str:
    """`usable from day 30`, of points that are not so at once; else nothing."""
    later = event.usable_at is not None and event.usable_at > event.at
    return f"usable from day {timeline.day(event.usable_at)}" if later and event.usable_at else ""


def lasting(length: timedelta, units: int = 2) -> str:
    """`4 days`, `23 hours 48 minutes`, `8 seconds`: a length of time in its largest units, rounded down."""
    left, parts = int(length.total_seconds()), []
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, size)
        parts.append(f"{count} {unit}{'s' * (count != 1)}" if count else "")
    largest = next((n for n, part in enumerate(parts) if part), 3)
    return " ".join(part for part in parts[largest : largest + units] if part) or "0 seconds"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(
            "×".join(str(x) for x in reversed(v)) if isinstance(v, list) else str(v) for v in value
        )
    return str(value)
