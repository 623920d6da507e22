"""A journey rebuilt from its history is the journey: at its end, and at every instant of its past."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from tests.rehearsal.test_engine import Answers

from doorstep.contracts import JourneyView
from doorstep.domain.outcomes import OutcomeKind
from doorstep.errors import Unreadable
from doorstep.rehearsal import recorded
from doorstep.rehearsal.log import value
from doorstep.rehearsal.rebuild import CodeGone, from_file, rebuild
from doorstep.rehearsal.trouble import NotDeterministic
from doorstep.workflows import registry
from doorstep.workflows.standard_v1 import Standard

FILES = sorted((Path(__file__).parents[1] / "histories").rglob("*.json"))


@pytest.fixture(autouse=True)
def _journeys() -> None:
    registry.load()


def said_in(history: WorkflowHistory) -> list[tuple[str, str, Any]]:
    """Every timer and activity of a history with its whole content, in order."""
    found: list[tuple[str, str, Any]] = []
    for event in history.events:
        if event.HasField("timer_started_event_attributes"):
            timer = event.timer_started_event_attributes
            found.append(("start_timer", timer.timer_id, timer.start_to_fire_timeout.ToNanoseconds()))
        if event.HasField("activity_task_scheduled_event_attributes"):
            told = event.activity_task_scheduled_event_attributes
            found.append(
                ("schedule_activity", told.activity_type.name, [value(p) for p in told.input.payloads])
            )
    return found


def said_by(log: list[Any]) -> list[tuple[str, str, Any]]:
    found: list[tuple[str, str, Any]] = []
    for entry in log:
        if entry.kind == "start_timer":
            found.append((entry.kind, entry.name, entry.message.start_to_fire_timeout.ToNanoseconds()))
        if entry.kind == "schedule_activity":
            found.append((entry.kind, entry.name, [value(p) for p in entry.message.arguments]))
    return found


@pytest.mark.parametrize("file", FILES, ids=[f.stem for f in FILES])
def test_a_rebuilt_journey_says_to_the_byte_what_it_said(file: Path) -> None:
    """Durations and inputs too, which Temporal's own replay does not compare. (Timers taken back in the task that
    asked for them never reached the history.)"""
    history = from_file(file)
    engine = rebuild(history, registry.journeys())
    wanted = said_in(history)
    given = said_by(engine.log)
    assert [s for s in given if s in wanted] == wanted
    assert all(s[0] == "start_timer" for s in given if s not in wanted)
    assert engine.done == (
        history.events[-1].WhichOneof("attributes") == "workflow_execution_completed_event_attributes"
    )


def tasks(history: WorkflowHistory) -> list[datetime]:
    read = recorded.read(list(history.events))
    return [datetime.fromtimestamp(task.at / 1e6, UTC) for task in read.tasks]


@pytest.mark.parametrize("name", ["ninety-days-with-a-good-review", "paused-and-resumed-in-each-way"])
def test_a_journey_is_there_at_any_instant_of_its_past(name: str) -> None:
    history = from_file(next(f for f in FILES if f.stem == name))
    seen: list[JourneyView] = []
    for at in tasks(history)[::9]:
        with rebuild(history, registry.journeys(), at=at, activities=Answers().activities()) as engine:
            assert engine.now >= at
            if not engine.done:
                view = engine.query("state")
                assert isinstance(view, JourneyView)
                seen.append(view)
    assert len({v.phase for v in seen}) > 2
    assert [len(v.steps) for v in seen] == sorted(len(v.steps) for v in seen)


def test_a_rebuilt_journey_goes_on_by_itself() -> None:
    history = from_file(next(f for f in FILES if f.stem == "ninety-days-with-a-good-review"))
    at = tasks(history)[len(tasks(history)) // 2]
    answers = Answers()
    with rebuild(history, registry.journeys(), at=at, activities=answers.activities()) as engine:
        view = engine.query("state")
        answers.touches.clear()  # what was under way at that instant has been carried out anew
        before = {key for key, outcome in view.steps.items() if outcome.kind is not OutcomeKind.DEFERRED}
        engine.run()
        assert engine.done
    sent = [step for _, step in answers.touches]
    assert sent
    assert not [step for step in sent if any(key.endswith(f":{step}") for key in before)]


def test_what_it_has_not_been_told_yet_it_is_told_when_it_goes_on() -> None:
    """A worker that is down does not keep the plan from knowing of the parcel."""
    history = from_file(next(f for f in FILES if f.stem == "ninety-days-with-a-good-review"))
    delivered = next(
        e
        for e in history.events
        if e.HasField("workflow_execution_signaled_event_attributes")
        and b"delivered" in e.SerializeToString()
    )
    at = delivered.event_time.ToDatetime(UTC)
    with rebuild(history, registry.journeys(), at=at, activities=Answers().activities()) as engine:
        engine.run_until(at + timedelta(minutes=1))
        assert engine.query("state").phase == "delivered"


def test_code_that_goes_another_way_is_told_where_and_when() -> None:
    history = from_file(FILES[0])
    data = json.loads(history.to_json())
    for event in data["events"]:
        scheduled = event.get("activityTaskScheduledEventAttributes")
        if scheduled and scheduled["activityType"]["name"] == "move_points":
            scheduled["activityType"]["name"] = "take_points"
    changed = WorkflowHistory.from_json(history.workflow_id, data)
    with pytest.raises(NotDeterministic, match="recorded was 'schedule activity take points") as caught:
        rebuild(changed, registry.journeys(), traced=True)
    assert caught.value.file.endswith("standard_v1.py")
    assert caught.value.line > 0


def test_a_type_without_code_is_said_and_no_other_is_offered() -> None:
    """A history's type is no slip of anybody's pen: who reads a plan cannot mean another."""
    history = from_file(FILES[0])
    with pytest.raises(CodeGone) as caught:
        rebuild(history, {"standard.v2": Standard})
    assert caught.value.what == "There is no code of 'standard.v1' here."
    assert "DOORSTEP_STORE_PACKAGES" in caught.value.mend


def test_what_is_no_history_is_unreadable(tmp_path: Path) -> None:
    file = tmp_path / "no.json"
    file.write_text("{")
    with pytest.raises(Unreadable):
        from_file(file)
    with pytest.raises(Unreadable):
        rebuild(WorkflowHistory("x", []), registry.journeys())
