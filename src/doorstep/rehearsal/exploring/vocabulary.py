"""What can happen in a story: every event there is, what customers and providers do, what agents do. Entries without
a time yet; `placed` gives them one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from doorstep.contracts import ActionKind, CatchUp
from doorstep.domain import events
from doorstep.domain.messages import Channel
from doorstep.domain.shipments import ShipmentStatus
from doorstep.rehearsal.exploring import steps
from doorstep.rehearsal.moments import Moment
from doorstep.rehearsal.scenario import (
    Entry,
    Failing,
    Fault,
    Ordered,
    Report,
    Reported,
    Scenario,
    Steered,
    Told,
)

WHENEVER = Moment()
_PARCEL = tuple(
    status
    for status in ShipmentStatus
    if status not in (ShipmentStatus.PENDING, ShipmentStatus.PRE_TRANSIT, ShipmentStatus.CANCELLED)
)
_SAMPLES: dict[Any, Any] = {int: 1, float: 1.0, bool: True, str: "word", "int": 1, "str": "word"}


def vocabulary(scenario: Scenario, journey: type[Any]) -> list[Entry]:
    """Everything that can happen to that scenario's first order, what the journey's code knows of three times: it is
    tried as much more often."""
    known = steps.words(journey)
    made: list[Entry] = []
    for entry in _events(scenario):
        made += [entry] * (3 if _class_of(entry) & known else 1)
    return [*made, *_faults(), *_agents()]


def heard(scenario: Scenario, journey: type[Any]) -> list[str]:
    """The types of the events that the journey's code knows of."""
    known = steps.words(journey)
    return list(dict.fromkeys(e.event for e in _events(scenario) if _class_of(e) & known))


def _events(scenario: Scenario) -> list[Told]:
    return [*_parcels(), *_order(scenario), *_person(scenario), *_own()]


def _class_of(entry: Told) -> set[str]:
    """The names of the event's class and of those that follow from it."""
    cls = events.event_class(entry.event).__name__
    delivered = {"Delivered", "OrderDelivered", "OrderShipped", "Shipped"}
    return {cls, *(delivered if cls == "ShipmentScanned" else ())}


def _parcels() -> list[Told]:
    made = [Told(at=WHENEVER, event=f"shipment.{status}") for status in _PARCEL]
    made.append(Told(at=WHENEVER, event="shipment.created"))
    made.append(Told(at=WHENEVER, event="shipment.in_transit", data={"substatus": "delayed"}))
    made.append(Told(at=WHENEVER, event="shipment.in_transit", data={"expect_next_by": "+4d"}))
    made += [Told(at=WHENEVER, event=f"shipment.{s}", parcel="other") for s in ("in_transit", "delivered")]
    return made


def _order(scenario: Scenario) -> list[Told]:
    pieces = [[goods.product, goods.quantity] for goods in scenario.bought.goods]
    price = {p.ref: p.price_minor for p in scenario.shop.catalogue}
    total = sum(price.get(goods.product, 0) * goods.quantity for goods in scenario.bought.goods)
    made = [Told(at=WHENEVER, event="order.cancelled")]
    made.append(
        Told(
            at=WHENEVER,
            event="order.refunded",
            subject="1",  # told again it is the same refund
            data={"lines": pieces, "amount_minor": total, "currency": scenario.shop.currency},
        )
    )
    made.append(
        Told(
            at=WHENEVER,
            event="order.refunded",
            subject="part",
            data={"lines": pieces[:1], "amount_minor": 500, "currency": scenario.shop.currency},
        )
    )
    made.append(
        Told(
            at=WHENEVER,
            event="order.refunded",
            subject="goodwill",
            data={"amount_minor": 500, "currency": scenario.shop.currency},
        )
    )
    for event in ("return.requested", "return.received"):
        made.append(Told(at=WHENEVER, event=event, data={"lines": pieces}))
        made.append(Told(at=WHENEVER, event=event, subject="part", data={"lines": pieces[:1]}))
    made += [Told(at=WHENEVER, event=e) for e in ("return.approved", "return.cancelled")]
    for subject in ("", "other"):
        made += [Told(at=WHENEVER, event=f"complaint.{e}", subject=subject) for e in ("opened", "resolved")]
    made += [Told(at=WHENEVER, event="review.submitted", data={"rating": n}) for n in (1, 3, 5)]
    made += [Told(at=WHENEVER, event=e) for e in ("insert.scanned", "content.shared")]
    made.append(Told(at=WHENEVER, event="survey.answered", data={"kind": "nps", "score": 3}))
    return made


