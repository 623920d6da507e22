"""Two journeys in one module that name the same steps, in other places."""

from __future__ import annotations

from doorstep.workflows.journey import Journey

BESIDE = ("beside",)


class First(Journey):
    async def run(self) -> str:
        await self.send("check-in", at=self.day(1))
        await self.send("elsewhere", at=self.day(1))
        return "done"


class Second(Journey):
    """A "check-in" is no line of code here."""

    async def run(self) -> str:
        if self.journey_name == "inherited":
            return "check-in"
        await self.send("inherited", at=self.day(1))
        await self.send("check-in", at=self.day(2))  # Second
        return "done"


class Third(Second):
    async def run(self) -> str:
        for step in BESIDE:
            await self.send(step, at=self.day(3))
        return await super().run()
