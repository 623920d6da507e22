"""The same story by SMS."""

from __future__ import annotations

from datetime import timedelta

from tests.system.kills.story import CARED, CONFIRMED, THANKED

from doorstep import Channel, Journey, Purpose, ReviewSubmitted, RoutingFacts, journey, routing

SMS = (Channel.SMS,)


@journey("kills-sms", version=1)
class KillsSms(Journey):
    """Confirmed at once, cared for a second later, thanked once a review is in."""

    async def run(self) -> str:
        await self.tell(CONFIRMED)
        at = self.placed_at + timedelta(seconds=1)
        await self.send(CARED, template="review-request", at=at, channels=SMS)
        await self.wait_for(ReviewSubmitted)
        await self.tell(THANKED)
        return "told"

    async def tell(self, step: str) -> None:
        """In the words of a transactional text."""
        purpose = Purpose.TRANSACTIONAL
        await self.send(step, template="delivered", purpose=purpose, channels=SMS, prompted=True)


@routing
def kills(facts: RoutingFacts) -> str | None:
    """Only these tests' shop."""
    return "kills-sms" if facts.store_id == "kills-shop" else None
