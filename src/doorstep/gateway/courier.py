"""Delivers right after the commit, so that a webhook's 2xx never waits for Temporal.

A bounded set of journeys and persons with something to hear; naming one twice is once, and one journey is never
told by two at a time. Whatever is dropped here (too much waits, Temporal is away, the process dies) is on its row
and taken by the sweep.

The first of a burst is delivered at once. While more keeps coming, rounds are `pace` seconds apart, so that what a
store says about one order in quick succession (created, paid, updated) reaches its journey as one message: each
message costs Temporal a write and a worker a wake-up, and on one machine they compete with the intake. Once nothing
has come for `quiet` seconds the rest goes without waiting. Both are well inside the settle window.

The intake goes first. Each journey that is told costs Temporal, its database and a worker some twenty times what its
webhook cost us, on one machine out of the same processors: while webhooks wait for their answers, rounds become smaller
by half and half again, what waits grows, and it is carried once there is room. Once the first of what waits has waited
for `patience`, rounds grow again whoever waits: a rush that does not end puts nothing off for good.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import structlog

from doorstep.gateway.marks import Delivered

log = structlog.get_logger(__name__)

BOUND = 20_000
BATCH = 64
WORKERS = 3
PACE_SECONDS = 0.5
QUIET_SECONDS = 0.1
REST_SECONDS = 5.0
PATIENCE_SECONDS = 10.0
LEAST, MORE = 4, 4
"""A round under pressure carries at least so many; without, each carries so many more than the one before."""


class Something(Protocol):
    """Whom a committed webhook concerns (`ingest.Accepted`)."""

    @property
    def journeys(self) -> frozenset[str]: ...

    @property
    def persons(self) -> frozenset[str]: ...


Pressure = Callable[[], bool]
"""Whether somebody who tells us something waits too long for the answer just now."""
Deliver = Callable[[Iterable[str], Iterable[str]], Awaitable[Delivered]]


class Courier:
    """Runs in the API's event loop. `start` it once there; `stop` lets what is under way end."""

    def __init__(
        self,
        deliver: Deliver,
        *,
        workers: int = WORKERS,
        batch: int = BATCH,
        bound: int = BOUND,
        pace: float = PACE_SECONDS,
        quiet: float = QUIET_SECONDS,
        patience: float = PATIENCE_SECONDS,
        pressure: Pressure | None = None,
    ) -> None:
        """`deliver` carries out one round, at most `batch` of what waits; `bound` may wait. `pressure` is asked before
        each round. `pace`, `quiet` and `patience` in seconds."""
        self._deliver = deliver
        self._workers, self._batch, self._bound = workers, batch, bound
        self._pace, self._quiet, self._patience = pace, quiet, patience
        self._pressure, self._most = pressure, batch
        self._waiting: dict[tuple[bool, str], float] = {}
        """Each with when it was first named, by the loop's clock: the first has waited longest."""
        self._busy: set[tuple[bool, str]] = set()
        self._something = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._rest_until = self._last_round = self._last_wake = 0.0
        self.dropped = 0

    def start(self) -> None:
        """Starts working, in the running loop."""
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._workers)]

    async def stop(self, timeout: float = 5.0) -> None:
        """Ends; what waits is left to the sweep. `timeout` in seconds for what is under way."""
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout)

    def wake(self, told: Something) -> None:
        """Something was committed for these. Never waits, never fails."""
        now = asyncio.get_running_loop().time()
        for key in (*((True, j) for j in told.journeys), *((False, p) for p in told.persons)):
            if len(self._waiting) >= self._bound:
                self.dropped += 1
                continue
            self._waiting.setdefault(key, now)
        if self._waiting:
            self._last_wake = now
            self._something.set()

    @property
    def waiting(self) -> int:
        """How many journeys and persons have yet to be told."""
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is under way."""
        return not self._waiting and not self._busy

    async def _work(self) -> None:
        while True:
            await self._something.wait()
            if (rest := self._not_before() - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(rest)
                continue  # more may have come meanwhile, or Temporal gone away
            batch = self._take()
            if not batch:
                self._something.clear()
                if self._waiting:  # only what others are busy with: they say when they are done
                    await asyncio.sleep(0.01)
                    self._something.set()
                continue
            try:
                await self._carry(batch)
            finally:
                self._busy.difference_update(batch)

    def _not_before(self) -> float:
        """When the next round may begin, by the loop's clock."""
        return max(self._rest_until, min(self._last_round + self._pace, self._last_wake + self._quiet))

    def _yield(self) -> None:
        """The intake goes first: rounds get smaller by half while somebody waits for an answer, and larger again step
        by step."""
        first = next(iter(self._waiting.values()), self._last_round)
        hurried = (
            self._pressure is not None and self._pressure() and self._last_round - first <= self._patience
        )
        self._most = max(LEAST, self._most // 2) if hurried else min(self._batch, self._most + MORE)

    def _take(self) -> list[tuple[bool, str]]:
        self._last_round = asyncio.get_running_loop().time()
        self._yield()
        batch: list[tuple[bool, str]] = []
        for key in self._waiting:
            if key not in self._busy:
                batch.append(key)
            if len(batch) >= self._most:
                break
        for key in batch:
            del self._waiting[key]
        self._busy.update(batch)
        return batch

    async def _carry(self, batch: list[tuple[bool, str]]) -> None:
        try:
            done = await self._deliver(
                [key for is_journey, key in batch if is_journey],
                [key for is_journey, key in batch if not is_journey],
            )
        except Exception as error:  # noqa: BLE001 - the sweep takes what this round did not; the next must run
            log.warning("delivery failed", error=type(error).__name__)
            self._rest()
            return
        if done.unavailable:
            self._rest()

    def _rest(self) -> None:
        """Temporal or the database is away: hammering them helps nobody."""
        self._rest_until = asyncio.get_running_loop().time() + REST_SECONDS
