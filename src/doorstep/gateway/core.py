"""The gateway: everything that is asked of Temporal, in the words of journeys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import structlog
from sqlalchemy import Connection
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client, WorkflowHistory

from doorstep.codec import open_within
from doorstep.contracts import ACT_UPDATE, STATE_QUERY, ActionResult, JourneyView
from doorstep.errors import DoorstepError, NotFound, Unavailable
from doorstep.gateway import queue
from doorstep.gateway.archive import unpacked
from doorstep.gateway.delivery import Deliverer
from doorstep.gateway.fleet import Fleet
from doorstep.gateway.marks import Delivered
from doorstep.gateway.rpc import bounded
from doorstep.ingest.writer import Writer
from doorstep.models.archive import kept_history
from doorstep.models.base import Database
from doorstep.settings import Settings
from doorstep.workflows import registry

log = structlog.get_logger(__name__)

CALLS_AT_ONCE = 8
STUCK = (
    "ExecutionStatus = 'Running' AND "
    "TemporalReportedProblems IN ('category=WorkflowTaskFailed', 'category=WorkflowTaskTimedOut')"
)
SWEEP_SECONDS = 2.0
SWEEP_BATCH = 64


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)  # noqa: TID251 - the edge: everything below takes the clock as an argument


class Gateway:
    """The only user of a Temporal client. Belongs to the event loop that made it.

    `writer`: the process's group commit, where there is one. `clock` answers aware UTC. Every method raises
    `Unavailable` when Temporal (or a worker, where one is needed) does not answer in time.
    """

    def __init__(
        self,
        client: Client,
        db: Database,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = utc_now,
        writer: Writer | None = None,
        calls_at_once: int = CALLS_AT_ONCE,
    ) -> None:
        """Loads the store packages, which route new orders. Raises `SetupError` for one that cannot be."""
        registry.load(settings.store_packages)
        self.client = client
        self._db, self._clock, self._writer = db, clock, writer
        self._deliverer = Deliverer(
            client=client,
            db=db,
            task_queue=settings.task_queue,
            settle=timedelta(seconds=settings.settle_seconds),
            clock=clock,
            write=self._write,
            at_most=asyncio.Semaphore(calls_at_once),
            fleet=Fleet(settings.task_queue),
        )

    # --- events to journeys -----------------------------------------------------------------------

    async def deliver(self, journeys: Iterable[str] | None = None, persons: Iterable[str] = ()) -> Delivered:
        """Delivers what waits for these journeys and persons; with neither, everything that is due now. At
        least once: journeys drop what they have heard."""
        if journeys is None and not persons:
            return await self.sweep()
        return await self._deliverer.deliver(journeys or (), persons)

    async def sweep(self, most: int = SWEEP_BATCH) -> Delivered:
        """Delivers what is due and was not delivered right after its commit, oldest attempts first, until nothing
        is due or Temporal is away. `most` journeys in one round."""
        total = Delivered()
        while True:
            due = await asyncio.to_thread(self._due, most)
            if not due.journeys and not due.persons:
                return total
            done = await self._deliverer.deliver(due.journeys, due.persons)
            total.delivered += done.delivered
            total.kept += done.kept
            total.failed += done.failed
            total.started += done.started
            total.unavailable = done.unavailable
            if done.unavailable or not (done.delivered or done.kept):
                return total

    async def sweep_forever(self, interval: float = SWEEP_SECONDS) -> None:
        """Sweeps every `interval` seconds until cancelled; survives whatever one sweep runs into."""
        while True:
            try:
                done = await self.sweep()
                if done.delivered or done.kept or done.failed:
                    log.info("swept", delivered=done.delivered, kept=done.kept, failed=done.failed)
            except Exception as error:  # noqa: BLE001 - tomorrow's events need tomorrow's sweep
                log.warning("sweep failed", error=type(error).__name__)
            await asyncio.sleep(interval)

    def _due(self, most: int) -> queue.Due:
        with self._db.reading() as conn:
            return queue.due(conn, self._clock(), most)

    async def _write(self, work: Callable[[Connection], Any]) -> Any:
        if self._writer is not None:
            return await self._writer.run(work)

        def write() -> Any:
            with self._db.writing() as conn:
                return work(conn)

        return await asyncio.to_thread(write)

    # --- one journey ------------------------------------------------------------------------------

    async def query_state(self, journey_id: str, timeout: float) -> JourneyView:
        """The workflow's own word on where it stands; needs a worker. `timeout` in seconds, kept. Raises
        `NotFound` for a journey that Temporal does not know (any more)."""
        handle = self.client.get_workflow_handle(journey_id)
        asked = handle.query(STATE_QUERY, result_type=JourneyView, rpc_timeout=timedelta(seconds=timeout))
        return cast(JourneyView, await bounded(asked, timeout))

    async def act(self, journey_id: str, action_id: str, timeout: float) -> ActionResult:
        """Lets the journey claim and carry out an action. `timeout` in seconds, kept: after `Unavailable` the
        update may still reach the journey later, which then finds its action withdrawn. Raises `NotFound` for a
        journey that is over, `Conflict` when the journey's code refused."""
        handle = self.client.get_workflow_handle(journey_id)
        asked = handle.execute_update(
            ACT_UPDATE,
            action_id,
            id=action_id,
            result_type=ActionResult,
            rpc_timeout=timedelta(seconds=timeout),
        )
        return cast(ActionResult, await bounded(asked, timeout))

    async def history(
        self, journey_id: str, timeout: float = 10.0, *, opened: bool = True
    ) -> WorkflowHistory:
        """The journey's whole history with its payloads opened, for rehearsal to rebuild; the kept one where Temporal
        has forgotten it or is away. Needs no worker. Not `opened`: sealed payloads stay so, for a file. Raises
        `NotFound`, `Unavailable`, and `CannotOpen` for a payload whose key is not here."""
        handle = self.client.get_workflow_handle(journey_id)
        try:
            found = await bounded(handle.fetch_history(), timeout)
        except (NotFound, Unavailable):
            kept = await asyncio.to_thread(self._kept, journey_id)
            if kept is None:
                raise
            found = kept
        codec = self.client.data_converter.payload_codec
        if opened and codec is not None:
            for event in found.events:
                await open_within(event, codec)
        return found

    def _kept(self, journey_id: str) -> WorkflowHistory | None:
        with self._db.reading() as connection:
            row = kept_history(connection, journey_id)
        return None if row is None else unpacked(row)

    async def reachable(self, timeout: float = 2.0) -> bool:
        """Whether the Temporal server answers now."""
        try:
            await bounded(self._system_info(timeout), timeout)
        except DoorstepError:
            return False
        return True

    async def stuck(self, timeout: float = 2.0) -> int:
        """How many running workflows fail their tasks again and again, by the mark that the server itself sets on
        them (search attribute `TemporalReportedProblems`, after two problems in a row where the server is ours, else
        five by default) and takes off. Needs no worker. `timeout` in seconds."""
        asked = self.client.count_workflows(STUCK, rpc_timeout=timedelta(seconds=timeout))
        return (await bounded(asked, timeout)).count

    async def _system_info(self, timeout: float) -> None:
        await self.client.workflow_service.get_system_info(
            GetSystemInfoRequest(), timeout=timedelta(seconds=timeout)
        )


async def sweep_forever(
    *, settings: Settings, database: Database, client: Client, interval: float = SWEEP_SECONDS
) -> None:
    """The worker's part: a gateway of its own that sweeps until cancelled."""
    await Gateway(client, database, settings).sweep_forever(interval)
