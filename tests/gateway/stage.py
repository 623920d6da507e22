"""A journey that only records what it hears, on the real server, and the gateway that tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from doorstep.contracts import (
    ACT_UPDATE,
    DELIVER_SIGNAL,
    STATE_QUERY,
    ActionResult,
    JourneyStart,
    JourneyView,
)
from doorstep.domain.events import Envelope
from doorstep.domain.ids import journey_id
from doorstep.gateway import Gateway
from doorstep.models import Database
from doorstep.settings import Settings
from ingest.telling import NOON, ref

LATER = NOON + timedelta(hours=1)


@workflow.defn(name="standard.v1")
class Recorder:
    """Hears events until `insert.scanned`, which ends it."""

    @workflow.init
    def __init__(self, start: JourneyStart) -> None:
        self.heard = [start.placed.id, *(e.id for e in start.events)]
        self.types = [start.placed.type, *(e.type for e in start.events)]
        self.signals = 0
        self.start = start

    @workflow.run
    async def run(self, start: JourneyStart) -> str:
        await workflow.wait_condition(lambda: "insert.scanned" in self.types)
        return "scanned"

    @workflow.signal(name=DELIVER_SIGNAL)
    def deliver(self, events: list[Envelope]) -> None:
        self.signals += 1
        self.heard += [e.id for e in events]
        self.types += [e.type for e in events]

    @workflow.update(name=ACT_UPDATE)
    async def act(self, action_id: str) -> ActionResult:
        return ActionResult(applied=True, detail=action_id)

    @workflow.query(name=STATE_QUERY)
    def state(self) -> JourneyView:
        return JourneyView(
            journey_id=self.start.journey_id, phase=",".join(self.types), paused=False, waits=(), steps={}
        )

    @workflow.query
    def told(self) -> tuple[list[str], int]:
        return self.types, self.signals


class Stage:
    """One test's gateway, database and clock. Order ids are its own: tests share the server."""

    def __init__(self, client: Client, database: Database, folder: Path) -> None:
        self.now = LATER
        self.client, self.database = client, database
        self.queue = f"q-{uuid4().hex[:8]}"
        self.prefix = uuid4().hex[:8]
        self.settings = Settings(data_dir=folder, task_queue=self.queue)
        self.gateway = Gateway(client, database, self.settings, clock=self.clock)

    def clock(self) -> datetime:
        return self.now

    def order(self, n: int = 1) -> str:
        """An external order id that no other test uses."""
        return f"{self.prefix}-{n}"

    def journey(self, n: int = 1) -> str:
        return journey_id(ref(self.order(n)))

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        runner = UnsandboxedWorkflowRunner()
        async with Worker(self.client, task_queue=self.queue, workflows=[Recorder], workflow_runner=runner):
            yield

    async def heard(self, n: int = 1) -> tuple[list[str], int]:
        """(types in the order heard, how many signals); needs a worker."""
        types, signals = await self.client.get_workflow_handle(self.journey(n)).query("told")
        return types, signals

    async def ended(self, n: int = 1) -> str:
        return str(await asyncio.wait_for(self.client.get_workflow_handle(self.journey(n)).result(), 60))
