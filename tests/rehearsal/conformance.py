"""One workflow on the real time-skipping server and in the engine, and what each of them commanded."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper, TimeSkippingConfig
from temporalio.worker import Worker
from tests.rehearsal.said import Said, engine_said

from doorstep.rehearsal.activities import ActivityCall
from doorstep.rehearsal.engine import Engine
from doorstep.sandbox import sandbox

_numbers = itertools.count(1)


class Stage(Protocol):
    """What a script may do, on either side."""

    async def forward(self, delta: timedelta) -> None: ...
    async def idle(self, seconds: float) -> None:
        """Real time on the server, which skips none while an activity is under way."""
        ...

    async def signal(self, name: str, *args: Any) -> None: ...
    async def update(self, name: str, *args: Any) -> None: ...
    async def cancel(self) -> None: ...
    async def release(self) -> None: ...


Script = Callable[[Stage], Awaitable[None]]


# --- activities, the same for both ------------------------------------------------------------------------


def behave(name: str, attempt: int, argument: Any) -> Any:
    if name == "third_time" and attempt < 3:
        raise ValueError(f"attempt {attempt}")
    if name == "always":
        raise ApplicationError("again", type="Again")
    if name == "never_again":
        raise ApplicationError("final", type="Final", non_retryable=True)
    if name == "odd_type":
        raise ApplicationError("odd", type="Odd")
    if name == "told_when" and attempt == 1:
        raise ApplicationError("later", next_retry_delay=timedelta(minutes=20))
    return argument if attempt == 1 else f"{argument} on attempt {attempt}"


NAMES = ("echo", "third_time", "always", "never_again", "odd_type", "told_when", "slow", "hangs")


def engine_activities() -> dict[str, Callable[..., Any]]:
    def play(call: ActivityCall, argument: Any) -> Any:
        if call.name == "slow":
            call.takes = timedelta(hours=1)
        if call.name == "hangs":
            call.takes = timedelta(days=1)
        return behave(call.name, call.attempt, argument)

    return dict.fromkeys(NAMES, play)


def server_activities(released: asyncio.Event) -> list[Callable[..., Any]]:
    def made(name: str) -> Callable[..., Any]:
        @activity.defn(name=name)
        async def play(argument: Any) -> Any:
            if name == "slow":
                await released.wait()
            if name == "hangs":
                await asyncio.sleep(60)
            return behave(name, activity.info().attempt, argument)

        return play

    return [made(name) for name in NAMES]


# --- the server -------------------------------------------------------------------------------------------


class OnServer:
    def __init__(
        self, handle: WorkflowHandle[Any, Any], skipper: TimeSkipper, released: asyncio.Event
    ) -> None:
        self.handle, self._skipper, self._released = handle, skipper, released
        self.updates: list[Any] = []

    async def settled(self) -> None:
        last, still = -1, 0
        for _ in range(3000):
            told = await self.handle.describe()
            if told.status is not WorkflowExecutionStatus.RUNNING:
                return
            busy = told.raw_description.HasField("pending_workflow_task")
            still = still + 1 if not busy and told.history_length == last else 0
            if still == 3:
                return
            last = told.history_length
            await asyncio.sleep(0.05)
        raise AssertionError("the workflow does not settle")

    async def forward(self, delta: timedelta) -> None:
        await self.settled()
        await asyncio.wait_for(self._skipper.fast_forward(self.handle, delta), 30)
        await self.settled()

    async def idle(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.settled()

    async def signal(self, name: str, *args: Any) -> None:
        await self.settled()
        await self.handle.signal(name, args=args)
        await self.settled()

    async def update(self, name: str, *args: Any) -> None:
        await self.settled()
        self.updates.append(asyncio.ensure_future(self.handle.execute_update(name, args=args)))
        await asyncio.sleep(0.3)
        await self.settled()

    async def cancel(self) -> None:
        await self.settled()
        await self.handle.cancel()
        await self.settled()

    async def release(self) -> None:
        self._released.set()
        await asyncio.sleep(0.2)
        await self.settled()


async def on_server(client: Client, cls: type[Any], args: tuple[Any, ...], script: Script) -> tuple[str, str]:
    """Play it to its end; its workflow id and its first run's id."""
    skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
    queue, released = f"odd-{next(_numbers)}-{id(script)}", asyncio.Event()
    async with Worker(
        skipper.client,
        task_queue=queue,
        workflows=[cls],
        activities=server_activities(released),
        workflow_runner=sandbox(),
    ):
        handle: WorkflowHandle[Any, Any] = await skipper.client.start_workflow(
            cls.__name__, args=args, id=queue, task_queue=queue
        )
        stage = OnServer(handle, skipper, released)
        await stage.settled()
        await script(stage)
        with contextlib.suppress(RPCError):  # it may have ended
            await asyncio.wait_for(skipper.fast_forward(client.get_workflow_handle(queue), None), 60)
        await asyncio.gather(*stage.updates, return_exceptions=True)
        await _closed(client, queue)
        return queue, handle.first_execution_run_id or ""


async def _closed(client: Client, workflow_id: str) -> None:
    for _ in range(300):
        told = await client.get_workflow_handle(workflow_id).describe()
        if told.status is not WorkflowExecutionStatus.RUNNING:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{workflow_id} does not end")


# --- the engine -------------------------------------------------------------------------------------------


class InEngine:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def forward(self, delta: timedelta) -> None:
        self.engine.run_until(self.engine.now + delta)

    async def idle(self, seconds: float) -> None:
        await self.forward(timedelta(seconds=seconds))

    async def signal(self, name: str, *args: Any) -> None:
        self.engine.signal(name, *args)

    async def update(self, name: str, *args: Any) -> None:
        self.engine.update(name, *args)

    async def cancel(self) -> None:
        self.engine.cancel()

    async def release(self) -> None:
        due = self.engine.next_due
        while due is not None and not any(e.kind.startswith("activity_") for e in self.engine.log):
            self.engine.run_until(due)
            due = self.engine.next_due


@asynccontextmanager
async def engine_for(cls: type[Any], args: tuple[Any, ...]) -> AsyncIterator[Engine]:
    start = datetime(2026, 3, 2, 10, tzinfo=UTC)
    with Engine(
        cls,
        *args,
        workflow_id=f"odd-{cls.__name__}",
        start=start,
        activities=engine_activities(),
        converter=pydantic_data_converter,
    ) as engine:
        engine.run_until(start)
        yield engine


async def in_engine(cls: type[Any], args: tuple[Any, ...], script: Script) -> list[Said]:
    async with engine_for(cls, args) as engine:
        await script(InEngine(engine))
        engine.run()
        assert engine.done, engine.log
        return list(engine_said(engine.log))
