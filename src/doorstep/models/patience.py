"""Work that waits for its database: for processes that start, or go on, while it is away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from doorstep.models.trouble import passing

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0  # seconds; doubled from the one to the other

log = structlog.get_logger(__name__)


async def patiently[T](work: Callable[[], T], stop: asyncio.Event) -> T | None:
    """Runs `work` (which may run again) in a thread until it does not fail for a database that is away or busy; None
    when `stop` is set before. Says each time what it waits for. Raises what else `work` raises."""
    wait = FIRST_WAIT
    while not stop.is_set():
        try:
            return await asyncio.to_thread(work)
        except Exception as error:
            if not passing(error):
                raise
            # a wrong name or password looks the same: the server's own words, which quote no rows, tell them apart
            told = (str(getattr(error, "orig", None) or error).strip() or type(error).__name__).splitlines()
            log.warning("the database cannot be reached yet", error=told[-1][:200], next_try_in_seconds=wait)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)
        wait = min(wait * 2, LONGEST_WAIT)
    return None
