"""Touches of one journey that are due in one instant, in the order in which the journey asked for them.

Where two want the last slot of a cap the first takes it. In the engine that is the one that the journey asked for
first; a worker's threads are in no order, and which of two is first would be chance."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from temporalio import activity
from temporalio.client import Client
from timekeeping import waits_to_retry

from doorstep import contracts
from doorstep.domain.outcomes import Outcome
from doorstep.domain.touches import TouchRequest

LOOKS, EVERY_SECONDS = 3000, 0.02


def in_turn(functions: list[Any], client: Client) -> list[Any]:
    """The worker's activities, a touch waiting for those that its journey asked for before it. Call it in the client's
    event loop."""
    touch, loop = functions[0], asyncio.get_running_loop()
    assert activity._Definition.must_from_callable(touch).name == contracts.TOUCH

    async def ahead(info: activity.Info) -> bool:
        told = await client.get_workflow_handle(str(info.workflow_id)).describe()
        return any(
            other.activity_type.name == contracts.TOUCH
            and int(other.activity_id) < int(info.activity_id)
            and not waits_to_retry(other)
            for other in told.raw_description.pending_activities
        )

    @activity.defn(name=contracts.TOUCH, no_thread_cancel_exception=True)
    def touching(request: TouchRequest) -> Outcome:
        for _ in range(LOOKS):
            if not asyncio.run_coroutine_threadsafe(ahead(activity.info()), loop).result(60):
                break
            time.sleep(EVERY_SECONDS)
        outcome: Outcome = touch(request)
        return outcome

    return [touching, *functions[1:]]
