"""Journeys that draw lots: at once, and on a way which the first story does not take."""

from __future__ import annotations

import random

from doorstep import Journey, Purpose, ReturnRequested, journey


@journey("lots-at-once", version=1)
class AtOnce(Journey):
    """For everybody."""

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL)
        return "lucky" if random.random() < 0.5 else "not"


@journey("lots-later", version=1)
class WhenReturned(Journey):
    """Who wants to return something is written to, by chance or not."""

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL)
        if await self.wait_for(ReturnRequested, until=self.day(60)) is None:
            return "kept"
        await self.send("return-received", purpose=Purpose.TRANSACTIONAL)
        return "lucky" if random.random() < 0.5 else "not"
