"""Random stories of the kind one writes tests for: everything that happens in life, at random times, each thing once,
heard at once, and in the order in which such things happen."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from doorstep.contracts import ActionKind, CatchUp
from doorstep.domain.messages import Channel
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

ALL = [["fern", 1], ["leaf-food", 1]]
DAY = 24 * 60


class Story:
    """Times are minutes after the order."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.entries = chance, list[Entry]()

    def told(self, minutes: float, event: str, **more: Any) -> float:
        self.entries.append(Told(at=self.at(minutes), event=event, **more))
        return minutes

    def at(self, minutes: float) -> Moment:
        return Moment(offset=timedelta(minutes=int(minutes)))

    def later(self, minutes: float, low: float, high: float) -> float:
        """A random time so many days after."""
        return minutes + self.chance.uniform(low, high) * DAY

    def likely(self, share: float) -> bool:
        return self.chance.random() < share


def story(chance: random.Random) -> Scenario:
    """One of them."""
    s = Story(chance)
    delivered = _parcel(s)
    _person(s)
    _around(s)
    if delivered is not None:
        _after(s, delivered)
    return Scenario(name="random", timeline=tuple(s.entries))


def _parcel(s: Story) -> float | None:
    if s.likely(0.05):
        cancelled = s.told(s.later(0, 0, 2), "order.cancelled")
        s.told(s.later(cancelled, 0, 5), "order.refunded", data={"lines": ALL, "amount_minor": 3480})
        return None
    at = s.told(s.later(0, 0.5, 2), "shipment.created")
    at = s.told(s.later(at, 0.2, 2), "shipment.in_transit")
    for trouble in ("exception", "attempt_failed"):
        if s.likely(0.15):
            at = s.told(s.later(at, 0.2, 3), f"shipment.{trouble}")
    if s.likely(0.15):
        at = s.told(s.later(at, 0.2, 2), "shipment.in_transit", data={"substatus": "delayed"})
    at = s.told(s.later(at, 0.2, 3), "shipment.out_for_delivery")
    return s.told(s.later(at, 0.05, 0.4), "shipment.delivered") if s.likely(0.95) else None


def _after(s: Story, delivered: float) -> None:
    for _ in range(s.chance.choice((0, 0, 1, 1, 2))):
        s.told(s.later(delivered, 0, 40), "review.submitted", data={"rating": s.chance.randint(1, 5)})
    if s.likely(0.25):
        asked = s.told(s.later(delivered, 0, 30), "return.requested", data={"lines": ALL})
        if s.likely(0.3):
            s.told(s.later(asked, 0, 10), "return.cancelled")
        else:
            back = s.told(s.later(asked, 2, 10), "return.received", data={"lines": ALL})
            s.told(s.later(back, 0, 5), "order.refunded", data={"lines": ALL, "amount_minor": 3480})
    elif s.likely(0.15):
        s.told(s.later(delivered, 0, 40), "order.refunded", data={"lines": ALL, "amount_minor": 3480})
    if s.likely(0.1):
        part = {"lines": ALL[:1], "amount_minor": 2490}
        s.told(s.later(delivered, 0, 40), "order.refunded", subject="part", data=part)
    for subject in ("one", "two"):
        if s.likely(0.2):
            opened = s.told(s.later(delivered, 0, 40), "complaint.opened", subject=subject)
            if s.likely(0.8):
                s.told(s.later(opened, 0, 6), "complaint.resolved", subject=subject)
    if s.likely(0.2):
        s.told(s.later(delivered, 0, 30), "content.shared")


def _person(s: Story) -> None:
    for event, more in (
        ("product.browsed", {"subject": "monstera"}),
        ("cart.updated", {"data": {"products": ["monstera"]}}),
        ("subscription.started", {"data": {"products": ["leaf-food"]}}),
    ):
        if s.likely(0.3):
            s.told(s.later(0, 0, 80), event, **more)
    if s.likely(0.1):
        no = s.told(s.later(0, 0, 60), "consent.withdrawn", data={"channel": "email"})
        if s.likely(0.4):
            s.told(s.later(no, 0, 30), "consent.granted", data={"channel": "email"})
    if s.likely(0.2):
        s.entries.append(Ordered(at=s.at(s.later(0, 5, 80)), order="second"))


def _around(s: Story) -> None:
    if s.likely(0.1):
        report = s.chance.choice((Report.BOUNCED, Report.SPAM))
        s.entries.append(Reported(at=s.at(s.later(0, 0, 80)), report=report, channel=Channel.EMAIL))
    if s.likely(0.1):
        fails = s.at(s.later(0, 0, 60))
        s.entries.append(Failing(at=fails, channel=Channel.EMAIL, fault=Fault.DOWN, lasts=timedelta(days=1)))
    if s.likely(0.1):
        paused = s.later(0, 0, 60)
        s.entries.append(Steered(at=s.at(paused), action=ActionKind.PAUSE))
        way = s.chance.choice(tuple(CatchUp))
        s.entries.append(Steered(at=s.at(s.later(paused, 0, 9)), action=ActionKind.RESUME, catch_up=way))
