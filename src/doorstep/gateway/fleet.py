"""Which workflow types a new order may get: those that every worker that runs can carry on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from doorstep.models import workers

ASKED_EVERY = timedelta(seconds=1)
"""How long an answer stands: so long a gateway may not have heard of a new worker."""


def wall_clock() -> datetime:
    """Workers live in real time, also where journeys do not."""
    return datetime.now(UTC)  # noqa: TID251 - the edge


class Fleet:
    """The workers of one task queue, asked for at most once a second."""

    def __init__(self, task_queue: str, clock: Callable[[], datetime] = wall_clock) -> None:
        self._task_queue, self._clock = task_queue, clock
        self._asked: datetime | None = None
        self._types: frozenset[str] | None = None

    def types(self, conn: Connection) -> frozenset[str] | None:
        """What they all have; None where no worker has ever run."""
        now = self._clock()
        if self._asked is None or not timedelta() <= now - self._asked < ASKED_EVERY:
            self._types = workers.common(workers.present(conn, self._task_queue, now))
            self._asked = now
        return self._types
