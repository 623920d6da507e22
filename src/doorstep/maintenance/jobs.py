"""The activity behind every maintenance job. A round works for at most `SECONDS` and says where the next goes on:
few activities, for each is paid for, and none so long that a dead worker's is missed for an hour."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection
from temporalio import activity
from temporalio.client import Client

from doorstep.activities.settling import BATCH as LEFTOVERS
from doorstep.activities.settling import settle_leftovers
from doorstep.failures import translated
from doorstep.gateway import Gateway
from doorstep.maintenance.archiving import archive_some
from doorstep.models.base import Database
from doorstep.models.purging import purge_events, purge_outbox, purge_webhooks
from doorstep.ports import Ports
from doorstep.settings import Settings
from doorstep.telemetry import metrics
from doorstep.workflows.maintenance import MAINTAIN, Done, Job, Round

log = structlog.get_logger(__name__)

SECONDS = 30.0
PART = 200
"""Rows of one purging transaction: it holds SQLite's only write lock for milliseconds."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Jobs:
    """Does the jobs. `clock` answers aware UTC."""

    client: Client
    settings: Settings
    database: Database
    ports: Ports
    clock: Callable[[], datetime] = utc_now
    seconds: float = SECONDS

    @activity.defn(name=MAINTAIN)
    async def maintain(self, round: Round) -> Done:
        """One round of a job. Safe to run twice, side by side, and to die in: what is done is committed part by
        part, and what is not is found again."""
        with translated():
            done = await self._done(round)
        for what, count in done.counts.items():
            metrics.maintenance(round.job.value, what, by=count)
        if any(done.counts.values()):
            log.info("maintained", job=round.job.value, **done.counts)
        return done

    async def _done(self, round: Round) -> Done:
        match round.job:
            case Job.SWEEP:
                return await self._sweep()
            case Job.RECONCILE:
                return await self._reconcile()
            case Job.ARCHIVE:
                return await archive_some(self.client, self.database, self.clock(), round.after, self.seconds)
            case Job.PURGE:
                return await asyncio.to_thread(self._purge)
            case Job.PROBE:
                return Done()

    async def _sweep(self) -> Done:
        gateway = Gateway(self.client, self.database, self.settings, clock=self.clock)
        swept = await gateway.sweep()
        return Done(counts=_those({"delivered": swept.delivered, "kept": swept.kept, "failed": swept.failed}))

    async def _reconcile(self) -> Done:
        settled, ends = 0, time.monotonic() + self.seconds
        while time.monotonic() < ends:
            closed = await settle_leftovers(self.ports, self.database, self.clock())
            settled += closed
            if closed < LEFTOVERS:
                break
        return Done(counts=_those({"settled": settled}))

    def _purge(self) -> Done:
        counts: Counter[str] = Counter()
        now, ends = self.clock(), time.monotonic() + self.seconds
        raw = timedelta(days=self.settings.keep_raw_days)
        # an erasure finds a person's webhooks by their events: these must not go first
        events = max(raw, timedelta(days=self.settings.keep_events_days))
        parts: tuple[tuple[str, Callable[[Connection, datetime, int], int], timedelta], ...] = (
            ("webhooks", purge_webhooks, raw),
            ("messages", purge_outbox, timedelta(days=self.settings.keep_outbox_days)),
            ("events", purge_events, events),
        )
        for what, purge, keep in parts:
            while True:
                with self.database.writing() as connection:
                    gone = purge(connection, now - keep, PART)
                counts[what] += gone
                if gone < PART:
                    break
                if time.monotonic() > ends:
                    return Done(counts=_those(counts), after="more")
        return Done(counts=_those(counts))


def _those(counts: dict[str, int] | Counter[str]) -> dict[str, int]:
    return {what: count for what, count in counts.items() if count}
