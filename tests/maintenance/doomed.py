"""A worker's part in maintenance that dies in the middle: `python -m maintenance.doomed JOB N` kills itself (SIGKILL)
before the Nth commit of that job, which the schedule starts at once. Everything else of it is production's."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any

from doorstep.activities.ports import build_ports
from doorstep.gateway import connect
from doorstep.maintenance import archiving, jobs
from doorstep.maintenance.running import maintaining
from doorstep.models.base import Database
from doorstep.settings import load_settings
from doorstep.workflows import registry
from doorstep.workflows.maintenance import Job, Round

SMALL = 4
"""Rows of a part, so that a few make several."""
_doing: ContextVar[Job | None] = ContextVar("doing", default=None)


def doom(job: Job, commits: int) -> None:
    """Death before that job's commit of that number."""
    numbers, writing, done = count(1), Database.writing, jobs.Jobs._done

    @contextmanager
    def dying(self: Database) -> Iterator[Any]:
        with writing(self) as connection:
            yield connection
            if _doing.get() is job and next(numbers) == commits:
                os.kill(os.getpid(), signal.SIGKILL)

    async def noted(self: jobs.Jobs, round: Round) -> Any:
        _doing.set(round.job)
        return await done(self, round)

    Database.writing, jobs.Jobs._done = dying, noted  # type: ignore[method-assign]
    jobs.PART = archiving.BATCH = SMALL


async def main(job: Job, commits: int) -> None:
    settings = load_settings()
    registry.load()
    doom(job, commits)
    database = Database.of(settings, pool_size=4)
    async with maintaining(await connect(settings), settings, database, build_ports(settings, database)):
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(Job(sys.argv[1]), int(sys.argv[2])))
