"""Workflows with odd habits, for comparing the engine with a real server. The sandbox imports this for every run."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

WAIT = workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
TRY = workflow.ActivityCancellationType.TRY_CANCEL
ABANDON = workflow.ActivityCancellationType.ABANDON
HOUR = timedelta(hours=1)


async def act(name: str, argument: Any = None, **options: Any) -> Any:
    options.setdefault("start_to_close_timeout", timedelta(minutes=90))
    options.setdefault("retry_policy", RetryPolicy(maximum_attempts=4))
    return await workflow.execute_activity(name, argument, **options)


def failed(error: ActivityError) -> list[Any]:
    """What an author can see of a failed activity."""
    cause = error.cause
    kind = getattr(cause, "type", None)
    return [
        type(cause).__name__,
        str(cause),
        str(kind),
        error.retry_state.name if error.retry_state else None,
    ]


class Told:
    """Hears `stop` and a few words."""

    def __init__(self) -> None:
        self.stopped = False
        self.words: list[str] = []

    @workflow.signal
    def stop(self) -> None:
        self.stopped = True

    @workflow.signal
    async def say(self, word: str) -> None:
        self.words.append(word)


@workflow.defn
class Gathers(Told):
    @workflow.run
    async def run(self) -> list[Any]:
        async def late() -> str:
            await workflow.sleep(HOUR)
            return str(await act("echo", "late"))

        return list(
            await asyncio.gather(act("echo", "one"), late(), act("echo", "two"), workflow.sleep(HOUR))
        )


@workflow.defn
class Shields(Told):
    @workflow.run
    async def run(self) -> list[Any]:
        inner = asyncio.ensure_future(act("slow", "kept"))
        try:
            await asyncio.wait_for(asyncio.shield(inner), 0.3)
        except TimeoutError:
            self.words.append("timed out")
        return [*self.words, await inner]


async def _cancelled(told: Told, mode: workflow.ActivityCancellationType) -> list[Any]:
    task = asyncio.ensure_future(act("slow", "done", cancellation_type=mode))
    await workflow.wait_condition(lambda: told.stopped)
    task.cancel()
    try:
        outcome: Any = await task
    except ActivityError as error:
        outcome = failed(error)
    return [outcome, await act("echo", "after")]


@workflow.defn
class CancelsTrying(Told):
    @workflow.run
    async def run(self) -> list[Any]:
        return await _cancelled(self, TRY)


@workflow.defn
class CancelsWaiting(Told):
    @workflow.run
    async def run(self) -> list[Any]:
        return await _cancelled(self, WAIT)


@workflow.defn
class CancelsAbandoning(Told):
    @workflow.run
    async def run(self) -> list[Any]:
        return await _cancelled(self, ABANDON)


@workflow.defn
class CancelsAtOnce(Told):
    """Asked for and cancelled in one task: nobody outside hears of it."""

    @workflow.run
    async def run(self) -> list[Any]:
        outcomes: list[Any] = []
        for mode in (TRY, WAIT, ABANDON):
            handle = workflow.start_activity(
                "echo", "never", start_to_close_timeout=HOUR, cancellation_type=mode
            )
            handle.cancel()
            try:
                outcomes.append(await handle)
            except (ActivityError, asyncio.CancelledError) as error:
                outcomes.append(type(error).__name__)
        timer = asyncio.ensure_future(workflow.sleep(HOUR))
        await asyncio.sleep(0)
        timer.cancel()
        return outcomes


@workflow.defn
class IsCancelled(Told):
    """Cancelled from outside; cleans up, and ends as cancelled."""

    @workflow.run
    async def run(self) -> None:
        try:
            await workflow.sleep(timedelta(days=5))
        finally:
            await act("echo", "cleaned up")


@workflow.defn
class WaitsUntil(Told):
    """A signal and its deadline at the same instant."""

    @workflow.run
    async def run(self) -> list[Any]:
        try:
            await workflow.wait_condition(lambda: self.stopped, timeout=HOUR)
        except TimeoutError:
            return ["too late", await act("echo", "chase")]
        return ["in time", await act("echo", "thank")]


@workflow.defn
class Retries(Told):
    @workflow.run
    async def run(self) -> list[Any]:
        outcomes: list[Any] = [await act("third_time", "lucky")]
        odd: list[tuple[str, dict[str, Any]]] = [
            ("always", {"retry_policy": RetryPolicy(maximum_attempts=3, backoff_coefficient=3.0)}),
            ("never_again", {}),
            ("odd_type", {"retry_policy": RetryPolicy(non_retryable_error_types=["Odd"])}),
            ("told_when", {"retry_policy": RetryPolicy(maximum_attempts=2)}),
            (
                "always",
                {"schedule_to_close_timeout": timedelta(minutes=1), "retry_policy": RetryPolicy()},
            ),
        ]
        for name, options in odd:
            try:
                outcomes.append(await act(name, "x", **options))
            except ActivityError as error:
                outcomes.append(failed(error))
        return outcomes


@workflow.defn
class TimesOut(Told):
    @workflow.run
    async def run(self) -> list[Any]:
        try:
            await act(
                "hangs",
                start_to_close_timeout=timedelta(seconds=1),
                retry_policy=RetryPolicy(maximum_attempts=2),
            )
        except ActivityError as error:
            return failed(error)
        return ["in time"]


@workflow.defn
class Updated(Told):
    @workflow.run
    async def run(self) -> list[str]:
        await workflow.wait_condition(lambda: self.stopped)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.words

    @workflow.update
    async def ask(self, word: str) -> str:
        self.words.append(f"asked {word}")
        await workflow.sleep(HOUR)
        answer: str = await act("echo", word)
        self.words.append(f"answered {answer}")
        return answer

    @ask.validator
    def _check(self, word: str) -> None:
        if word == "no":
            raise ApplicationError("not that word", type="Refused")


@workflow.defn
class Patched(Told):
    @workflow.run
    async def run(self) -> list[Any]:
        await workflow.sleep(HOUR)
        found: list[Any] = []
        if workflow.patched("new-way"):
            found.append(await act("echo", "new"))
        if workflow.patched("new-way"):
            found.append("still")
        workflow.deprecate_patch("old-way")
        return found


@workflow.defn
class Local(Told):
    @workflow.run
    async def run(self) -> list[Any]:
        async def local(name: str, argument: str, **options: Any) -> Any:
            options.setdefault("retry_policy", RetryPolicy(maximum_attempts=4))
            options.setdefault("schedule_to_close_timeout", HOUR)
            return await workflow.execute_local_activity(name, argument, **options)

        found = list(await asyncio.gather(local("echo", "one"), act("echo", "two"), local("echo", "three")))
        await workflow.sleep(HOUR)
        found.append(
            await local(
                "third_time",
                "backed off",
                local_retry_threshold=timedelta(seconds=2),
                retry_policy=RetryPolicy(initial_interval=timedelta(seconds=5)),
            )
        )
        try:
            await local("never_again", "x")
        except ApplicationError as error:  # a local activity's failure comes as it is
            found.append(["failed", str(error.type)])
        waiting = asyncio.ensure_future(local("slow", "cut short"))
        await asyncio.sleep(0)
        waiting.cancel()
        try:
            found.append(await waiting)
        except (FailureError, asyncio.CancelledError) as error:
            found.append(type(error).__name__)
        return found


@workflow.defn
class Continues(Told):
    @workflow.run
    async def run(self, round: int) -> list[Any]:
        await workflow.sleep(HOUR)
        heard = await act("echo", f"round {round}")
        if round < 3:
            workflow.continue_as_new(round + 1)
        return [heard, workflow.info().continued_run_id is not None]


@workflow.defn
class Remembers(Told):
    @workflow.run
    async def run(self) -> list[Any]:
        workflow.upsert_memo({"phase": "one", "n": 1})
        await workflow.sleep(HOUR)
        workflow.upsert_memo({"phase": "two", "n": None})
        return [workflow.memo_value("phase"), workflow.memo_value("n", "gone")]


@workflow.defn
class Fails(Told):
    @workflow.run
    async def run(self) -> None:
        await workflow.sleep(HOUR)
        raise ApplicationError("of no use", "detail", type="Useless", non_retryable=True)


@workflow.defn
class Draws(Told):
    """Chance from the workflow itself."""

    @workflow.run
    async def run(self) -> list[Any]:
        first = workflow.random().random()
        await workflow.sleep(HOUR)
        return [first, str(workflow.uuid4()), await act("echo", workflow.random().randint(1, 10**9))]
