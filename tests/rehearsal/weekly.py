"""A journey with a step that goes each week."""

from __future__ import annotations

from datetime import timedelta

from doorstep import Journey, journey
from doorstep.domain.messages import Purpose

TOLD = Purpose.TRANSACTIONAL


@journey("named-weeks", version=1)
class Weeks(Journey):
    """A step about nothing in particular, then one that goes each week."""

    async def run(self) -> str:
        await self.send("order-confirmation", at=self.day(1), purpose=TOLD)
        for week in (1, 2):
            about = f"week:{week}"
            at = self.day(2) + timedelta(days=week)
            await self.send("care-guide", at=at, about=about, purpose=TOLD)
        return "completed"
