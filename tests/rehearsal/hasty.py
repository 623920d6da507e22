"""A journey that ends more than itself."""

from __future__ import annotations

from doorstep import Journey, Purpose, journey


@journey("hasty", version=1)
class Hasty(Journey):
    """It quits after its first message."""

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL)
        raise SystemExit(0)  # here
