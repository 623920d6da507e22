"""Small journeys for tests. In a module of their own: the sandbox imports it for every run."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from doorstep import Delivered, Event, Journey, OrderRefunded, Purpose, ReviewSubmitted, event, journey


@journey("waits", version=1)
class Waits(Journey):
    """Thirty days for a delivery that may never come."""

    async def run(self) -> str:
        await self.send("hello", purpose=Purpose.TRANSACTIONAL)
        delivered = await self.wait_for(Delivered, until=self.day(30))
        return "delivered" if delivered else "missing"

    async def after_exit(self, cause: str) -> None:
        refund = self.seen_event(OrderRefunded)
        if refund is not None:
            await self.send("refund-confirmation", purpose=Purpose.TRANSACTIONAL, about=refund)


@journey("waits", version=2)
class WaitsLonger(Waits):
    """Its successor, beside it: another first message, then the same story."""

    async def run(self) -> str:
        await self.send("welcome", purpose=Purpose.TRANSACTIONAL)
        return await super().run()


@journey("drip", version=1)
class Drip(Journey):
    """A touch a day."""

    async def run(self) -> str:
        for n in range(1, 7):
            await self.send(f"day-{n}", at=self.day(n), useful_for=timedelta(days=3), unless=ReviewSubmitted)
        return "dripped"


@journey("twice", version=1)
class Twice(Journey):
    """An author's mistake: one step, sent twice."""

    async def run(self) -> str:
        await self.send("hello", purpose=Purpose.TRANSACTIONAL)
        await self.send("hello", purpose=Purpose.TRANSACTIONAL)
        return "never"


@journey("arms", version=1)
class ArmsProbe(Journey):
    """Five arms, one of which fails when the order goes to the country "fail"."""

    async def run(self) -> str:
        ended: list[str] = []

        async def arm_number(n: int) -> None:
            try:
                if n == 3 and self.country == "fail":
                    await asyncio.sleep(30)
                    raise ValueError("arm failed")
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                ended.append(str(n))
                raise

        said: list[str] = []
        try:
            async with self.arms() as arm:
                for n in range(1, 6):
                    arm(arm_number(n))
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    said.append("cancelled block, ")
                    raise
        except ValueError as error:
            said.append(f"{error}, ")
        await asyncio.sleep(0)
        return "".join(said) + " ".join(ended)


@event("stage.bell_rung")
class BellRung(Event):
    """An event of a store's own."""

    months: int = 12


@journey("bell", version=1)
class Bell(Journey):
    """Waits for an event class that the sandbox makes anew for every run."""

    async def run(self) -> str:
        registered = await self.wait_for(BellRung, where=lambda e: e.months > 6)
        return str(registered.months) if registered else "never"
