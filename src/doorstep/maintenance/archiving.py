"""Keeping the histories of closed journeys before Temporal forgets them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import datetime, timedelta

from temporalio.client import Client, WorkflowHistory

from doorstep.errors import NotFound
from doorstep.gateway.archive import FORMAT, LOST, has_ended, packed
from doorstep.gateway.rpc import bounded
from doorstep.models.archive import Unarchived, keep_history, unarchived
from doorstep.models.base import Database
from doorstep.workflows.maintenance import Done

BATCH = 50
AT_ONCE = 8
CALL_SECONDS = 20.0
SETTLED = timedelta(minutes=5)
"""After its closing projection a workflow still completes; younger ones are left to the next run."""
FORGOTTEN = timedelta(days=120)
"""A journey closed longer ago than this, of which Temporal knows nothing, will not come back. Before that it may be
that Temporal is another one than ours: then nothing is written off."""


async def archive_some(client: Client, database: Database, now: datetime, after: str, seconds: float) -> Done:
    """Archives for about that many seconds, from `after` on. Two side by side keep each history once."""
    counts: Counter[str] = Counter()
    ends = time.monotonic() + seconds
    at = _read(after)
    while time.monotonic() < ends:
        waiting = await asyncio.to_thread(_waiting, database, now - SETTLED, at)
        if not waiting:
            return Done(counts=counts)
        found = await _fetched(client, waiting)
        counts.update(await asyncio.to_thread(_keep, database, waiting, found, now))
        at = (waiting[-1].closed_at, waiting[-1].journey_id)
        if len(waiting) < BATCH:
            return Done(counts=counts)
    return Done(counts=counts, after=_written(at))


def _waiting(database: Database, before: datetime, at: tuple[datetime, str] | None) -> list[Unarchived]:
    with database.reading() as connection:
        return unarchived(connection, before, at, BATCH)


async def _fetched(client: Client, waiting: list[Unarchived]) -> dict[str, WorkflowHistory | None]:
    """The histories; None for those that Temporal does not know. Raises `Unavailable` when it is away."""
    at_most = asyncio.Semaphore(AT_ONCE)

    async def one(journey: str) -> tuple[str, WorkflowHistory | None]:
        async with at_most:
            try:
                asked = client.get_workflow_handle(journey).fetch_history()
                return journey, await bounded(asked, CALL_SECONDS)
            except NotFound:
                return journey, None

    return dict(await asyncio.gather(*(one(w.journey_id) for w in waiting)))


def _keep(
    database: Database,
    waiting: list[Unarchived],
    found: dict[str, WorkflowHistory | None],
    now: datetime,
) -> Counter[str]:
    counts: Counter[str] = Counter()
    rows = []
    for journey in waiting:
        history = found[journey.journey_id]
        if history is None and journey.closed_at > now - FORGOTTEN:
            counts["missing"] += 1
        elif history is not None and not has_ended(history):
            counts["running"] += 1
        else:
            counts["lost" if history is None else "archived"] += 1
            rows.append(_row(journey, history, now))
    if rows:
        with database.writing() as connection:
            new = sum(keep_history(connection, row) for row in rows)
        counts["archived"] -= len(rows) - new  # another round was here
    return +counts


def _row(journey: Unarchived, history: WorkflowHistory | None, now: datetime) -> dict[str, object]:
    return {
        "journey_id": journey.journey_id,
        "run_id": "" if history is None else history.run_id,
        "type": journey.type,
        "format": LOST if history is None else FORMAT,
        "events": 0 if history is None else len(history.events),
        "body": b"" if history is None else packed(history),
        "archived_at": now,
    }


def _written(at: tuple[datetime, str] | None) -> str:
    return "" if at is None else f"{at[0].isoformat()} {at[1]}"


def _read(after: str) -> tuple[datetime, str] | None:
    if not after:
        return None
    closed_at, _, journey = after.partition(" ")
    return datetime.fromisoformat(closed_at), journey
