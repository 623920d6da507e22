"""The engine's instance is the SDK's with less asked twice: both say the same, to the byte, in every shipped scenario,
in every odd workflow, and wherever a hundred seeds send one that waits, limits and cancels in every mixture."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.worker._workflow_instance import _WorkflowInstanceImpl
from tests.rehearsal.conformance import InEngine, engine_activities
from tests.rehearsal.test_conformance import ODD
from tests.rehearsal.wandering import Wanders

import doorstep
from doorstep.rehearsal import _sdk, shelf
from doorstep.rehearsal.engine import Engine
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
    names = ("__init__", "activity", "instance", "looping", "plain", "protocol", "waiting")
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
