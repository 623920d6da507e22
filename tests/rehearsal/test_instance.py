"""The engine's instance is the SDK's with less asked twice: both say the same, to the byte, in every shipped scenario,
in every odd workflow, and wherever a hundred seeds send one that waits, limits and cancels in every mixture."""

from __future__ import annotations

import asyncio
import contextvars
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError
from temporalio.worker._workflow_instance import _WorkflowInstanceImpl
from tests.rehearsal.conformance import InEngine, engine_activities
from tests.rehearsal.test_conformance import ODD
from tests.rehearsal.wandering import Wanders

import doorstep
from doorstep.rehearsal import _sdk, shelf
from doorstep.rehearsal.activities import ActivityCall
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.log import Entry
from doorstep.rehearsal.moments import FIRST_DAY
from doorstep.rehearsal.rehearse import rehearse

Said = list[list[bytes]]
START = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Said]:
    """What every instance answered to each activation since it was last asked."""
    heard: Said = []
    activate = _sdk.Machine.activate

    def noted(self: _sdk.Machine, *args: Any, **more: Any) -> list[_sdk.Command]:
        commands = activate(self, *args, **more)
        heard.append([command.SerializeToString(deterministic=True) for command in _sdk.commands(commands)])
        return commands

    def told() -> Said:
        answer = heard.copy()
        heard.clear()
        return answer

    monkeypatch.setattr(_sdk.Machine, "activate", noted)
    return told


