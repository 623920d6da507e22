"""Virtual time on the real server: experimental, per journey, so kept in one place and always bounded."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig

LOOK = 0.03
"""Seconds between two looks at a workflow: one look costs both sides some milliseconds of processor time."""
SKIP_SECONDS = 20.0
"""`fast_forward` hangs on what it cannot skip, and has hung on a busy machine for no reason that we know: it is asked
again for what is left, `TRIES` times."""
TRIES = 6
FIRST_TASK = 5
"""Events of a history whose first task is done: started, task scheduled, started, completed, the settle timer."""


def at(moment: dict[str, Any]) -> datetime:
    """A moment as the API tells it."""
    return datetime.fromisoformat(moment["utc"])


class VirtualTime:
    """The machine's clock and how far the story is ahead of it. Journeys started with `client` can be moved, and
    begin at virtual time too."""

    def __init__(self, client: Client, *, retries_rest: bool = False) -> None:
        """`retries_rest`: an activity that waits for its next attempt is at rest."""
        self.ahead = timedelta()
        self.retries_rest = retries_rest
        known = client.config()
        known["interceptors"] = [*known["interceptors"], _StartsLater(self)]
        self._skipper = TimeSkipper(Client(**known), config=TimeSkippingConfig(enabled=False))

    @property
    def client(self) -> Client:
        return self._skipper.client

    def now(self) -> datetime:
        """For the API's clock and for what stores say."""
        return datetime.now(UTC) + self.ahead

    def reached(self, moment: datetime) -> None:
        """Every journey stands at `moment` or after it; the clock follows and never goes back."""
        self.ahead = max(self.ahead, moment - datetime.now(UTC))

    async def forward(self, handle: WorkflowHandle[Any, Any], moment: datetime) -> None:
        """One journey, as far as `moment`; one that ends on the way has ended."""
        for _ in range(TRIES):
            if (await handle.describe()).status is not WorkflowExecutionStatus.RUNNING:
                return None
            left = moment - await self._skipper.get_current_time(handle)
            if left <= timedelta():
                return None
            if await skipped(self._skipper, handle, left):
                return await at_rest(handle, self.retries_rest)
        raise AssertionError(f"{handle.id} does not come as far as {moment}")


async def skipped(skipper: TimeSkipper, handle: WorkflowHandle[Any, Any], left: timedelta | None) -> bool:
    """Whether a journey went so far within `SKIP_SECONDS`, or ended on the way."""
    try:
        await asyncio.wait_for(skipper.fast_forward(handle, left), SKIP_SECONDS)
    except TimeoutError:
        return False
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:  # it ended just now
            raise
    return True


class _StartsLater(Interceptor):
    """Journeys that start when virtual time is ahead begin there: the server starts them after as long a delay,
    which is then skipped."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _StartsLaterOutbound(next, self._time)


class _StartsLaterOutbound(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, time: VirtualTime) -> None:
        super().__init__(next)
        self._time = time

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        if self._time.ahead > timedelta(seconds=1):
            input.start_delay = self._time.ahead
        return await super().start_workflow(input)


async def at_rest(handle: WorkflowHandle[Any, Any], retries_rest: bool = False) -> None:
    """Until a workflow has no task or activity under way and its history stands still."""
    last = -1
    for _ in range(6000):
        described = await handle.describe()
        if described.status is not WorkflowExecutionStatus.RUNNING:
            return
        raw = described.raw_description
        under_way = [a for a in raw.pending_activities if not (retries_rest and waits_to_retry(a))]
        busy = raw.HasField("pending_workflow_task") or len(under_way) > 0
        if not busy and described.history_length == last:
            return
        last = -1 if busy else described.history_length
        await asyncio.sleep(LOOK)
    raise AssertionError(f"{handle.id} does not come to rest")


async def begun(handle: WorkflowHandle[Any, Any]) -> None:
    """Until a journey's first task is done, or was tried in vain: a delayed start fires a little after the moment it is
    due, which looks like rest. Skipped on before that, the journey would begin late."""
    for _ in range(1000):
        described = await handle.describe()
        tried = described.raw_description.pending_workflow_task.attempt > 1
        if (
            tried
            or described.history_length >= FIRST_TASK
            or described.status != WorkflowExecutionStatus.RUNNING
        ):
            return
        await asyncio.sleep(LOOK)
    raise AssertionError(f"{handle.id} does not begin")


def waits_to_retry(activity: Any) -> bool:
    """Whether an activity has failed and waits for its next attempt."""
    return activity.attempt > 1 and activity.HasField("next_attempt_schedule_time")
