"""A workflow with arguments and answers that can be misread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow


@dataclass
class Dough:
    """What is baked."""

    name: str
    pieces: int


@workflow.defn
class Baking:
    """Asks the oven how many came out."""

    @workflow.run
    async def run(self, dough: Dough, when: datetime) -> int:  # here
        came: Dough = await workflow.execute_activity(
            "bake", dough, result_type=Dough, start_to_close_timeout=timedelta(hours=1)
        )
        return came.pieces
