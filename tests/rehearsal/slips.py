"""Journeys with a slip each, in the line that says so."""

from __future__ import annotations

from enum import Enum
from typing import Any

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
