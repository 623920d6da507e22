"""The standard journey with one fault each that needs three or four events in combination, as one makes them without
noticing: a flag that a second event clears, an answer taken for another question, an order of events not thought of."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.rehearsal import faulty
from tests.rehearsal.faulty import SOON, TOLD

from doorstep import (
    CartUpdated,
    ComplaintOpened,
    ComplaintResolved,
    ConsentGranted,
    ConsentWithdrawn,
    ContentShared,
    Delivered,
    OrderedAgain,
    SubscriptionStarted,
    journey,
)
from doorstep.workflows.standard_v1 import Standard


@journey("faulty-flag", version=1)
class ForgetsWhoIsUpset(Standard):
    """One flag for all complaints: when one of two is settled, and a subscription follows within the half hour, that is
    rewarded while the other is open."""

    upset = False
    settled: datetime | None = None

    async def run(self) -> str:
        return await super().run()

    async def reviews(self) -> None:
        async with self.arms(join=True) as arm:
            arm(super().reviews())
            arm(self.moods())
            arm(self.welcome())

    async def moods(self) -> None:
        async for said in self.events(ComplaintOpened, ComplaintResolved):
            self.upset = isinstance(said, ComplaintOpened)
            self.settled = None if self.upset else said.at

    async def welcome(self) -> None:
        started = await self.wait_for(SubscriptionStarted)
        if started is None or self.upset or self.settled is None:
            return
        if timedelta() <= started.at - self.settled < SOON:
            await self.send(
                "subscribed", template="surprise", purpose=TOLD, at=started.at, prompted=True,
                context={"reward": {"points": 25}},
            )  # fmt: skip


@journey("faulty-yes", version=1)
class TakesAnyYes(Standard):
    """Who said no and then yes is welcomed back to the cart, whichever channel either word was about."""

    async def run(self) -> str:
        return await super().run()

    async def replenishment(self) -> None:
        async with self.arms(join=True) as arm:
            arm(super().replenishment())
            arm(self.back())

    async def back(self) -> None:
        if await self.wait_for(ConsentWithdrawn) is None:
            return
        word = await self.wait_for(ConsentGranted)
        if word is not None and self.seen(CartUpdated):
            await self.send(
                "welcome-back", template="surprise", purpose=TOLD, at=word.at, prompted=True,
                context={"reward": {"points": 25}},
            )  # fmt: skip


@journey("faulty-order", version=1)
class OrderedTooSoon(Standard):
    """Who subscribes and then orders again, both before the first parcel is there, is waited for without end."""

    async def run(self) -> str:
        return await super().run()

    async def course(self) -> str:
        outcome = await super().course()
        subscribed, again = self.heard(SubscriptionStarted), self.heard(OrderedAgain)
        delivered = self.heard(Delivered)
        if subscribed and again and delivered and subscribed[0].at < again[0].at < delivered[0].at:
            await self.wait_for(ContentShared, where=lambda shared: shared.at < self.placed_at)
        return outcome


@journey("faulty-window", version=1)
class LooksAWhile(Standard):
    """A cart filled more than a week after the parcel came, a subscription within the hour, a complaint within two
    days: what was put into it last is looked for one place too far."""

    async def run(self) -> str:
        return await super().run()

    async def after_delivery(self, delivered: Delivered) -> None:
        async with self.arms(join=True) as arm:
            arm(super().after_delivery(delivered))
            arm(self.looked(delivered))

    async def looked(self, delivered: Delivered) -> None:
        cart = await self.wait_for(CartUpdated, where=lambda c: c.at > self.after(delivered, days=7))
        assert cart is not None
        started = await self.wait_for(SubscriptionStarted, until=self.after(cart, hours=1))
        if started is not None and started.at > cart.at:
            upset = await self.wait_for(ComplaintOpened, until=self.after(cart, days=2))
            if upset is not None and upset.at > cart.at:
                self.phase(f"upset by {cart.products[len(cart.products)]}")


@journey("faulty-all", version=1)
class AllTen(
    faulty.WinsBackAfterRefund,
    faulty.RewardsTooSoon,
    faulty.DeliveredByTheMinute,
    faulty.WaitsForAPhoto,
    faulty.ReadsTheFirstLine,
    faulty.ThanksForAPhoto,
    ForgetsWhoIsUpset,
    TakesAnyYes,
    OrderedTooSoon,
    LooksAWhile,
):
    """All of them at once: what plays a thousand stories on this plays them on each."""

    async def run(self) -> str:
        return await super().run()
