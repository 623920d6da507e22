"""A journey that says and gives several things at once. In a module of its own: a worker of another test imports
what is registered."""

from __future__ import annotations

from doorstep import Journey, Purpose, journey

TOLD = Purpose.TRANSACTIONAL


@journey("as-it-came", version=1)
class Warm(Journey):
    """Two messages of one instant, not in the order of the alphabet, and points for the first."""

    async def run(self) -> str:
        await self.send("warranty", template="order-confirmation", purpose=TOLD, prompted=True)
        await self.reward(40, reason="warranty")
        await self.send("care", template="order-confirmation", purpose=TOLD, prompted=True)
        await self.ticket("look-after")
        await self.send("after-care", template="order-confirmation", purpose=TOLD, at=self.day(5))
        return "completed"
