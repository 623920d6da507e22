"""Journeys with a slip each, in the line that says so."""

from __future__ import annotations

from enum import Enum
from typing import Any

from doorstep.contracts import JourneyStart
from doorstep.domain.messages import Purpose
from doorstep.workflows.journey import Journey
from doorstep.workflows.registry import journey


class Ending(Enum):
    HAPPY = "happy"


@journey("answers-a-number", version=1)
class AnswersANumber(Journey):
    async def run(self) -> Any:  # here
        await self.sleep_until(self.day(1))
        return 5


@journey("answers-an-object", version=1)
class AnswersAnObject(Journey):
    async def run(self) -> Any:  # here
        return object()


@journey("answers-what-ended", version=1)
class AnswersWhatEnded(Journey):
    """No slip: what a worker has always taken."""

    answer: Any = None

    async def run(self) -> Any:
        return self.answer


@journey("too-urgent", version=1)
class TooUrgent(Journey):
    async def run(self) -> str:
        await self.send("care-guide", at=self.day(1), priority=700)  # here
        return "completed"


@journey("urgent-by-word", version=1)
class UrgentByWord(Journey):
    async def run(self) -> str:
        urgent: Any = "high"
        await self.send("care-guide", at=self.day(1), priority=urgent)  # here
        return "completed"


@journey("waits-for-a-text", version=1)
class WaitsForAText(Journey):
    async def run(self) -> str:
        named: Any = "shipment.delivered"
        await self.wait_for(named, until=self.day(1))  # here
        return "completed"


@journey("follows-a-text", version=1)
class FollowsAText(Journey):
    async def run(self) -> str:
        named: Any = "Deliverd"
        async for _ in self.events(named):  # here
            return "completed"
        return "never"


@journey("looks-for-a-number", version=1)
class LooksForANumber(Journey):
    async def run(self) -> str:
        named: Any = 5
        return "seen" if self.seen(named) else "completed"  # here


@journey("misspells-a-template", version=1)
class MisspellsATemplate(Journey):
    async def run(self) -> str:
        await self.send("check-in", template="care-giude", purpose=Purpose.TRANSACTIONAL)  # here
        return "completed"


@journey("begins-unmarked", version=1)
class BeginsUnmarked(Journey):
    def __init__(self, start: JourneyStart) -> None:  # here
        super().__init__(start)

    async def run(self) -> str:
        return "completed"
