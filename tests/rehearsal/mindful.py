"""Journeys that remember those before them, where the worker's sandbox lets none remember."""

from __future__ import annotations

from typing import ClassVar

from doorstep import Delivered, Journey, Purpose, journey

SEEN: list[str] = []
KNOWN: dict[str, str] = {}


@journey("mindful", version=1)
class Mindful(Journey):
    """Every second customer is invited."""

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL, prompted=True)
        SEEN.append("one")
        if len(SEEN) > 1:
            await self.send("community", at=self.day(12))  # here
        await self.send("care-guide", at=self.day(20))
        return "completed"


@journey("mindful-class", version=1)
class Counts(Journey):
    """Only the first ends as new."""

    begun: ClassVar[list[str]] = []

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL, prompted=True)
        await self.wait_for(Delivered, until=self.day(30))
        self.begun.append("one")
        return "new" if len(self.begun) == 1 else "known"  # here


@journey("mindful-cache", version=1)
class Caches(Journey):
    """It keeps what is the same for everybody."""

    async def run(self) -> str:
        template = KNOWN.setdefault("care", "care-guide")
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL, prompted=True)
        await self.send("care-guide", template=template, at=self.day(20))
        return "completed"