def _person(scenario: Scenario) -> list[Told]:
    other = next((p.ref for p in scenario.shop.catalogue if p.ref not in _bought(scenario)), "")
    own = scenario.bought.goods[-1].product
    made = [
        Told(at=WHENEVER, event="product.browsed", subject=other),
        Told(at=WHENEVER, event="cart.updated", data={"products": [other]}),
        Told(at=WHENEVER, event="subscription.started", data={"products": [own]}),
        Told(at=WHENEVER, event="customer.zone_changed", data={"zone": "America/New_York"}),
        Told(at=WHENEVER, event="customer.erased"),
    ]
    for word in ("withdrawn", "granted"):
        made += [Told(at=WHENEVER, event=f"consent.{word}", data={"channel": c}) for c in ("email", "sms")]
    return made


def _bought(scenario: Scenario) -> set[str]:
    return {goods.product for goods in scenario.bought.goods}


def _own() -> list[Told]:
    """A store's own events, with a sample for what they must carry."""
    made = []
    for type_, cls in sorted(events._REGISTRY.items()):
        if cls.__module__.startswith("doorstep.domain") or type_.endswith("*"):
            continue
        needed = {f: _SAMPLES.get(cls.__annotations__.get(f), "word") for f in sorted(events._required(cls))}
        made.append(Told(at=WHENEVER, event=type_, data=needed))
    return made


def _faults() -> list[Entry]:
    made: list[Entry] = [Ordered(at=WHENEVER, order="again")]
    for report, channel in (
        (Report.BOUNCED, Channel.EMAIL), (Report.SPAM, Channel.EMAIL), (Report.STOPPED, Channel.SMS),
        (Report.BOUNCED, Channel.SMS), (Report.OPENED, Channel.EMAIL), (Report.CLICKED, Channel.EMAIL),
    ):  # fmt: skip
        made.append(Reported(at=WHENEVER, report=report, channel=channel))
    for channel in (Channel.EMAIL, Channel.SMS):
        made += [
            Failing(at=WHENEVER, channel=channel, fault=f, calls=1) for f in Fault if f is not Fault.DOWN
        ]
        made += [
            Failing(at=WHENEVER, channel=channel, fault=Fault.DOWN, lasts=timedelta(days=n)) for n in (1, 4)
        ]
    return made


def _agents() -> list[Entry]:
    made: list[Entry] = [Steered(at=WHENEVER, action=ActionKind.PAUSE)] * 2
    made += [Steered(at=WHENEVER, action=ActionKind.RESUME, catch_up=c) for c in CatchUp]
    made += [
        Steered(at=WHENEVER, action=a) for a in (ActionKind.CANCEL, ActionKind.SKIP, ActionKind.SEND_NOW)
    ]
    return made


def placed(entry: Entry, at: Moment, order: str = "") -> Entry:
    """The entry at a time. A moment within its data (`expect_next_by`) is as long after it."""
    changes: dict[str, Any] = {"at": at}
    if order and not isinstance(entry, Ordered | Failing):
        changes["order"] = order
    if isinstance(entry, Told) and "expect_next_by" in entry.data:
        later = (
            replace(at, day=at.day + 2)
            if at.day is not None
            else Moment(offset=at.offset + timedelta(days=2))
        )
        changes["data"] = {**entry.data, "expect_next_by": str(later)}
    return replace(entry, **changes)
