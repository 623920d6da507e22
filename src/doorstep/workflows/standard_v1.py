"""The standard journey, version 1: ninety days after an order (capabilities C1–C20). Published and frozen:
changes make a `standard_v2.py`."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

from doorstep.domain.facts import (
    CartUpdated,
    Delivered,
    OrderedAgain,
    OrderPlaced,
    OrderRefunded,
    ProductBrowsed,
    ReturnReceived,
    ReturnRequested,
    ReviewSubmitted,
    SubscriptionStarted,
)
from doorstep.domain.messages import Purpose
from doorstep.loyalty import points_for
from doorstep.workflows.parcels import Parcels
from doorstep.workflows.registry import journey

TOLD = Purpose.TRANSACTIONAL
REFUND_COMES_WITHIN = timedelta(days=14)
"""How long after a cancellation or a full return the journey stays to confirm the refund."""


@journey("standard", version=1)
class Standard(Parcels):
    """From the confirmation to the close on day 90."""

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=TOLD, prompted=True, priority=100)
        await self.reward(self.order_points, "order", pending=timedelta(days=30))
        async with self.arms() as service:
            service(self.parcel_updates())
            service(self.watch_for_silence())
            service(self.returns())
            service(self.partial_refunds())
            service(self.reviews())
            return await self.course()

    async def course(self) -> str:
        """The main line, beside which the service arms run."""
        self.phase("on its way")
        async with self.arms() as arm:
            arm(self.before_delivery())
            delivered = await self.wait_for(Delivered, until=self.day(30))
        if delivered is None:
            self.phase("missing")
            await self.ticket("never-arrived", priority="high")
            await self.send("never-arrived", at=self.day(30), purpose=TOLD)
            delivered = await self.wait_for(Delivered, until=self.day(90))
            if delivered is None:
                return "never_arrived"
        self.phase("delivered")
        async with self.arms() as arm:
            arm(self.after_delivery(delivered))
            async with self.arms() as selling:
                selling(self.promotions(delivered))
                again = await self.wait_for(OrderedAgain, until=self.day(90))
            if again is not None and again.at <= self.day(60):
                self.phase("loyal")
                await self.send("vip-welcome", at=self.after(again, days=1), about=again, priority=65)
            await self.sleep_until(self.day(90), "the close")
        return "repurchased" if again is not None else "completed"

    @property
    def order_points(self) -> int:
        """One point for each whole unit of currency."""
        placed = self.seen_event(OrderPlaced)
        return 0 if placed is None else points_for(placed.total_minor, placed.currency)

    # --- until it is there ----------------------------------------------------------------------------

    async def before_delivery(self) -> None:
        await self.send("reassurance", at=self.day(1), unless=lambda: not self.first_order)
        await self.send("education", at=self.day(2))
        await self.send("community", at=self.day(4), priority=40)
        await self.send("anticipation", at=self.day(6), unless=lambda: not self.order.shipped)

    # --- once it is there -----------------------------------------------------------------------------

    async def after_delivery(self, delivered: Delivered) -> None:
        items = tuple(line.ref for line in self.lines)
        await self.send("care-guide", at=self.after(delivered, days=1), items=items, priority=60)
        await self.send("arrived-safely", at=self.after(delivered, days=2), purpose=TOLD, items=items)
        await self.send("check-in", at=self.after(delivered, days=4), items=items)
        await self.send(
            "review-request",
            at=self.after(delivered, days=6),
            useful_for=timedelta(days=7),
            unless=ReviewSubmitted,
            items=items,
            priority=70,
        )

    async def reviews(self) -> None:
        review = await self.wait_for(ReviewSubmitted)
        if review is None:
            return
        if review.rating >= 4:
            points = await self.reward(50, "review", about=review)
            await self.send(
                "review-thanks",
                at=self.after(review, days=2),
                about=review,
                context={"reward": {"points": points}, "review": {"rating": review.rating}},
                priority=65,
            )
        elif review.rating <= 2:
            await self.ticket("bad-review", about=review, priority="high")
            await self.send(
                "review-sorry",
                purpose=TOLD,
                about=review,
                context={"review": {"rating": review.rating}},
                prompted=True,
            )

    # --- what else might fit --------------------------------------------------------------------------

    async def promotions(self, delivered: Delivered) -> None:
        """Cross-sell, win-back, replenishment, browse reminders: all end with the next order."""
        async with self.arms() as arm:
            arm(self.cross_sell(delivered))
            arm(self.win_back())
            arm(self.replenishment())
            arm(self.browse_reminder())
            arm(self.surprise())
            await self.wait_for(OrderedAgain)

    async def cross_sell(self, delivered: Delivered) -> None:
        for days in (7, 14, 21):
            moment = self.after(delivered, days=days)
            await self.sleep_until(moment, f"cross-sell-{days}")
            offered = await self.recommendations()
            context = {"offer": {"code": "TREAT10", "percent": 10}} if days == 21 else {}
            await self.send(
                f"cross-sell-{days}",
                at=moment,
                unless=lambda: not offered,  # noqa: B023 - asked before the next round
                offered=offered,
                context=context,
                priority=45,
            )

    async def win_back(self) -> None:
        await self.send("win-back-30", at=self.day(30), context={"offer": {"code": "BACK10", "percent": 10}})
        await self.send("win-back-45", at=self.day(45))
        await self.send("win-back-60", at=self.day(60))

    async def replenishment(self) -> None:
        for run_out in await self.run_outs():
            if run_out.at > self.day(90):
                return
            await self.send(
                "replenishment",
                at=self.after(run_out.at - timedelta(days=6), days=1),
                about=f"product:{run_out.product_ref}",
                unless=SubscriptionStarted,
                items=(run_out.product_ref,),
                priority=60,
            )

    async def browse_reminder(self) -> None:
        looked = await self.wait_for(ProductBrowsed, CartUpdated)
        if looked is None:
            return
        offered = looked.products if isinstance(looked, CartUpdated) else (looked.subject or "",)
        await self.send(
            "browse-reminder",
            at=self.after(looked, days=1),
            offered=tuple(p for p in offered if p),
            context={"offer": {"code": "STILL5", "percent": 5}},
            priority=55,
        )

    async def surprise(self) -> None:
        """One in ten, once: a bounded budget."""
        lucky = self.variant("surprise", "yes", *["no"] * 9) == "yes"
        if lucky:
            await self.send("surprise", at=self.day(40), context={"reward": {"points": 25}})

    # --- when things come back ------------------------------------------------------------------------

    async def returns(self) -> None:
        async with self.arms() as arm:
            async for event in self.events(ReturnRequested, ReturnReceived):
                step = "return-requested" if isinstance(event, ReturnRequested) else "return-received"
                arm(self.send(step, purpose=TOLD, about=event, prompted=True))

    async def partial_refunds(self) -> None:
        async for refund in self.events(OrderRefunded):
            if self.order.gone:
                return  # the exit tells it
            points = points_for(refund.amount_minor, refund.currency)
            await self.take_back(min(points, self.order_points), "order", about=refund)
            await self.confirm(refund, "partial-refund")

    async def confirm(self, refund: OrderRefunded, step: str) -> None:
        context = {
            "refund": {
                "amount_minor": refund.amount_minor,
                "currency": refund.currency,
                "lines": list(refund.lines),
            }
        }
        told = await self.send(step, purpose=TOLD, about=refund, context=context, prompted=True)
        if told.sent:
            self.confirmed.append(refund.fact_key)

    @cached_property
    def confirmed(self) -> list[str]:
        """Facts of the refunds the customer has been told of."""
        return []

    async def after_exit(self, cause: str) -> None:
        if cause not in ("order_cancelled", "nothing_kept"):
            return
        await self.take_back(self.order_points, "order")
        if cause == "order_cancelled":
            await self.send("order-cancelled", purpose=TOLD, at=self.order.cancelled_at, prompted=True)
        untold = self.untold()
        received = self.heard(ReturnReceived)
        if received and not untold:
            await self.send(
                "return-complete", template="return-received", purpose=TOLD, about=received[-1], prompted=True
            )
        if not untold:
            until = self.now + REFUND_COMES_WITHIN
            await self.wait_for(OrderRefunded, where=lambda r: r.fact_key not in self.confirmed, until=until)
            untold = self.untold()
        for refund in untold:
            await self.confirm(refund, "refund-confirmation")

    def untold(self) -> list[OrderRefunded]:
        """Refunds heard of that the customer was not told of, oldest first."""
        heard = [e for e in self.heard(OrderRefunded) if e.fact_key not in self.confirmed]
        return sorted(heard, key=lambda e: (e.at, e.fact_key))
