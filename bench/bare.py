"""The baseline: a bare Temporal workflow with nine timers, nine no-op activities and six signals. Written by
hand, never derived from ours, so that the ratio says what Doorstep costs."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow


@activity.defn(name="nothing")
def nothing() -> None:
    """A no-op."""


@workflow.defn(name="bare")
class Bare:
    """Nine times: a timer, then an activity. Then it waits for its six signals."""

    def __init__(self) -> None:
        self._signals = 0

    @workflow.run
    async def run(self, pace: float) -> int:
        for _ in range(9):
            await workflow.sleep(timedelta(seconds=pace))
            await workflow.execute_activity(nothing, start_to_close_timeout=timedelta(seconds=30))
        await workflow.wait_condition(lambda: self._signals >= 6)
        return self._signals

    @workflow.signal
    def nudge(self) -> None:
        self._signals += 1
