"""A journey that asks for hash(): no set is in it."""

from __future__ import annotations

from datetime import timedelta

from doorstep import Journey, Purpose, journey


@journey("hashing", version=1)
class Hashing(Journey):
    """It spreads its invitations over a day, and does it by what differs from process to process."""

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL, prompted=True)
        later = timedelta(seconds=hash("tea") % 50_000)
        await self.send("community", at=self.day(12) + later)  # here
        return "completed"
