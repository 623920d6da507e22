"""A stage for journeys on the real time-skipping server: their activities are recorded and answered by the
test, time moves when the test says so."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig
from temporalio.worker import Worker

from doorstep import contracts
from doorstep.contracts import (
    Action,
    AdviceRequest,
    ClaimRequest,
    JourneyStart,
    JourneyView,
    PointsRequest,
    Projection,
    RunOut,
    TicketRequest,
)
from doorstep.converter import data_converter
from doorstep.domain.events import Envelope
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import Outcome, OutcomeKind
from doorstep.domain.touches import TouchRequest
from doorstep.sandbox import sandbox
from servers import client_of

PLACED = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def said(type_: str, at: datetime, *, subject: str | None = None, key: str = "", **data: Any) -> Envelope:
    """An envelope as ingest would make it."""
    return Envelope(
        id=f"evt-{type_}-{at.isoformat()}-{subject}",
        fact_key=key or f"{type_}:{subject}:{at.isoformat()}",
        type=type_,
        occurred_at=at,
        received_at=at,
        connection="test",
        subject=subject,
        data=data,
    )


def line(ref: str = "l1", quantity: int = 1) -> dict[str, Any]:
    return {"ref": ref, "product_ref": f"p-{ref}", "quantity": quantity, "current": quantity}


@dataclass
class Cast:
    """Answers the journey's activities and remembers what was asked."""

    touches: list[TouchRequest] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    tickets: list[TicketRequest] = field(default_factory=list)
    points: list[PointsRequest] = field(default_factory=list)
    actions: dict[str, Action] = field(default_factory=dict)
    answer: Callable[[TouchRequest], Outcome] | None = None
    offered: tuple[str, ...] = ("p-9",)
    run_outs: tuple[RunOut, ...] = ()

    @activity.defn(name=contracts.TOUCH)
    async def touch(self, request: TouchRequest) -> Outcome:
        self.touches.append(request)
        if self.answer is not None:
            answer = self.answer(request)
            if asyncio.iscoroutine(answer):
                answer = await answer
            return answer
        return Outcome(kind=OutcomeKind.SENT, channel=Channel.EMAIL, at=request.as_of)

    @activity.defn(name=contracts.PROJECT)
    async def project(self, projection: Projection) -> None:
        self.projections.append(projection)

    @activity.defn(name=contracts.CLAIM_ACTION)
    async def claim(self, request: ClaimRequest) -> Action:
        return self.actions[request.action_id]

    @activity.defn(name=contracts.OPEN_TICKET)
    async def ticket(self, request: TicketRequest) -> str:
        self.tickets.append(request)
        return f"tkt-{len(self.tickets)}"

    @activity.defn(name=contracts.MOVE_POINTS)
    async def move_points(self, request: PointsRequest) -> int:
        self.points.append(request)
        return request.points

    @activity.defn(name=contracts.RECOMMEND)
    async def recommend(self, request: AdviceRequest) -> tuple[str, ...]:
        return self.offered

    @activity.defn(name=contracts.PREDICT_RUN_OUT)
    async def predict(self, request: AdviceRequest) -> tuple[RunOut, ...]:
        return self.run_outs

    def activities(self) -> list[Any]:
        return [
            self.touch,
            self.project,
            self.claim,
            self.ticket,
            self.move_points,
            self.recommend,
            self.predict,
        ]

    @property
    def steps(self) -> list[str]:
        return [t.step for t in self.touches]

    @property
    def ended(self) -> dict[str, str]:
        """Steps the journey ended itself: step → reason or kind."""
        found = {}
        for projection in self.projections:
            for record in projection.records:
                found[record.request.step] = record.outcome.reason or record.outcome.kind
        return found


@dataclass
class Play:
    """One journey on stage."""

    handle: WorkflowHandle[Any, Any]
    skipper: TimeSkipper
    cast: Cast
    start: JourneyStart

    async def settled(self) -> None:
        """Until the workflow has no task or activity under way and its history has stood still for a while:
        a fast-forward returns before the timers it passed have fired."""
        last, still = -1, 0
        for _ in range(3000):
            description = await self.handle.describe()
            if description.status is not WorkflowExecutionStatus.RUNNING:
                return
            raw = description.raw_description
            busy = raw.HasField("pending_workflow_task") or len(raw.pending_activities) > 0
            still = still + 1 if not busy and description.history_length == last else 0
            if still == 3:
                return
            last = description.history_length
            await asyncio.sleep(0.05)
        raise AssertionError("the journey does not settle")

    async def tell(self, *events: Envelope) -> None:
        await self.handle.signal(contracts.DELIVER_SIGNAL, list(events))
        await self.settled()

    async def forward(self, **delta: float) -> None:
        """Move virtual time, then let the journey act."""
        await self.until(await self.skipper.get_current_time(self.handle) + timedelta(**delta))

    async def until(self, moment: datetime) -> None:
        """The same, as far as `moment`; a journey that ends on the way has ended. Asked again where the server hangs,
        as one did on a busy machine."""
        for _ in range(6):
            left = moment - await self.skipper.get_current_time(self.handle)
            if left <= timedelta():
                return None
            try:
                await asyncio.wait_for(self.skipper.fast_forward(self.handle, left), 20)
            except TimeoutError:
                continue
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:  # it ended just now
                    raise
            return await self.settled()
        raise AssertionError(f"the journey does not come as far as {moment}")

    async def to_the_end(self) -> str:
        await asyncio.wait_for(self.skipper.fast_forward(self.handle, None), 120)
        return str(await self.handle.result())

    async def act(self, action: Action) -> contracts.ActionResult:
        self.cast.actions[action.id] = action
        return await asyncio.wait_for(
            self.handle.execute_update(contracts.ACT_UPDATE, action.id, result_type=contracts.ActionResult),
            60,
        )

    async def view(self) -> JourneyView:
        return await self.handle.query(contracts.STATE_QUERY, result_type=JourneyView)


@asynccontextmanager
async def stage(
    address: str, journeys: list[type], *, cached: int = 100
) -> AsyncIterator[Callable[..., Any]]:
    """Yields `play(journey_type, cast, **start)` that opens a journey on the real server."""
    client = await client_of(address, data_converter=data_converter())
    skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
    workers: list[Worker] = []
    running: list[asyncio.Task[None]] = []

    async def play(type_: str, cast: Cast, **changes: Any) -> Play:
        number = next(_numbers)
        queue = f"stage-{number}-{id(cast)}"
        worker = Worker(
            skipper.client,
            task_queue=queue,
            workflows=journeys,
            activities=cast.activities(),
            workflow_runner=sandbox(),
            max_cached_workflows=cached,
        )
        workers.append(worker)
        running.append(asyncio.ensure_future(worker.run()))
        now = datetime.now(UTC).replace(microsecond=0)
        placed = changes.pop("placed_at", now)
        start = JourneyStart(
            journey_id=f"jny_{number}_{id(cast)}",
            store_id="s",
            order_ref=f"ord_{number}",
            person_ref="per_1",
            placed=said("order.placed", placed, lines=[line()], total_minor=4200, currency="EUR"),
            zone="Europe/Berlin",
        )
        start = replace(start, **changes)
        handle: WorkflowHandle[Any, Any] = await skipper.client.start_workflow(
            type_,
            start,
            id=start.journey_id,
            task_queue=queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
        made = Play(handle=handle, skipper=skipper, cast=cast, start=start)
        if start.settle:
            await made.settled()
        return made

    try:
        yield play
    finally:
        for worker in workers:
            await worker.shutdown()
        for task in running:
            await task
