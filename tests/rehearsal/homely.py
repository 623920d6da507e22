"""A journey that goes by the clock on the wall of the machine it runs on."""

from __future__ import annotations

from doorstep import Journey, Purpose, journey


@journey("homely", version=1)
class Homely(Journey):
    """It tells the customer the time, in no zone that anybody named."""

    async def run(self) -> str:
        said = {"packed": self.now.astimezone().isoformat()}  # in the zone of this machine
        await self.send(
            "order-confirmation", purpose=Purpose.TRANSACTIONAL, prompted=True, context=said
        )  # here
        return "completed"
