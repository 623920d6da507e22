"""One parcel as its receiver sees it: where it is, when it comes, and what it passed on the way. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from doorstep.api.customer.words import Local
from doorstep.models.reading.goods import Order, Shipment
from doorstep.templates.formats import href

_LABELS = {
    "pre_transit": "Packed",
    "in_transit": "On its way",
    "out_for_delivery": "Out for delivery",
    "attempt_failed": "Could not be handed over",
    "available_for_pickup": "Ready for pickup",
    "delivered": "Delivered",
    "exception": "Held up at the carrier",
    "returned_to_sender": "On its way back to us",
    "expired": "No news from the carrier",
}
_AGAIN = {"in_transit": "On its way again", "out_for_delivery": "Out for delivery again"}
_TROUBLE = ("attempt_failed", "exception", "returned_to_sender", "expired")
_STAGES = ("in_transit", "out_for_delivery", "delivered")
_OVER = ("delivered", "returned_to_sender", "expired")
_MOST = 10  # scans shown; the carrier's page has them all


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One point of a parcel's way. `state`: done, now, trouble (now, and not well) or next."""

    label: str
    when: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One parcel, in words. `track_url` is https or empty; `items` are told when there are several parcels."""

    title: str
    status: str
    trouble: bool
    arrived: bool
    note: str
    carrier: str
    number: str
    track_url: str
    items: tuple[tuple[str, int], ...]
    milestones: tuple[Milestone, ...]


def parcels_of(orders: Sequence[Order], shipments: Sequence[Shipment], local: Local) -> list[Parcel]:
    """Every parcel that was not called off. An order without one gets a card of its own: what comes next."""
    placed = {order.ref: order.placed.utc if order.placed else None for order in orders}
    titles = {line.ref: line.title for order in orders for line in order.lines}
    shown = [parcel for parcel in shipments if parcel.status != "cancelled"]
    made = []
    for number, parcel in enumerate(shown, 1):
        several = len(shown) > 1
        made.append(
            Parcel(
                title=f"Parcel {number} of {len(shown)}" if several else "",
                status=_status(parcel),
                trouble=parcel.status in _TROUBLE or _late(parcel) or parcel.silent,
                arrived=parcel.status == "delivered",
                note=_note(parcel, local),
                carrier=parcel.carrier,
                number=parcel.tracking_number,
                track_url=_https(parcel.tracking_url),
                items=_items(parcel, titles) if several else (),
                milestones=tuple(_milestones(parcel, placed.get(parcel.order_ref), local)),
            )
        )
    return made


def preparing(order: Order, local: Local) -> Parcel:
    """The card of an order of which no parcel is known yet."""
    steps = (
        [Milestone(label="Ordered", when=local.time(order.placed.utc), state="done")] if order.placed else []
    )
    steps.append(Milestone(label="Being prepared", when="", state="now"))
    steps += [Milestone(label=_LABELS[stage], when="", state="next") for stage in _STAGES]
    return Parcel(
        title="",
        status="Being prepared",
        trouble=False,
        arrived=False,
        note="We write to you as soon as it leaves.",
        carrier="",
        number="",
        track_url="",
        items=(),
        milestones=tuple(steps),
    )


def _status(parcel: Shipment) -> str:
    if parcel.status == "in_transit" and _late(parcel):
        return "On its way, later than planned"
    if parcel.status == "pre_transit":
        return "Packed, waiting for the carrier"
    return _LABELS.get(parcel.status, "Being prepared")


def _late(parcel: Shipment) -> bool:
    return parcel.substatus == "delayed" and parcel.status not in _OVER


def _note(parcel: Shipment, local: Local) -> str:
    """The one sentence that matters now: when it came, when it comes, or what is wrong."""
    if parcel.status == "delivered":
        return f"Delivered {local.on(parcel.delivered.utc)}." if parcel.delivered else ""
    if parcel.status == "returned_to_sender":
        return "It could not be delivered and comes back to us. Write to us, and we sort it out."
    if parcel.status == "available_for_pickup":
        return "It waits for you at the pickup point."
    if parcel.status == "attempt_failed":
        return "The carrier tries again or leaves it at a pickup point. Your parcel is safe."
    if parcel.silent or parcel.status == "expired":
        return "The carrier has not reported on it for longer than usual."
    if parcel.expected is None:
        return ""
    if local.passed(parcel.expected.utc):
        return f"It was expected {local.near(parcel.expected.utc)} and is late."
    return f"Expected {local.near(parcel.expected.utc)}."


def _milestones(parcel: Shipment, placed: datetime | None, local: Local) -> list[Milestone]:
    passed = _passed(parcel)[-_MOST:]
    made = [Milestone(label="Ordered", when=local.time(placed), state="done")] if placed else []
    seen: set[str] = set()
    for status, at in passed:
        label = _AGAIN.get(status, _LABELS[status]) if status in seen else _LABELS[status]
        seen.add(status)
        made.append(Milestone(label=label, when=local.time(at) if at else "", state="done"))
    if not passed:
        made.append(Milestone(label="Being prepared", when="", state="now"))
    elif parcel.status != "delivered":
        state = "trouble" if parcel.status in _TROUBLE else "now"
        made[-1] = Milestone(label=made[-1].label, when=made[-1].when, state=state)
    return made + _next(parcel, seen, local)


def _passed(parcel: Shipment) -> list[tuple[str, datetime | None]]:
    """(status, since) oldest first: each stretch once, nothing after delivery, the present one last."""
    made: list[tuple[str, datetime | None]] = []
    for scan in reversed(parcel.checkpoints):
        if scan.status in _LABELS and (not made or made[-1][0] != scan.status):
            made.append((scan.status, scan.at.utc))
    if parcel.status == "delivered":
        arrived = next((n for n, (status, _) in enumerate(made) if status == "delivered"), len(made))
        told = parcel.delivered or parcel.status_at
        return [*made[:arrived], ("delivered", told.utc if told else None)]
    if parcel.status in _LABELS and (not made or made[-1][0] != parcel.status):
        made.append((parcel.status, parcel.status_at.utc if parcel.status_at else None))
    return made


def _next(parcel: Shipment, seen: set[str], local: Local) -> list[Milestone]:
    if parcel.status in _OVER:
        return []
    if parcel.status == "available_for_pickup":
        return [Milestone(label="Picked up", when="", state="next")]
    reached = max((n for n, stage in enumerate(_STAGES) if stage in seen), default=-1)
    missed = parcel.status == "attempt_failed"  # the estimate was for the attempt that failed
    coming = parcel.expected.utc if parcel.expected and not missed else None
    when = f"Expected {local.near(coming)}" if coming is not None and not local.passed(coming) else ""
    return [
        Milestone(label=_LABELS[stage], when=when if stage == "delivered" else "", state="next")
        for stage in _STAGES[reached + 1 :]
    ]


def _items(parcel: Shipment, titles: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    return tuple((titles[ref], pieces) for ref, pieces in parcel.lines if titles.get(ref))


def _https(url: str) -> str:
    return href(url) if url.startswith("https://") else ""
