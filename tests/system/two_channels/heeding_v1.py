"""Who reads is told more; an offer is for who did not follow a link."""

from __future__ import annotations

from doorstep.domain.facts import MessageClicked, MessageOpened
from doorstep.workflows.journey import Journey
from doorstep.workflows.registry import journey


@journey("heeding", version=1)
class Heeding(Journey):
    """A letter; to who opens it a second one a day later, to who does not another one in the end."""

    hears = (MessageOpened, MessageClicked)

    async def run(self) -> str:
        await self.send("education", at=self.day(1))
        opened = await self.wait_for(MessageOpened, until=self.day(4))
        if opened is None:
            await self.send("community", at=self.day(4))
            return "not read"
        await self.send("care-guide", at=self.after(opened, hours=24))
        await self.send("win-back-30", at=self.day(5), unless=MessageClicked)
        return f"read {opened.step} by {opened.channel}"
