"""Telling a customer about parcels: each milestone once, never one that later news has overtaken, and first
when something goes wrong. A mixin for journeys; shared code, so changes that alter commands go behind
`self.patched`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from doorstep.domain.facts import ShipmentScanned
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.moments import local_date
from doorstep.domain.shipments import ShipmentStatus as Status
from doorstep.workflows.journey import Journey

_TOLD = Purpose.TRANSACTIONAL
_TEXT_FIRST: tuple[Channel, ...] = (Channel.SMS, Channel.EMAIL)
_EMAIL: tuple[Channel, ...] = (Channel.EMAIL,)

_MILESTONES: dict[Status, tuple[str, tuple[Channel, ...]]] = {
    Status.IN_TRANSIT: ("shipped", _EMAIL),
    Status.OUT_FOR_DELIVERY: ("out-for-delivery", _TEXT_FIRST),
    Status.ATTEMPT_FAILED: ("attempt-failed", _TEXT_FIRST),
    Status.AVAILABLE_FOR_PICKUP: ("available-for-pickup", _TEXT_FIRST),
    Status.DELIVERED: ("delivered", _EMAIL),
    Status.EXCEPTION: ("shipping-exception", _EMAIL),
    Status.RETURNED_TO_SENDER: ("returned-to-sender", _EMAIL),
}
_ONCE = (Status.IN_TRANSIT, Status.DELIVERED, Status.RETURNED_TO_SENDER)
"""Told once a parcel; the others once a day."""
_NEEDS_A_PERSON = (Status.EXCEPTION, Status.RETURNED_TO_SENDER, Status.EXPIRED)


class Parcels(Journey):
    """Arms: `parcel_updates` and `watch_for_silence`."""

    async def parcel_updates(self) -> None:
        """A message at each milestone of each parcel (C6), and at delays and exceptions (C7)."""
        told: list[str] = []
        async with self.arms() as arm:
            async for scan in self.events(ShipmentScanned):
                occurrence = self._parcel_occurrence(scan)
                if occurrence and occurrence not in told:
                    told.append(occurrence)
                    arm(self._tell(scan, occurrence))
                    if scan.status in _NEEDS_A_PERSON:
                        arm(self.ticket(f"parcel-{scan.status}", about=occurrence, priority="high"))

    def _parcel_occurrence(self, scan: ShipmentScanned) -> str:
        if scan.status not in _MILESTONES and scan.status is not Status.EXPIRED:
            return ""
        if scan.substatus == "delayed":
            return f"shipment:{scan.subject}:delayed:{local_date(scan.at, self.zone)}"
        if scan.status in _ONCE:
            return f"shipment:{scan.subject}:{scan.status}"
        return f"shipment:{scan.subject}:{scan.status}:{local_date(scan.at, self.zone)}"

    async def _tell(self, scan: ShipmentScanned, occurrence: str) -> None:
        if scan.substatus == "delayed":
            step, channels = "delayed", _EMAIL
        elif scan.status is Status.DELIVERED and self.order.partly_delivered:
            step, channels = "partly-delivered", _EMAIL
        elif scan.status in _MILESTONES:
            step, channels = _MILESTONES[scan.status]
        else:
            return
        await self.send(
            step,
            purpose=_TOLD,
            about=occurrence,
            at=scan.at,
            useful_for=timedelta(days=1),
            channels=channels,
            unless=self._overtaken(scan),
            priority=90,
        )

    def _overtaken(self, scan: ShipmentScanned) -> Callable[[], bool]:
        def overtaken_by_later_news() -> bool:
            parcel = self.order.shipments.get(scan.subject or scan.fact_key)
            if parcel is None:
                return False
            return (parcel.status, parcel.substatus == "delayed") != (
                scan.status,
                scan.substatus == "delayed",
            )

        return overtaken_by_later_news

    async def watch_for_silence(self) -> None:
        """No scan by when one was due: the customer hears it from us first (C7)."""
        told: list[tuple[str, datetime]] = []
        while True:
            due = self._next_silence(told)
            if due is None:
                found = self._once_an_order(lambda: self._next_silence(told) is not None)
                await self.wait_until(found, name="a parcel under way")
                continue
            ref, deadline = due
            moved = await self.wait_until(
                self._once_an_order(lambda: self._next_silence(told) != due),  # noqa: B023 - in this round only
                until=deadline,
                name="the next scan",
            )
            if moved:
                continue
            told.append(due)
            await self.send(
                "silence",
                purpose=_TOLD,
                about=f"shipment:{ref}:silence:{local_date(deadline, self.zone)}",
                at=deadline,
                unless=lambda: not self.order.silent(self.now),
                priority=90,
            )

    def _next_silence(self, told: list[tuple[str, datetime]]) -> tuple[str, datetime] | None:
        due = [
            (parcel.expect_next_by, parcel.ref)
            for parcel in self.order.active_shipments
            if parcel.expect_next_by is not None
            and (parcel.ref, parcel.expect_next_by) not in told
            and parcel.watched
        ]
        if not due:
            return None
        deadline, ref = min(due)
        return ref, deadline
