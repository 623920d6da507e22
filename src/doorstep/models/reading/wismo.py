"""*Where is my order?*: a ready answer, from the views alone. Pure; no name or address in it, so that it can be
pasted into any channel."""

from __future__ import annotations

from doorstep.models.reading.goods import Order, Shipment

_WORDS = {
    "pending": "is being prepared",
    "pre_transit": "is packed and waits for the carrier to collect it",
    "in_transit": "is on its way",
    "out_for_delivery": "is out for delivery today",
    "attempt_failed": "could not be handed over; the carrier tries again or leaves it at a pickup point",
    "available_for_pickup": "waits at the pickup point",
    "delivered": "was delivered",
    "exception": "is held up at the carrier",
    "returned_to_sender": "is on its way back to us",
    "expired": "has not been reported on for a long time",
}
_MOVING = ("pending", "pre_transit", "in_transit", "out_for_delivery", "attempt_failed", "exception")


def wismo(order: Order, shipments: list[Shipment], others: list[Order]) -> str:
    """The answer: the order as a whole, then each parcel, then what is not coming any more or goes back."""
    called = f"order {order.number}" if order.number else "your order"
    if order.cancelled is not None:
        return f"{_capital(called)} was cancelled on {_day(order.cancelled.words)}; nothing is on its way."
    parcels = [parcel for parcel in shipments if parcel.status != "cancelled"]
    parts = [_opening(order, called, parcels)]
    if not _arrived_whole(order, parcels):
        parts += [_parcel(parcel, number, len(parcels)) for number, parcel in enumerate(parcels, 1)]
    parts += [*_not_coming(order), *_going_back(order)]
    parts += [f"The exchange, order {other.number or other.ref}, {_stage(other)}." for other in others]
    return " ".join(parts)


def _arrived_whole(order: Order, parcels: list[Shipment]) -> bool:
    return order.delivered is not None and all(parcel.delivered for parcel in parcels)


def _opening(order: Order, called: str, parcels: list[Shipment]) -> str:
    placed = f", placed on {_day(order.placed.words)}," if order.placed else ""
    if order.lines and not any(line.remaining for line in order.lines):
        return f"{_capital(called)}{placed} was refunded or returned in full."
    if not parcels:
        return f"{_capital(called)}{placed} is being prepared and has not left us yet."
    if order.delivered is not None and _arrived_whole(order, parcels):
        return f"{_capital(called)}{placed} was delivered in full on {order.delivered.words}."
    if len(parcels) == 1:
        return f"{_capital(called)}{placed} travels in one parcel."
    return f"{_capital(called)}{placed} travels in {len(parcels)} parcels."


def _parcel(parcel: Shipment, number: int, count: int) -> str:
    which = "It" if count == 1 else f"Parcel {number}"
    carrier = ", ".join(part for part in (parcel.carrier, parcel.tracking_number) if part)
    words = _WORDS.get(parcel.status, f"has the status '{parcel.status}'")
    said = f"{which}{f' ({carrier})' if carrier else ''} {words}"
    if parcel.delivered is not None:
        return f"{said} on {parcel.delivered.words}."
    if parcel.status_at is not None:
        said += f" (last news {parcel.status_at.words})"
    if parcel.substatus == "delayed":
        said += ", and the carrier says it will be late"
    if parcel.expected is not None and parcel.status in _MOVING:
        said += f"; expected on {_day(parcel.expected.words)}"
    if parcel.silent and parcel.expect_next_by is not None:
        said += f". The carrier should have reported by {parcel.expect_next_by.words} and has not: we look into it"
    return f"{said}."


def _not_coming(order: Order) -> list[str]:
    gone = [
        f"{line.quantity - line.remaining} × {line.title}"
        for line in order.lines
        if line.title and line.remaining < line.quantity
    ]
    if not gone or not any(line.remaining for line in order.lines):
        return []
    return [f"Not part of it any more: {', '.join(gone)}."]


def _going_back(order: Order) -> list[str]:
    """What a return was only asked for: the customer has it, or it is in the post."""
    asked = [
        f"{line.remaining - line.kept} × {line.title}"
        for line in order.lines
        if line.title and line.kept < line.remaining
    ]
    return [f"A return was asked for and is not here yet: {', '.join(asked)}."] if asked else []


def _stage(order: Order) -> str:
    if order.delivered is not None:
        return f"was delivered on {order.delivered.words}"
    return "has shipped" if order.shipped else "is being prepared"


def _day(words: str) -> str:
    return words.partition(",")[0]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
