"""Workflows that must not be. In a module of their own: the sandbox imports it for every run."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import sys
import threading
import time
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError


class Mischief:
    """What they share: a day passes before they misbehave."""

    async def a_day(self) -> None:
        await workflow.sleep(timedelta(days=1))


@workflow.defn
class LoopsWithoutWaiting(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        n = 0
        while True:
            n += 1  # here


@workflow.defn
class YieldsForEver(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        while True:
            await asyncio.sleep(0)  # here


@workflow.defn
class NeverSettles(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        while True:
            await workflow.sleep(timedelta())  # here


@workflow.defn
class Sleeps(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        time.sleep(1)  # noqa: ASYNC251 # here


@workflow.defn
class TakesAThread(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        await asyncio.to_thread(len, "abc")  # here


@workflow.defn
class StartsAThread(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        threading.Thread(target=len, args=("abc",)).start()  # here


@workflow.defn
class GoesOnForEver(Mischief):
    """Each run is the next one's beginning."""

    @workflow.run
    async def run(self) -> None:
        workflow.continue_as_new()  # here


@workflow.defn
class LooksAtTheClockLate(Mischief):
    """In its last run of that many."""

    @workflow.run
    async def run(self, left: int) -> None:
        if left:
            workflow.continue_as_new(left - 1)
        time.time()  # here


@workflow.defn
class AsksItsSurroundings(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        os.environ.get("HOME")  # here


@workflow.defn
class Connects(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        socket.create_connection(("127.0.0.1", 1))  # here


@workflow.defn
class Draws(Mischief):
    @workflow.run
    async def run(self) -> float:
        await self.a_day()
        return random.random()  # here


@workflow.defn
class StartsADrawer(Mischief):
    @workflow.run
    async def run(self) -> float:
        return await workflow.execute_child_workflow(Draws.run)


@workflow.defn
class LooksAtTheClock(Mischief):
    @workflow.run
    async def run(self) -> str:
        await self.a_day()
        return datetime.now().isoformat()  # noqa: DTZ005 # here


@workflow.defn
class GroupsTasks(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        async with asyncio.TaskGroup() as group:  # here
            group.create_task(self.a_day())


@workflow.defn
class WaitsForASet(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        await asyncio.wait([asyncio.ensure_future(self.a_day())])  # here


@workflow.defn
class Raises(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        raise ValueError("something nobody foresaw")  # here


@workflow.defn
class Exits(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        sys.exit(0)  # here


@workflow.defn
class ExitsInATask(Mischief):
    @workflow.run
    async def run(self) -> None:
        await asyncio.create_task(self.leave())

    async def leave(self) -> None:
        await self.a_day()
        raise SystemExit(0)  # here


@workflow.defn
class InterruptsItself(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        raise KeyboardInterrupt  # here


@workflow.defn
class GoesThroughASet(Mischief):
    """Its timers follow the hashes of strings."""

    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        for name in {"tea", "coffee", "cocoa", "maté", "water"}:
            await workflow.sleep(timedelta(seconds=len(name)))  # here


_calls = [0]


@workflow.defn
class RemembersOtherRuns(Mischief):
    """State that outlives a run."""

    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        _calls[0] += 1
        await workflow.sleep(timedelta(hours=_calls[0]))  # here


@workflow.defn
class StartsAChild(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        await workflow.execute_child_workflow(Sleeps.run)  # here


@workflow.defn
class ContinuesAsAnother(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        workflow.continue_as_new(workflow="Sleeps")  # here


@workflow.defn
class SignalsAnother(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        await workflow.get_external_workflow_handle("another").signal("wake")  # here


@workflow.defn
class CancelsAnother(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        await workflow.get_external_workflow_handle("another").cancel()  # here


@workflow.defn
class CallsNexus(Mischief):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        client = workflow.create_nexus_client(endpoint="warehouse", service="Stock")
        await client.execute_operation("count", "fern")  # here


@workflow.defn(name="always-failing")
class AlwaysFailing:
    @workflow.run
    async def run(self, how: str) -> None:
        if how == "activity":
            await workflow.execute_activity("a", start_to_close_timeout=timedelta(seconds=5))  # activity
        if how == "below":
            await workflow.execute_child_workflow(AlwaysFailing.run, "below")  # below
        if how == "child":
            policy = RetryPolicy(initial_interval=timedelta(milliseconds=1))
            await workflow.execute_child_workflow(AlwaysFailing.run, "fails", retry_policy=policy)  # child
        raise ApplicationError("as always")
