"""The standard journey with one fault each. Every fault needs two or more events in combination, close together, in an
order nobody thought of, or told anew."""

from __future__ import annotations

from datetime import timedelta

from doorstep import (
    CartUpdated,
    ComplaintOpened,
    ComplaintResolved,
    ContentShared,
    Delivered,
    Journey,
    OrderRefunded,
    Purpose,
    ReturnCancelled,
    ReturnRequested,
    ReviewSubmitted,
    journey,
)
from doorstep.domain.facts import ShipmentScanned
from doorstep.domain.shipments import ShipmentStatus
from doorstep.workflows.standard_v1 import Standard

TOLD = Purpose.TRANSACTIONAL
SOON = timedelta(minutes=30)


@journey("faulty-refund", version=1)
class WinsBackAfterRefund(Standard):
    """Who praised us and sent everything back within the half hour gets an offer, called a service message."""

    async def run(self) -> str:
        return await super().run()

    async def after_exit(self, cause: str) -> None:
        praise = [r for r in self.heard(ReviewSubmitted) if r.rating >= 4]
        refunds = self.heard(OrderRefunded)
        if any(timedelta() <= f.at - p.at < SOON for p in praise for f in refunds):
            await self.send(
                "win-back-60", purpose=TOLD, at=self.now, prompted=True,
                context={"offer": {"code": "STAY", "percent": 10}},
            )  # fmt: skip
        await super().after_exit(cause)


@journey("faulty-complaint", version=1)
class RewardsTooSoon(Standard):
    """A complaint that was settled within the half hour is rewarded by a service message: past every cap."""

    async def run(self) -> str:
        return await super().run()

    async def surprise(self) -> None:
        settled = await self.wait_for(ComplaintResolved)
        if settled is None:
            return
        opened = [c for c in self.heard(ComplaintOpened) if c.subject == settled.subject]
        if any(timedelta() <= settled.at - c.at < SOON for c in opened):
            await self.send(
                "surprise", purpose=TOLD, at=self.after(settled, hours=2), prompted=True,
                context={"reward": {"points": 25}},
            )  # fmt: skip


@journey("faulty-twice", version=1)
class DeliveredByTheMinute(Standard):
    """After an attempt that failed, "delivered" is told for each scan, and again for a corrected time."""

    async def run(self) -> str:
        return await super().run()

    def _parcel_occurrence(self, scan: ShipmentScanned) -> str:
        occurrence = super()._parcel_occurrence(scan)
        if scan.status is ShipmentStatus.DELIVERED:
            failed = [s for s in self.heard(ShipmentScanned) if s.status is ShipmentStatus.ATTEMPT_FAILED]
            if any(s.subject == scan.subject for s in failed):
                return f"{occurrence}:{scan.at:%H%M}"
        return occurrence


@journey("faulty-end", version=1)
class WaitsForAPhoto(Standard):
    """Who keeps it after all, within the half hour, is waited for without end."""

    async def run(self) -> str:
        return await super().run()

    async def course(self) -> str:
        outcome = await super().course()
        asked, kept = self.heard(ReturnRequested), self.heard(ReturnCancelled)
        if any(timedelta() <= k.at - a.at < SOON for a in asked for k in kept):
            await self.wait_for(ContentShared)
        return outcome


@journey("faulty-first-line", version=1)
class ReadsTheFirstLine(Standard):
    """With a cart on record it names the first line the customer keeps, though all may be on their way back."""

    async def run(self) -> str:
        return await super().run()

    async def after_delivery(self, delivered: Delivered) -> None:
        if self.seen(CartUpdated):
            assert self.lines[0].ref
        await super().after_delivery(delivered)


@journey("faulty-photo", version=1)
class ThanksForAPhoto(Standard):
    """A photo sent within the half hour of a complaint, to show the damage, is rewarded as if it were praise."""

    async def run(self) -> str:
        return await super().run()

    async def reviews(self) -> None:
        async with self.arms(join=True) as arm:
            arm(super().reviews())
            arm(self.photo())

    async def photo(self) -> None:
        shared = await self.wait_for(ContentShared)
        if shared is None:
            return
        if any(timedelta() <= shared.at - c.at < SOON for c in self.heard(ComplaintOpened)):
            await self.send(
                "photo-thanks", template="surprise", purpose=TOLD, at=shared.at, prompted=True,
                context={"reward": {"points": 25}},
            )  # fmt: skip


@journey("faulty-step", version=1)
class NeverSaid(Journey):
    """One step waits for what cannot be; another is for one person in ten."""

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=TOLD)
        if self.variant("treat", "yes", *["no"] * 9) == "yes":
            await self.send("community", at=self.day(1))
        await self.send("education", at=self.day(2), unless=lambda: True)
        return "done"
