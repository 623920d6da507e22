"""The store package of these tests: a journey of a few seconds, one touch of each purpose and one with a cause."""

from __future__ import annotations

from datetime import timedelta

from doorstep import Journey, Purpose, ReviewSubmitted, RoutingFacts, journey, routing

CONFIRMED, CARED, THANKED = "order-confirmation", "care-guide", "review-thanks"
STEPS = (CONFIRMED, CARED, THANKED)


@journey("kills", version=1)
class Kills(Journey):
    """Confirmed at once, cared for a second later, thanked once a review is in."""

    async def run(self) -> str:
        await self.send(CONFIRMED, purpose=Purpose.TRANSACTIONAL)
        await self.send(CARED, at=self.placed_at + timedelta(seconds=1))
        await self.wait_for(ReviewSubmitted)
        await self.send(THANKED, purpose=Purpose.TRANSACTIONAL)
        return "told"


@routing
def kills(facts: RoutingFacts) -> str | None:
    """Only this package's own shop: the registry is one for the whole process."""
    return "kills" if facts.store_id == "kills-shop" else None
