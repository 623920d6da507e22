"""Mail for what is long, SMS for what is urgent."""

from __future__ import annotations

from doorstep.domain.facts import Delivered, Shipped
from doorstep.domain.messages import Channel, Purpose
from doorstep.workflows.journey import Journey
from doorstep.workflows.registry import journey

URGENT = (Channel.SMS,)


@journey("texting", version=1)
class Texting(Journey):
    """A confirmation by mail, the parcel by SMS, and the care guide by mail."""

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL, prompted=True)
        await self.wait_for(Shipped)
        await self.send("shipped", purpose=Purpose.TRANSACTIONAL, channels=URGENT, prompted=True)
        delivered = await self.wait_for(Delivered)
        await self.send("delivered", purpose=Purpose.TRANSACTIONAL, channels=URGENT, prompted=True)
        if delivered is not None:
            await self.send("care-guide", at=self.after(delivered, days=2))
        return "told"
