"""One parcel as its receiver sees it: where it is, when it comes, and what it passed on the way. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from doorstep.api.customer.words import TOLD, Local
from doorstep.models.reading.goods import Order, Shipment
from doorstep.templates.formats import href

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
                title=local.words.parcel_of(number, len(shown)) if several else "",
                status=_status(parcel, local.words),
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
    words = local.words
    steps = _ordered(order.placed.utc if order.placed else None, local)
    steps.append(Milestone(label=words.being_prepared, when="", state="now"))
    steps += [Milestone(label=words.states[stage], when="", state="next") for stage in _STAGES]
    return Parcel(
        title="",
        status=words.being_prepared,
        trouble=False,
        arrived=False,
        note=words.we_write,
        carrier="",
        number="",
        track_url="",
        items=(),
        milestones=tuple(steps),
    )


def _status(parcel: Shipment, words: Any) -> str:
    said: str = words.states.get(parcel.status, words.being_prepared)
    if parcel.status == "in_transit" and _late(parcel):
        said = words.on_its_way_late
    if parcel.status == "pre_transit":
        said = words.packed_waiting
    return said


def _late(parcel: Shipment) -> bool:
    return parcel.substatus == "delayed" and parcel.status not in _OVER


def _note(parcel: Shipment, local: Local) -> str:
    """The one sentence that matters now: when it came, when it comes, or what is wrong."""
    words, said = local.words, ""
    if parcel.status == "delivered":
        said = words.delivered(local.when(parcel.delivered.utc)) if parcel.delivered else ""
    elif parcel.status == "returned_to_sender":
        said = words.comes_back
    elif parcel.status == "available_for_pickup":
        said = words.waits_for_you
    elif parcel.status == "attempt_failed":
        said = words.tried
    elif parcel.silent or parcel.status == "expired":
        said = words.no_report
    elif parcel.expected is not None:
        late = local.passed(parcel.expected.utc)
        said = (words.was_expected if late else words.it_is_expected)(local.when(parcel.expected.utc))
    return said


def _milestones(parcel: Shipment, placed: datetime | None, local: Local) -> list[Milestone]:
    passed = _passed(parcel)[-_MOST:]
    made, words = _ordered(placed, local), local.words
    seen: set[str] = set()
    for status, at in passed:
        label = words.states[status]
        if status in seen:
            label = words.again.get(status, label)
        seen.add(status)
        made.append(Milestone(label=label, when=local.time(at) if at else "", state="done"))
    if not passed:
        made.append(Milestone(label=words.being_prepared, when="", state="now"))
    elif parcel.status != "delivered":
        state = "trouble" if parcel.status in _TROUBLE else "now"
        made[-1] = Milestone(label=made[-1].label, when=made[-1].when, state=state)
    return made + _next(parcel, seen, local)


def _ordered(placed: datetime | None, local: Local) -> list[Milestone]:
    """Where every way begins."""
    if placed is None:
        return []
    return [Milestone(label=local.words.ordered, when=local.time(placed), state="done")]


def _passed(parcel: Shipment) -> list[tuple[str, datetime | None]]:
    """(status, since) oldest first: each stretch once, nothing after delivery, the present one last."""
    made: list[tuple[str, datetime | None]] = []
    for scan in reversed(parcel.checkpoints):
        if scan.status in TOLD and (not made or made[-1][0] != scan.status):
            made.append((scan.status, scan.at.utc))
    if parcel.status == "delivered":
        arrived = next((n for n, (status, _) in enumerate(made) if status == "delivered"), len(made))
        told = parcel.delivered or parcel.status_at
        return [*made[:arrived], ("delivered", told.utc if told else None)]
    if parcel.status in TOLD and (not made or made[-1][0] != parcel.status):
        made.append((parcel.status, parcel.status_at.utc if parcel.status_at else None))
    return made


def _next(parcel: Shipment, seen: set[str], local: Local) -> list[Milestone]:
    if parcel.status in _OVER:
        return []
    if parcel.status == "available_for_pickup":
        return [Milestone(label=local.words.picked_up, when="", state="next")]
    reached = max((n for n, stage in enumerate(_STAGES) if stage in seen), default=-1)
    missed = parcel.status == "attempt_failed"  # the estimate was for the attempt that failed
    coming = parcel.expected.utc if parcel.expected and not missed else None
    when = local.words.expected(local.when(coming)) if coming is not None and not local.passed(coming) else ""
    return [
        Milestone(label=local.words.states[stage], when=when if stage == "delivered" else "", state="next")
        for stage in _STAGES[reached + 1 :]
    ]


def _items(parcel: Shipment, titles: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    return tuple((titles[ref], pieces) for ref, pieces in parcel.lines if titles.get(ref))


def _https(url: str) -> str:
    return href(url) if url.startswith("https://") else ""
