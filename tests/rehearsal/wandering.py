"""A workflow that goes where a seed sends it: waits, limits, activities, cancellations, in every mixture. For comparing
two ways to carry it out, not for rehearsing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import FailureError
from tests.rehearsal.odd import ABANDON, HOUR, TRY, WAIT

NAMES = ("echo", "echo", "slow", "third_time", "never_again", "told_when")


@workflow.defn
class Wanders:
    def __init__(self) -> None:
        self.heard = 0
        self.words: list[str] = []
        self.arms: list[asyncio.Task[None]] = []

    @workflow.run
    async def run(self, seed: int) -> list[str]:
        draw = random.Random(seed)
        self.arms = [asyncio.ensure_future(self.arm(draw.random(), n)) for n in range(4)]
        await workflow.wait(self.arms)
        return self.words

    @workflow.signal
    async def say(self, n: int) -> None:
        self.heard += 1
        if n % 2:
            await self.tried(self.limited, random.Random(n), "signal")
        if n % 3 == 0:
            await self.tried(self.local, random.Random(n), "signal")

    @workflow.query
    def state(self) -> list[str]:
        return [str(self.heard), *self.words]

    @workflow.update
    async def ask(self, n: int) -> int:
        if n % 2:
            await self.tried(self.limited, random.Random(n), "update")
        self.heard += 1
        return self.heard

    async def arm(self, seed: float, number: int) -> None:
        draw = random.Random(seed)
        steps: tuple[Callable[[random.Random], Awaitable[Any]], ...] = (
            self.sleeps, self.limited, self.limited, self.listens, self.regular, self.regular, self.local,
            self.cut_short, self.cancels, self.shields, self.grouped, self.bounded,
        )  # fmt: skip
        for n in range(5):
            await self.tried(draw.choice(steps), draw, f"{number}.{n}")

    async def tried(self, step: Any, draw: random.Random, name: str) -> None:
        try:
            told = await step(draw)
        except TimeoutError:
            told = "too late"
        except FailureError as error:
            told = type(error).__name__
        except asyncio.CancelledError:
            self.words.append(f"{name} cancelled")
            if workflow.cancellation_reason() is not None or draw.random() < 0.3:
                raise
            mine = asyncio.current_task()
            assert mine is not None
            mine.uncancel()
            return
        self.words.append(f"{name} {step.__name__} {told} {workflow.now():%H:%M:%S.%f}")

    async def sleeps(self, draw: random.Random) -> None:
        if draw.random() < 0.3:
            await asyncio.sleep(0)
        elif draw.random() < 0.5:
            await asyncio.sleep(draw.randint(1, 3) * 600)
        else:
            await workflow.sleep(HOUR / draw.randint(1, 3), summary=draw.choice((None, "a nap")))

    async def limited(self, draw: random.Random) -> None:
        beyond = self.heard + draw.randint(0, 2)
        lasts = draw.choice((HOUR, HOUR / 3, timedelta(milliseconds=1), timedelta(microseconds=3)))
        await workflow.wait_condition(
            lambda: self.heard > beyond,
            timeout=lasts,
            timeout_summary=draw.choice((None, None, "a limit")),
        )

    async def bounded(self, draw: random.Random) -> None:
        beyond = self.heard + draw.randint(0, 2)
        async with asyncio.timeout(draw.choice((600, 1200, 3600))):
            await workflow.wait_condition(lambda: self.heard > beyond, timeout=HOUR / draw.randint(1, 6))

    async def listens(self, draw: random.Random) -> None:
        beyond = self.heard + draw.randint(0, 1)
        await asyncio.wait_for(workflow.wait_condition(lambda: self.heard > beyond), draw.choice((600, 7200)))

    async def regular(self, draw: random.Random) -> Any:
        options: dict[str, Any] = {}
        if draw.random() < 0.3:
            options = {
                "heartbeat_timeout": timedelta(minutes=7), "schedule_to_start_timeout": timedelta(hours=9),
                "priority": Priority(priority_key=3), "summary": "told", "activity_id": f"a-{draw.random()}",
                "task_queue": "another",
            }  # fmt: skip
        return await workflow.execute_activity(
            draw.choice(NAMES),
            draw.choice(("a word", None, 7, ["two", "words"])),
            start_to_close_timeout=timedelta(hours=2, microseconds=1500),
            schedule_to_close_timeout=draw.choice((None, timedelta(hours=5))),
            retry_policy=RetryPolicy(maximum_attempts=draw.randint(1, 3)),
            cancellation_type=draw.choice((TRY, WAIT, ABANDON)),
            **options,
        )

    async def local(self, draw: random.Random) -> Any:
        return await workflow.execute_local_activity(
            draw.choice(NAMES),
            "here",
            schedule_to_close_timeout=timedelta(hours=5),
            local_retry_threshold=draw.choice((None, timedelta(milliseconds=1))),
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=20), maximum_attempts=4),
            cancellation_type=draw.choice((TRY, WAIT)),
        )

    async def cut_short(self, draw: random.Random) -> Any:
        """Something that is cancelled on its way, or before it began."""
        step = draw.choice((self.regular, self.local, self.limited, self.sleeps, self.listens))
        under_way = asyncio.ensure_future(step(draw))
        for _ in range(draw.randint(0, 3)):
            await asyncio.sleep(0)
        if draw.random() < 0.5:
            await workflow.sleep(draw.choice((60, 1200)))
        under_way.cancel()
        return await under_way

    async def cancels(self, draw: random.Random) -> None:
        draw.choice(self.arms).cancel()
        await asyncio.sleep(0)

    async def shields(self, draw: random.Random) -> Any:
        inner = asyncio.ensure_future(self.regular(draw))
        try:
            return await asyncio.wait_for(asyncio.shield(inner), draw.choice((1, 1800)))
        except TimeoutError:
            return await inner

    async def grouped(self, draw: random.Random) -> None:
        with workflow.create_event_group("a group", label="of commands").scope():
            await draw.choice((self.limited, self.regular, self.sleeps, self.listens))(draw)
