"""Odd workflows whose activities and updates end otherwise than by an answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from tests.rehearsal.odd import Told, act, failed

SECOND = timedelta(seconds=1)


@workflow.defn
class Heartbeats(Told):
    """Asks for a heartbeat every second of what never gives one: once more, and that was it."""

    @workflow.run
    async def run(self) -> list[Any]:
        try:
            await act(
                "hangs",
                heartbeat_timeout=SECOND,
                start_to_close_timeout=30 * SECOND,
                retry_policy=RetryPolicy(maximum_attempts=2),
            )
        except ActivityError as error:
            return [*failed(error), str(error.cause), await act("echo", "quick", heartbeat_timeout=SECOND)]
        return ["in time"]


@workflow.defn
class HeartbeatsLate(Told):
    """An attempt's limit that is over before a heartbeat is missed."""

    @workflow.run
    async def run(self) -> list[Any]:
        try:
            once = RetryPolicy(maximum_attempts=1)
            await act(
                "hangs", heartbeat_timeout=20 * SECOND, start_to_close_timeout=SECOND, retry_policy=once
            )
        except ActivityError as error:
            return [*failed(error), str(error.cause)]
        return ["in time"]


@workflow.defn
class NeedNotBeat(Told):
    """A local activity of a minute."""

    @workflow.run
    async def run(self) -> Any:
        return await workflow.execute_local_activity("hangs", "done", start_to_close_timeout=120 * SECOND)


@workflow.defn
class UpdateFails(Told):
    """Updates that fail before anything is waited for, after an activity, and not at all."""

    @workflow.run
    async def run(self) -> list[Any]:
        await workflow.wait_condition(lambda: self.stopped)
        return self.words

    @workflow.update
    async def ask(self, word: str) -> str:
        if word == "at once":
            raise ApplicationError("no", type="Refused")
        if word == "later":
            await act("never_again", word)
        self.words.append(word)
        return word

    @ask.validator
    def _check(self, word: str) -> None:
        if word == "never":
            raise ApplicationError("not that word", type="Refused")
