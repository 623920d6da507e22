"""The reference scenario: nine touches and six events, at a pace of seconds instead of days. A store package
like any other; everything else (sandbox, gate, ledger, rendering, outbox, projections) is what production runs."""

from __future__ import annotations

from datetime import timedelta

from doorstep import (
    Delivered,
    Journey,
    Purpose,
    ReviewSubmitted,
    ShipmentScanned,
    ShipmentStatus,
    journey,
)

TOLD = Purpose.TRANSACTIONAL


@journey("reference", version=1)
class Reference(Journey):
    """Confirmation, three parcel messages and a thank-you caused by events; four more at moments of their own.
    Six events: created, in transit, out for delivery, delivered, insert scanned, reviewed. The `country` of
    the start input carries the pace: seconds between moments."""

    async def run(self) -> str:
        self._pace = timedelta(seconds=float(self.country))
        await self.send("order-confirmation", purpose=TOLD, prompted=True)
        async with self.arms() as arm:
            arm(self.parcel())
            await self.send("reassurance", at=self.now + self._pace)
            delivered = await self.wait_for(Delivered)
            assert delivered is not None
        await self.send("delivered", purpose=TOLD, about=delivered, at=self.now)
        for step in ("care-guide", "arrived-safely", "check-in"):
            await self.send(step, at=self.now + self._pace)
        review = await self.wait_for(ReviewSubmitted)
        assert review is not None
        context = {"reward": {"points": 50}, "review": {"rating": review.rating}}
        await self.send("review-thanks", about=review, at=self.now, context=context)
        return "done"

    async def parcel(self) -> None:
        steps = {
            ShipmentStatus.IN_TRANSIT: "shipped",
            ShipmentStatus.OUT_FOR_DELIVERY: "out-for-delivery",
        }
        async for scan in self.events(ShipmentScanned):
            if scan.status in steps:
                await self.send(steps[scan.status], purpose=TOLD, about=scan, at=self.now)