@pytest.mark.parametrize("scenario", sorted(shelf.files()))
def test_a_scenario_is_said_alike(
    scenario: str, said: Callable[[], Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = shelf.load(scenario)
    mine = rehearse("standard", told, render=False, first_day=FIRST_DAY)
    quick = said()
    monkeypatch.setattr(_sdk, "Instance", _WorkflowInstanceImpl)
    theirs = rehearse("standard", told, render=False, first_day=FIRST_DAY)
    assert quick
    assert quick == said()
    assert mine.touches == theirs.touches
    assert mine.ok


def test_what_is_ordinary_goes_the_light_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journey's activities and waits with our converter leave nothing to the SDK's heavier way: what both say is the
    same, so nothing else would notice."""
    told = shelf.load("happy-path")
    rehearse("standard", told, render=False)  # proven, which is done in the sandbox
    heavy: list[str] = []

    def noted(name: str, way: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **more: Any) -> Any:
            heavy.append(name)
            return way(*args, **more)

        return called

    for name in ("_outbound_schedule_activity", "_apply_resolve_activity", "workflow_wait_condition"):
        monkeypatch.setattr(_WorkflowInstanceImpl, name, noted(name, getattr(_WorkflowInstanceImpl, name)))
    assert rehearse("standard", told, render=False).ok
    assert heavy == []


@pytest.mark.parametrize(("cls", "args", "script", "_timed"), ODD, ids=[o[0].__name__ for o in ODD])
async def test_an_odd_workflow_is_said_alike(
    cls: type[Any],
    args: tuple[Any, ...],
    script: Callable[[InEngine], Any],
    _timed: bool,
    said: Callable[[], Said],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def played() -> Said:
        with Engine(
            cls,
            *args,
            workflow_id="odd",
            start=START,
            activities=engine_activities(),
            sandboxed=False,
        ) as engine:
            engine.run_until(START)
            await script(InEngine(engine))
            engine.run()
            assert engine.done
        return said()

    quick = await played()
    monkeypatch.setattr(_sdk, "Instance", _WorkflowInstanceImpl)
    assert quick
    assert quick == await played()


def test_the_sdks_internals_are_known_in_one_place() -> None:
    """A new release of the SDK is read through there, and nowhere else."""
    internal = re.compile(r"^\s*(?:from|import) temporalio\.(?:bridge|[\w.]*\b_)", re.MULTILINE)
    package = Path(doorstep.__file__).parent
    found = {
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if internal.search(file.read_text(encoding="utf-8"))
    }
    names = ("__init__", "activity", "info", "instance", "looping", "plain", "protocol", "waiting")
    assert found == {f"rehearsal/_sdk/{name}.py" for name in names}


def wandered(seed: int) -> tuple[list[tuple[str, str, str]], Any]:
    """A seed's way: told, asked, looked at and cancelled from outside at moments of its own. What was logged, with the
    line that asked for it."""
    draw = random.Random(seed)
    with Engine(
        Wanders,
        seed,
        workflow_id=f"wanders-{seed}",
        start=START,
        activities=engine_activities(),
        sandboxed=False,
        traced=True,
    ) as engine:
        for _ in range(draw.randint(1, 8)):
            engine.run_until(
                engine.now + draw.choice((timedelta(), timedelta(minutes=10), timedelta(minutes=47)))
            )
            if engine.done:
                break
            what = draw.random()
            if what < 0.6:
                engine.signal("say", draw.randint(1, 30))
            elif what < 0.8:
                engine.update("ask", draw.randint(1, 30))
            elif what < 0.9:
                assert engine.query("state")
            elif what < 0.95:
                engine.cancel("enough")
        engine.run()
        assert engine.done or engine.next_due is None
        return [(e.kind, e.name, str(e.place)) for e in engine.log], engine.ending and engine.ending.kind


@pytest.mark.filterwarnings("ignore::temporalio.workflow.UnfinishedUpdateHandlersWarning")
@pytest.mark.filterwarnings("ignore::temporalio.workflow.UnfinishedSignalHandlersWarning")
def test_a_hundred_ways_are_said_alike(said: Callable[[], Said], monkeypatch: pytest.MonkeyPatch) -> None:
    quick = [(wandered(seed), said()) for seed in range(100)]
    monkeypatch.setattr(_sdk, "Instance", _WorkflowInstanceImpl)
    for seed, (told, commands) in enumerate(quick):
        assert wandered(seed) == told, f"seed {seed}"
        assert said() == commands, f"seed {seed}"
    kinds = {kind for (log, _), _ in quick for kind, _, _ in log}
    assert kinds > {"cancel_timer", "request_cancel_activity", "local_activity_cancelled", "attempt_failed"}
    assert {ending for (_, ending), _ in quick} >= {
        "complete_workflow_execution",
        "cancel_workflow_execution",
    }


OPTIONS: list[tuple[bool, dict[str, Any]]] = [
    (False, {"start_to_close_timeout": 30}),
    (False, {"schedule_to_start_timeout": 30}),
    (False, {"heartbeat_timeout": 3}),
    (False, {"task_queue": 5}),
    (False, {"activity_id": 5}),
    (False, {"activity_id": "half \ud800"}),
    (False, {"retry_policy": RetryPolicy(maximum_attempts=-1)}),
    (False, {"retry_policy": RetryPolicy(backoff_coefficient=0.5)}),
    (True, {"local_retry_threshold": 4}),
    (True, {"retry_policy": RetryPolicy(maximum_attempts=-1)}),
]


@workflow.defn(sandboxed=False)
class GivesOptions:
    """Asks for an activity in a later task, and returns what became of it."""

    @workflow.run
    async def run(self, number: int) -> str:
        await workflow.sleep(timedelta(minutes=1))
        local, options = OPTIONS[number]
        given: dict[str, Any] = {"start_to_close_timeout": timedelta(minutes=1), **options}
        try:
            start = workflow.start_local_activity if local else workflow.start_activity
            await start("double", 2, **given)
        except Exception as error:  # noqa: BLE001 - what the SDK says is the matter
            return type(error).__name__
        return "well"


@pytest.mark.parametrize("number", range(len(OPTIONS)), ids=lambda n: str(OPTIONS[n]))
def test_an_option_that_the_sdk_refuses_is_refused_where_it_is_given(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outcome() -> str:
        with Engine(
            GivesOptions,
            number,
            workflow_id="w",
            start=START,
            activities=engine_activities(),
            sandboxed=False,
        ) as engine:
            engine.run()
            return str(engine.result)

    mine = outcome()
    monkeypatch.setattr(_sdk, "Instance", _WorkflowInstanceImpl)
    assert mine == outcome()
    assert mine != "well"


@workflow.defn(sandboxed=False)
class ChangesItsPolicy:
    """Changes a policy that it has given already."""

    @workflow.run
    async def run(self) -> str:
        await workflow.sleep(timedelta(minutes=1))
        policy = RetryPolicy(maximum_attempts=3)
        asked = workflow.start_activity(
            "never", start_to_close_timeout=timedelta(minutes=1), retry_policy=policy
        )
        policy.maximum_attempts = 1
        try:
            await asked
        except ActivityError:
            return "failed"
        return "well"


@workflow.defn(sandboxed=False)
class CancelsInACondition:
    """A condition that cancels who waits for another which held in the same look."""

    @workflow.run
    async def run(self) -> list[str]:
        said: list[str] = []

        async def first() -> None:
            try:
                await workflow.wait_condition(lambda: go)
            except asyncio.CancelledError:
                said.append("cancelled")

        def cancels() -> bool:
            if go and not said:
                waiting.cancel()
            return go

        go = False
        waiting = asyncio.ensure_future(first())
        second = asyncio.ensure_future(workflow.wait_condition(cancels))
        await workflow.sleep(timedelta(minutes=1))
        go = True
        await second
        await waiting
        return said


@workflow.defn(sandboxed=False)
class CancelsACallback:
    """One of C's own, given with a context."""

    @workflow.run
    async def run(self) -> list[int]:
        await workflow.sleep(timedelta(minutes=1))
        kept: list[int] = []
        loop = asyncio.get_running_loop()
        loop.call_soon(kept.append, 1, context=contextvars.copy_context())
        loop.call_soon(kept.append, 2, context=contextvars.copy_context()).cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return kept


@pytest.mark.parametrize("cls", [ChangesItsPolicy, CancelsInACondition, CancelsACallback])
def test_a_curious_workflow_ends_as_the_sdks_does(cls: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def never(call: ActivityCall) -> None:
        raise ValueError("no")

    def ended() -> tuple[Any, list[str]]:
        with Engine(
            cls, workflow_id="w", start=START, activities={"never": never}, sandboxed=False
        ) as engine:
            engine.run()
            return engine.result, [str(entry) for entry in engine.log]

    mine = ended()
    monkeypatch.setattr(_sdk, "Instance", _WorkflowInstanceImpl)
    assert mine == ended()


def test_logs_compare_by_what_they_say() -> None:
    def log() -> list[Entry]:
        with Engine(
            ChangesItsPolicy, workflow_id="w", start=START, activities=engine_activities(), sandboxed=False
        ) as engine:
            engine.run_until(START + timedelta(seconds=30))
            return engine.log

    assert log() == log()
    assert any(entry.command for entry in log())
