"""A journey of which nobody knows how it goes."""

from __future__ import annotations

import random

from doorstep import Journey, Purpose, journey


@journey("chancy", version=1)
class Chancy(Journey):
    """It draws lots without the workflow's leave."""

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL)
        return "lucky" if random.random() < 0.5 else "not"  # here
