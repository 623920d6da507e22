"""Workflows that start, signal and cancel others, for comparing the engine with a real server. That one skips no time
while a child is open, so theirs is short. The sandbox imports this for every run."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import (
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    WorkflowAlreadyStartedError,
)

BEAT = timedelta(seconds=1)
Mode = workflow.ChildWorkflowCancellationType
Policy = workflow.ParentClosePolicy
LEFT = {Policy.TERMINATE: 200, Policy.ABANDON: 5, Policy.REQUEST_CANCEL: 200}
"""Beats that a child would sleep which its parent leaves behind: a busy server takes its time to end one."""


def seen(error: BaseException) -> list[Any]:
    """What an author can see of an error and its causes."""
    found: list[Any] = []
    told: BaseException | None = error
    while told is not None:
        state = getattr(told, "retry_state", None)
        found.append([type(told).__name__, str(told), str(getattr(told, "type", "")), state and state.name])
        told = told.cause if isinstance(told, FailureError) else None
    return found


def own(name: str) -> str:
    """An id of this run's own."""
    return f"{workflow.info().workflow_id}/{name}"


@workflow.defn
class Sleeper:
    """Sleeps, says who it is, and does as it is told when cancelled."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    @workflow.run
    async def run(self, beats: int, end: str = "well") -> list[Any]:
        info = workflow.info()
        parent = info.parent.workflow_id if info.parent else None
        try:
            await workflow.sleep(BEAT * beats)
        except asyncio.CancelledError:
            if end == "stubborn":
                await workflow.sleep(BEAT)
                return ["stayed", *self.heard]
            raise
        if end == "badly":
            raise ApplicationError("slept badly", type="Nightmare")
        if end == "again" and not info.continued_run_id:
            workflow.continue_as_new(args=[beats, end])
        if end == "becomes" and not info.continued_run_id:
            workflow.continue_as_new(args=[0, "flaky"])
        if end == "flaky" and info.attempt < 2:
            raise ApplicationError("flaky")
        if end == "late" and info.attempt < 3:
            await workflow.sleep(BEAT * 200)
        if end == "thrice" and info.attempt < 3:
            raise ApplicationError(f"attempt {info.attempt}")
        return [end, parent == info.workflow_id.rpartition("/")[0], *self.heard]

    @workflow.signal
    def wake(self, word: str) -> None:
        self.heard.append(word)


@workflow.defn
class StartsChildren:
    """One after the other, two at once, one that continues as new."""

    @workflow.run
    async def run(self) -> list[Any]:
        first = await workflow.execute_child_workflow(Sleeper.run, args=[2], id=own("first"))
        both = await asyncio.gather(
            workflow.execute_child_workflow(Sleeper.run, args=[3, "again"], id=own("long")),
            workflow.execute_child_workflow(Sleeper.run, args=[0], id=own("short")),
        )
        return [first, *both]


@workflow.defn
class ChildFails:
    @workflow.run
    async def run(self) -> list[Any]:
        try:
            await workflow.execute_child_workflow(Sleeper.run, args=[1, "badly"], id=own("bad"))
        except ChildWorkflowError as error:
            return seen(error)
        return []


@workflow.defn
class ChildRetries:
    """A child is started anew when it fails, and its parent hears of the last end only."""

    @workflow.run
    async def run(self) -> list[Any]:
        policy = RetryPolicy(initial_interval=BEAT, backoff_coefficient=2.0, maximum_attempts=3)
        return [
            await workflow.execute_child_workflow(
                Sleeper.run, args=[1, "thrice"], id=own("thrice"), retry_policy=policy
            )
        ]


@workflow.defn
class ChildGivesUp:
    @workflow.run
    async def run(self) -> list[Any]:
        policy = RetryPolicy(initial_interval=BEAT, maximum_attempts=2)
        try:
            await workflow.execute_child_workflow(
                Sleeper.run, args=[1, "badly"], id=own("bad"), retry_policy=policy
            )
        except ChildWorkflowError as error:
            return seen(error)
        return []


@workflow.defn
class ChildTakesTooLong:
    @workflow.run
    async def run(self) -> list[Any]:
        try:
            await workflow.execute_child_workflow(
                Sleeper.run, args=[50], id=own("long"), execution_timeout=BEAT * 4
            )
        except ChildWorkflowError as error:
            return seen(error)
        return []


@workflow.defn
class ChildIsLateTwice:
    """Each attempt has the limit of a run anew. The third has seconds to end in, on a server that is busy one more."""

    @workflow.run
    async def run(self) -> list[Any]:
        policy = RetryPolicy(initial_interval=BEAT, backoff_coefficient=1.0, maximum_attempts=4)
        found = [
            await workflow.execute_child_workflow(
                Sleeper.run, args=[0, "late"], id=own("late"), run_timeout=BEAT * 4, retry_policy=policy
            )
        ]
        try:
            await workflow.execute_child_workflow(
                Sleeper.run, args=[200], id=own("too-late"), run_timeout=BEAT
            )
        except ChildWorkflowError as error:
            found.append(seen(error))
        return found


@workflow.defn
class ChildContinuesInTime:
    """The limit of a run is of each run: two of them take longer than it."""

    @workflow.run
    async def run(self) -> list[Any]:
        return await workflow.execute_child_workflow(
            Sleeper.run, args=[4, "again"], id=own("again"), run_timeout=BEAT * 7.5
        )


@workflow.defn
class ChildFailsOnItsWay:
    """It is tried again as it had continued, not as it was first asked for."""

    @workflow.run
    async def run(self) -> list[Any]:
        policy = RetryPolicy(initial_interval=BEAT, maximum_attempts=3)
        return [
            await workflow.execute_child_workflow(
                Sleeper.run, args=[0, "becomes"], id=own("child"), retry_policy=policy
            )
        ]


@workflow.defn
class ReachesNobody:
    """Itself, and a run that never was."""

    @workflow.run
    async def run(self) -> list[Any]:
        child = await workflow.start_child_workflow(Sleeper.run, args=[2], id=own("child"))
        myself = workflow.get_external_workflow_handle(workflow.info().workflow_id)
        never = workflow.get_external_workflow_handle(child.id, run_id="6f0d7a42-6a5e-4b06-9a3a-3a8f3b1d0c11")
        found: list[Any] = []
        for reach in (
            lambda: myself.signal("wake", "me"),
            myself.cancel,
            lambda: never.signal("wake", "nobody"),
            never.cancel,
        ):
            try:
                await reach()
                found.append("reached")
            except Exception as error:  # noqa: BLE001 - what it is is the question
                found.append(seen(error))
        return [*found, await child]


@workflow.defn
class TakesASignalBack:
    """In the very task that asked for it."""

    @workflow.run
    async def run(self) -> list[Any]:
        child = await workflow.start_child_workflow(Sleeper.run, args=[2], id=own("child"))
        asked = asyncio.ensure_future(child.signal(Sleeper.wake, "never"))
        await asyncio.sleep(0)
        asked.cancel()
        try:
            await asked
            found: list[Any] = ["sent"]
        except (FailureError, asyncio.CancelledError) as error:
            found = [type(error).__name__]
        return [*found, await child]


@workflow.defn
class ReplacesTheOneThatRuns:
    @workflow.run
    async def run(self) -> list[Any]:
        first = await workflow.start_child_workflow(Sleeper.run, args=[200], id=own("child"))
        second = await workflow.start_child_workflow(
            Sleeper.run,
            args=[1],
            id=own("child"),
            id_reuse_policy=WorkflowIDReusePolicy.TERMINATE_IF_RUNNING,
        )
        try:
            found: list[Any] = [await first]
        except ChildWorkflowError as error:
            found = seen(error)
        return [*found, await second]


@workflow.defn
class CallsAChild:
    """Signals it by its handle and from the side, and reads what it heard."""

    @workflow.run
    async def run(self) -> list[Any]:
        child = await workflow.start_child_workflow(Sleeper.run, args=[2], id=own("child"))
        await child.signal(Sleeper.wake, "one")
        await workflow.sleep(BEAT)
        await workflow.get_external_workflow_handle_for(Sleeper.run, child.id).signal(Sleeper.wake, "two")
        return [await child]


@workflow.defn
class SignalsTheGone:
    """Whom it signals and cancels has ended."""

    @workflow.run
    async def run(self) -> list[Any]:
        child = await workflow.start_child_workflow(Sleeper.run, args=[1], id=own("child"))
        found = [await child]
        gone = workflow.get_external_workflow_handle(child.id)
        for reach in (lambda: gone.signal("wake", "late"), gone.cancel):
            try:
                await reach()
            except Exception as error:  # noqa: BLE001 - what it is is the question
                found.append(seen(error))
        return found


@workflow.defn
class Answers:
    """Tells the one who started it."""

    @workflow.run
    async def run(self) -> str:
        parent = workflow.info().parent
        assert parent is not None
        await workflow.sleep(BEAT)
        await workflow.get_external_workflow_handle(parent.workflow_id).signal("hear", "it is done")
        return "told"


@workflow.defn
class HearsFromAChild:
    def __init__(self) -> None:
        self.heard: list[str] = []

    @workflow.run
    async def run(self) -> list[Any]:
        child = await workflow.start_child_workflow(Answers.run, id=own("child"))
        await workflow.wait_condition(lambda: bool(self.heard))
        return [*self.heard, await child]

    @workflow.signal
    def hear(self, word: str) -> None:
        self.heard.append(word)


class _Cancels:
    async def cancels(self, mode: Mode, end: str) -> list[Any]:
        child = await workflow.start_child_workflow(
            Sleeper.run, args=[50, end], id=own("child"), cancellation_type=mode
        )
        await workflow.sleep(BEAT)
        child.cancel()
        try:
            found: list[Any] = [await child]
        except ChildWorkflowError as error:
            found = seen(error)
        before = workflow.now()
        await workflow.sleep(BEAT * 6)
        return [*found, (workflow.now() - before).total_seconds()]


@workflow.defn
class CancelsAChildWaiting(_Cancels):
    @workflow.run
    async def run(self) -> list[Any]:
        return await self.cancels(Mode.WAIT_CANCELLATION_COMPLETED, "well")


@workflow.defn
class CancelsAStubbornChild(_Cancels):
    @workflow.run
    async def run(self) -> list[Any]:
        return await self.cancels(Mode.WAIT_CANCELLATION_COMPLETED, "stubborn")


@workflow.defn
class CancelsAChildTrying(_Cancels):
    @workflow.run
    async def run(self) -> list[Any]:
        return await self.cancels(Mode.TRY_CANCEL, "stubborn")


@workflow.defn
class CancelsAChildAsking(_Cancels):
    @workflow.run
    async def run(self) -> list[Any]:
        return await self.cancels(Mode.WAIT_CANCELLATION_REQUESTED, "stubborn")


@workflow.defn
class AbandonsAChild(_Cancels):
    @workflow.run
    async def run(self) -> list[Any]:
        return await self.cancels(Mode.ABANDON, "well")


@workflow.defn
class CancelsAtOnce:
    """In the very task that asked for it."""

    @workflow.run
    async def run(self) -> list[Any]:
        asked = asyncio.ensure_future(
            workflow.execute_child_workflow(Sleeper.run, args=[50], id=own("child"))
        )
        await asyncio.sleep(0)
        asked.cancel()
        try:
            return [await asked]
        except (FailureError, asyncio.CancelledError) as error:
            return seen(error)


@workflow.defn
class CancelsFromTheSide:
    @workflow.run
    async def run(self) -> list[Any]:
        child = await workflow.start_child_workflow(Sleeper.run, args=[50], id=own("child"))
        await workflow.get_external_workflow_handle(child.id).cancel()
        try:
            return [await child]
        except ChildWorkflowError as error:
            return seen(error)


@workflow.defn
class StartsTheSameTwice:
    """While one is open under an id there is no other, and after it as the policy says."""

    @workflow.run
    async def run(self) -> list[Any]:
        found: list[Any] = []
        child = await workflow.start_child_workflow(Sleeper.run, args=[1], id=own("child"))
        found.append(await self.again(WorkflowIDReusePolicy.ALLOW_DUPLICATE))
        await child
        found.append(await self.again(WorkflowIDReusePolicy.REJECT_DUPLICATE))
        found.append(await self.again(WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY))
        found.append(await self.again(WorkflowIDReusePolicy.ALLOW_DUPLICATE))
        return found

    async def again(self, policy: WorkflowIDReusePolicy) -> Any:
        try:
            return await workflow.execute_child_workflow(
                Sleeper.run, args=[1], id=own("child"), id_reuse_policy=policy
            )
        except WorkflowAlreadyStartedError as error:
            return [error.workflow_type, str(error)]


@workflow.defn
class LeavesChildren:
    """Ends before they do, with each policy. What becomes of them is seen by a look at them."""

    @workflow.run
    async def run(self) -> str:
        for policy in (Policy.TERMINATE, Policy.ABANDON, Policy.REQUEST_CANCEL):
            await workflow.start_child_workflow(
                Sleeper.run, args=[LEFT[policy]], id=own(policy.name), parent_close_policy=policy
            )
        await workflow.sleep(BEAT)
        return "gone"


@workflow.defn
class Descends:
    """Starts another of its kind, down to the last."""

    @workflow.run
    async def run(self, deep: int = 2) -> list[Any]:
        info = workflow.info()
        below: list[Any] = []
        if deep:
            below = await workflow.execute_child_workflow(Descends.run, args=[deep - 1], id=own("below"))
        parent, root = info.parent, info.root
        top = info.workflow_id.partition("/")[0]
        return [deep, parent is not None, root is not None and root.workflow_id == top, *below]


@workflow.defn
class ContinuesBesideChildren:
    """Continues as new while they are open, with each policy."""

    @workflow.run
    async def run(self, again: bool = True) -> list[Any]:
        if again:
            await self.leave()
        # their sequence numbers are those of the ones that were left behind
        return [
            await workflow.execute_child_workflow(Sleeper.run, args=[0], id=own(f"next-{n}"))
            for n in range(3)
        ]

    async def leave(self) -> None:
        for policy in (Policy.TERMINATE, Policy.ABANDON, Policy.REQUEST_CANCEL):
            await workflow.start_child_workflow(
                Sleeper.run, args=[LEFT[policy]], id=own(policy.name), parent_close_policy=policy
            )
        await workflow.sleep(BEAT)
        workflow.continue_as_new(False)


@workflow.defn
class BecomesAnother:
    @workflow.run
    async def run(self, beats: int, end: str) -> list[Any]:
        await workflow.sleep(BEAT)
        workflow.continue_as_new(args=[beats, end], workflow=Sleeper.run)
