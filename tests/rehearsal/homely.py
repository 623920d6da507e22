"""A journey that goes by the clock on the wall of the machine it runs on."""

from __future__ import annotations

from datetime import UTC, datetime

from doorstep import Journey, Purpose, journey


@journey("homely", version=1)
class Homely(Journey):
    """It tells the customer the time, in no zone that anybody named."""

    async def run(self) -> str:
        said = {"packed": self.now.astimezone().isoformat()}  # in the zone of this machine
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL, context=said)  # here
        return "completed"


@journey("worldly", version=1)
class Worldly(Journey):
    """It names the zone wherever the other one does not."""

    async def run(self) -> str:
        naive = self.now.replace(tzinfo=None)
        stamp = naive.replace(tzinfo=UTC).timestamp()
        said = {"packed": f"{self.now.astimezone(UTC)} {datetime.fromtimestamp(stamp, UTC)} {stamp}"}
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL, prompted=True, context=said)
        return "completed"
