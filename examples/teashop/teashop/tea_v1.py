"""A month with a box of tea."""

from datetime import timedelta

from doorstep import Delivered, Journey, OrderedAgain, Purpose, ReviewSubmitted, journey


@journey("tea", version=1)
class Tea(Journey):
    """Confirmed, brewed, reviewed; and a word before the box is empty, unless they came back by themselves."""

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL, prompted=True)
        self.phase("steeping")
        delivered = await self.wait_for(Delivered, until=self.day(30))
        if delivered is None:
            await self.ticket("never-arrived", priority="high")
            return "never_arrived"
        self.phase("in the cup")
        await self.send("brew-guide", at=self.after(delivered, hours=3), useful_for=timedelta(days=5))
        await self.send("review-request", at=self.after(delivered, days=8), unless=ReviewSubmitted)
        await self.send("replenishment", at=self.after(delivered, days=21), unless=OrderedAgain)
        return "completed"
