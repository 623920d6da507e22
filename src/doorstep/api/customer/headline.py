"""The tracking page's first words: how the whole order stands, in one sentence and what follows from it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from doorstep.api.customer.words import Local
from doorstep.models.reading.goods import Line, Order, Shipment

_ONE = {
    "pre_transit": "Your order is packed.",
    "in_transit": "Your order is on its way.",
    "out_for_delivery": "Your order is out for delivery.",
    "attempt_failed": "Your parcel could not be handed over.",
    "available_for_pickup": "Your order is ready for pickup.",
    "delivered": "Your parcel has arrived.",
    "exception": "Your parcel is held up at the carrier.",
    "returned_to_sender": "Your parcel is on its way back to us.",
    "expired": "The carrier has gone quiet about your parcel.",
}
_LEFT = frozenset(_ONE) - {"pre_transit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One line of the order and what became of it."""

    title: str
    quantity: int
    fate: str
    kept: bool


def headline(order: Order, shipments: Sequence[Shipment], local: Local) -> tuple[str, str]:
    """The sentence and the one below it (may be empty). `shipments`: those of this order alone."""
    if order.cancelled is not None:
        return (
            "Your order was cancelled.",
            f"That was {local.on(order.cancelled.utc)}. Nothing is on its way.",
        )
    if order.lines and not any(line.kept for line in order.lines):
        sent_back = any(line.returned > line.refunded for line in order.lines)
        word = "is being returned" if sent_back else "was refunded"
        return f"Your order {word} in full.", ""
    parcels = [parcel for parcel in shipments if parcel.status != "cancelled"]
    if not parcels:
        return "We are preparing your order.", "We write to you as soon as it leaves."
    arrived = [parcel for parcel in parcels if parcel.delivered is not None]
    if order.delivered is not None and len(arrived) == len(parcels):
        return "Your order has arrived.", f"Delivered {local.on(order.delivered.utc)}."
    if len(parcels) > 1:
        return _several(parcels, len(arrived))
    if parcels[0].substatus == "delayed" and parcels[0].status == "in_transit":
        return "Your order is on its way, later than planned.", ""
    return _ONE.get(parcels[0].status, "We are preparing your order."), ""


def _several(parcels: Sequence[Shipment], arrived: int) -> tuple[str, str]:
    count = len(parcels)
    if arrived == count:
        return "Your parcels have arrived.", "The rest of your order follows."
    if arrived:
        return "Part of your order has arrived.", f"{arrived} of {count} parcels so far."
    if any(parcel.status in _LEFT for parcel in parcels):
        return f"Your order is on its way in {count} parcels.", ""
    return f"Your order leaves us in {count} parcels.", ""


def pieces_of(order: Order) -> list[Piece]:
    """What the customer would call their things; a line without a title is left out."""
    return [
        Piece(title=line.title, quantity=line.quantity, fate=_fate(line, order), kept=line.kept > 0)
        for line in order.lines
        if line.title and line.quantity > 0
    ]


def _fate(line: Line, order: Order) -> str:
    """What became of the pieces that are not kept; empty when all are. A return and its later refund are the
    same pieces."""
    if order.cancelled is not None:
        return "Cancelled"
    gone = line.quantity - line.kept
    if gone <= 0:
        return ""
    refunded = min(line.refunded, gone)
    returned = min(max(0, line.returned - line.refunded), gone - refunded)
    told = [
        (n, word)
        for n, word in (
            (refunded, "refunded"),
            (returned, "in return"),
            (gone - refunded - returned, "taken off"),
        )
        if n
    ]
    if len(told) == 1 and not line.kept:
        return told[0][1].capitalize()
    kept = [f"{line.kept} kept"] if line.kept else []
    return ", ".join([*kept, *(f"{n} {word}" for n, word in told)])
