"""Odd workflows whose activities and updates end otherwise than by an answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutError
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
            return [*failed(error), await act("echo", "quick", heartbeat_timeout=SECOND)]
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
            return failed(error)
        return ["in time"]


FOR_EVER = RetryPolicy()
HANGS_A_SECOND = {"start_to_close_timeout": SECOND}
SILENT_A_SECOND = {"start_to_close_timeout": 30 * SECOND, "heartbeat_timeout": SECOND}

#: what hangs for a second, or fails at once, and in how many seconds with all its attempts it must have ended
OUT_OF_TIME: list[tuple[str, dict[str, Any], float | None]] = [
    ("hangs", {**HANGS_A_SECOND, "retry_policy": FOR_EVER}, 1.5),  # the next attempt would be due after
    ("hangs", {**HANGS_A_SECOND, "retry_policy": FOR_EVER}, 2),  # … at that instant
    ("hangs", {**HANGS_A_SECOND, "retry_policy": FOR_EVER}, 2.5),  # cut short in its second attempt
    ("hangs", {**HANGS_A_SECOND, "retry_policy": FOR_EVER}, 4),  # after its second attempt
    ("hangs", {**HANGS_A_SECOND, "retry_policy": RetryPolicy(maximum_attempts=1)}, 1),  # both limits at once
    ("hangs", {**SILENT_A_SECOND, "retry_policy": FOR_EVER}, 1.5),
    ("hangs", {**SILENT_A_SECOND, "retry_policy": FOR_EVER}, 4),
    ("hangs", {**HANGS_A_SECOND, "retry_policy": RetryPolicy(maximum_attempts=2)}, None),  # tried out
    ("always", {"retry_policy": RetryPolicy(initial_interval=2 * SECOND)}, 1.5),
    ("told_when", {"retry_policy": FOR_EVER}, 20 * 60),  # the next would be due at that instant, and succeed
]


@workflow.defn
class RunsOutOfTime(Told):
    """Activities that time out, or fail, where no further attempt fits into the time they have."""

    @workflow.run
    async def run(self) -> list[Any]:
        async def one(name: str, options: dict[str, Any], limit: float | None) -> Any:
            within = None if limit is None else limit * SECOND
            try:
                return await act(name, "x", **options, schedule_to_close_timeout=within)
            except ActivityError as error:
                return told_whole(error)

        return list(await asyncio.gather(*(one(*asked) for asked in OUT_OF_TIME)))


def told_whole(error: ActivityError) -> list[Any]:
    """What an author can see of a failed activity, cause by cause."""
    causes: list[Any] = [str(error), error.retry_state.name if error.retry_state else None]
    cause = error.__cause__
    while cause is not None:
        beats = getattr(cause, "last_heartbeat_details", None)
        causes.append([type(cause).__name__, str(cause), str(getattr(cause, "type", None)), beats])
        cause = cause.__cause__
    return causes


@workflow.defn
class NeedNotBeat(Told):
    """A local activity of a minute."""

    @workflow.run
    async def run(self) -> Any:
        return await workflow.execute_local_activity("hangs", "done", start_to_close_timeout=120 * SECOND)


ONCE = RetryPolicy(maximum_attempts=1)


@workflow.defn
class LocalTimesOut(Told):
    """A local activity that takes longer than an attempt may, than it may with all its attempts, and in its second
    attempt than there is time left."""

    @workflow.run
    async def run(self) -> list[Any]:
        return [
            *await ended(
                start_to_close_timeout=SECOND, schedule_to_close_timeout=60 * SECOND, retry_policy=ONCE
            ),
            *await ended(schedule_to_close_timeout=SECOND, retry_policy=ONCE),
            *await ended(
                start_to_close_timeout=SECOND,
                schedule_to_close_timeout=2.5 * SECOND,
                retry_policy=RetryPolicy(maximum_attempts=2, initial_interval=SECOND),
            ),
        ]


@workflow.defn
class LocalIsResumedLate(Told):
    """Its limit is over while it waits for its fourth attempt."""

    @workflow.run
    async def run(self) -> list[Any]:
        return await ended(
            "always",
            schedule_to_close_timeout=1.5 * SECOND,
            local_retry_threshold=SECOND / 100,
            retry_policy=RetryPolicy(initial_interval=0.3 * SECOND),
        )


async def ended(activity: str = "hangs", **options: Any) -> list[Any]:
    """What an author can see of how a local activity failed."""
    try:
        await workflow.execute_local_activity(activity, "x", **options)
    except ActivityError as error:
        return [str(error), *failed(error)]
    except (ApplicationError, TimeoutError) as error:
        return [type(error).__name__, str(error)]
    return ["in time"]


@workflow.defn
class RunsOut(Told):
    """Goes on as a run of at most a minute, which would take an hour."""

    @workflow.run
    async def run(self, number: int) -> list[Any]:
        info = workflow.info()
        await workflow.execute_local_activity(
            "echo", [number, str(info.run_timeout), str(info.task_timeout)], start_to_close_timeout=SECOND
        )
        if number == 1:
            workflow.continue_as_new(2, run_timeout=60 * SECOND, task_timeout=5 * SECOND)
        if number == 2:
            workflow.continue_as_new(3)
        await workflow.sleep(3600)
        return ["late"]


KEYWORD = SearchAttributeKey.for_keyword("OddKeyword")


@workflow.defn
class KeepsAttributes(Told):
    """Search attributes set, kept over a run, and taken away."""

    @workflow.run
    async def run(self, number: int) -> Any:
        known = workflow.info().typed_search_attributes.get(KEYWORD)
        if number == 1:
            workflow.upsert_search_attributes([KEYWORD.value_set("a value")])
            await workflow.sleep(1)
            workflow.continue_as_new(2)
        if number == 2:
            workflow.upsert_search_attributes([KEYWORD.value_unset()])
            await workflow.sleep(1)
            workflow.continue_as_new(args=[3 if known == "a value" else 0])
        return [number, known]


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
