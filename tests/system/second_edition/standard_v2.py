"""The standard journey, version 2: one day, one message more."""

from __future__ import annotations

from doorstep.domain.messages import Purpose
from doorstep.workflows.journey import Journey
from doorstep.workflows.registry import journey


@journey("standard", version=2)
class ShortStandard(Journey):
    """A confirmation, a word on the next day, and the close."""

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL, prompted=True)
        await self.send("community", at=self.day(1))
        return "short"
