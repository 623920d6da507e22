"""The tracking page's first words: how the whole order stands, in one sentence and what follows from it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from doorstep.api.customer.words import TOLD, Local
from doorstep.models.reading.goods import Line, Order, Shipment

_LEFT = frozenset(TOLD) - {"pre_transit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One line of the order and what became of it."""

    title: str
    quantity: int
    fate: str
    remains: bool
    """The customer has some of it, or will."""


def headline(order: Order, shipments: Sequence[Shipment], local: Local) -> tuple[str, str]:
    """The sentence and the one below it (may be empty). `shipments`: those of this order alone."""
    words = local.words
    if order.cancelled is not None:
        return words.cancelled, words.cancelled_then(local.when(order.cancelled.utc))
    if over(order):
        came_back = any(line.received > line.refunded for line in order.lines)
        return words.came_back_whole if came_back else words.refunded_whole, ""
    if order.lines and not any(line.kept for line in order.lines):
        arrived_then = words.delivered(local.when(order.delivered.utc)) if order.delivered else ""
        return words.returned_whole, arrived_then
    parcels = [parcel for parcel in shipments if parcel.status != "cancelled"]
    if not parcels:
        return words.preparing, words.we_write
    arrived = [parcel for parcel in parcels if parcel.delivered is not None]
    if order.delivered is not None and len(arrived) == len(parcels):
        return words.arrived, words.delivered(local.when(order.delivered.utc))
    if len(parcels) > 1:
        return _several(parcels, len(arrived), words)
    if parcels[0].substatus == "delayed" and parcels[0].status == "in_transit":
        return words.late, ""
    return words.one_parcel.get(parcels[0].status, words.preparing), ""


def over(order: Order) -> bool:
    """Nothing of it is the customer's: cancelled, refunded or come back to the last piece."""
    return order.cancelled is not None or (
        bool(order.lines) and not any(line.remaining for line in order.lines)
    )


def _several(parcels: Sequence[Shipment], arrived: int, words: Any) -> tuple[str, str]:
    count = len(parcels)
    if arrived == count:
        return words.parcels_arrived, words.rest_follows
    if arrived:
        return words.part_arrived, words.so_far(arrived, count)
    if any(parcel.status in _LEFT for parcel in parcels):
        return words.on_its_way_in(count), ""
    return words.leaves_in(count), ""


def pieces_of(order: Order, words: Any) -> list[Piece]:
    """What the customer would call their things, and in the pages' `words` what became of them; a line without a title
    is left out."""
    return [
        Piece(
            title=line.title,
            quantity=line.quantity,
            fate=_fate(line, order, words),
            remains=line.remaining > 0,
        )
        for line in order.lines
        if line.title and line.quantity > 0
    ]


def _fate(line: Line, order: Order, words: Any) -> str:
    """What became of the pieces that are not kept; empty when all are. A return and its later refund are the
    same pieces."""
    if order.cancelled is not None:
        return str(words.all_of_it["cancelled"])
    gone, asked = line.quantity - line.remaining, line.remaining - line.kept
    refunded = min(line.refunded, gone)
    received = min(max(0, line.received - line.refunded), gone - refunded)
    taken_off = gone - refunded - received
    fates = {"refunded": refunded, "came_back": received, "in_return": asked, "taken_off": taken_off}
    told = [fate for fate, n in fates.items() if n > 0]
    if not told:
        return ""
    if len(told) == 1 and not line.kept:
        return str(words.all_of_it[told[0]])
    kept = [words.kept(line.kept)] if line.kept else []
    return Markup(", ").join([*kept, *(getattr(words, fate)(fates[fate]) for fate in told)])
