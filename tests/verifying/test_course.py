"""What a journey waits for, as things that two revisions can be compared by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from tests.verifying.histories import cut
from tests.verifying.repository import HISTORIES

from doorstep.rehearsal._sdk.plain import StartTimer
from doorstep.rehearsal.assuming import Assumption
from doorstep.rehearsal.carrying import carry
from doorstep.rehearsal.comparing import Change, Item, compared
from doorstep.rehearsal.course import Course
from doorstep.rehearsal.log import Entry, micros
from doorstep.rehearsal.rebuild import from_file
from doorstep.rehearsal.rehearse import built_in
from doorstep.workflows import registry

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def timer(number: int, lasts: timedelta) -> Entry:
    nanos = round(lasts.total_seconds() * 1_000_000_000)
    return Entry(micros(NOON), "start_timer", str(number), StartTimer(number, nanos))


def shown(
    *waits: tuple[str, str, timedelta], after: timedelta = timedelta(), phase: str = "on its way"
) -> Any:
    told = [{"kind": kind, "name": name, "until": (NOON + at).isoformat()} for kind, name, at in waits]
    return {"at": (NOON + after).isoformat(), "phase": phase, "waits": told}


def course(*said: Any, recorded: tuple[str, ...] = ("1", "2")) -> list[Item]:
    made = Course(set(recorded))
    for one in said:
        made.start(one) if isinstance(one, Entry) else made.show(one)
    return made.items()


def changes(old: list[Item], new: list[Item]) -> list[tuple[Change, str, str]]:
    return [(d.change, d.item.kind, d.item.name) for d in compared(old, new)]


def test_a_timer_of_its_own_that_a_journey_shows_nobody_is_compared() -> None:
    """`asyncio.sleep`: Temporal's replay looks at its number only."""
    assert changes(course(timer(1, DAY)), course(timer(1, 2 * DAY))) == [(Change.MOVED, "wait", "a timer")]
    assert changes(course(timer(1, DAY)), course(timer(1, DAY))) == []


def test_a_timer_that_was_taken_back_at_once_is_no_difference() -> None:
    """It never reaches the history, and nobody waits for it."""
    assert changes(course(timer(3, DAY)), course(timer(3, 2 * DAY))) == []


def test_a_timer_whose_wait_is_shown_is_told_by_its_name_alone() -> None:
    """Also where it was shown later (an activity was under way), and rounded to milliseconds."""
    both = [
        course(timer(1, lasts + timedelta(microseconds=400)), shown(("event", "order.refunded", lasts)))
        for lasts in (DAY, 2 * DAY)
    ]
    assert changes(*both) == [(Change.MOVED, "wait", "order.refunded")]


def test_the_wait_of_a_touch_is_none_of_these() -> None:
    """A touch says itself when it is due."""
    both = [course(timer(1, lasts), shown(("touch", "check-in", lasts))) for lasts in (DAY, 2 * DAY)]
    assert changes(*both) == []


def test_a_wait_that_goes_on_is_one() -> None:
    first, second = ("event", "order.refunded", DAY), ("moment", "the close", 3 * DAY)
    items = course(shown(first), shown(first, second, after=timedelta(hours=1)), shown(second, after=DAY))
    assert [(i.kind, i.name, i.at) for i in items] == [
        ("phase", "on its way", NOON),
        ("wait", "order.refunded", NOON + DAY),
        ("wait", "the close", NOON + 3 * DAY),
    ]


def test_a_wait_is_told_with_what_comes_at_its_end_where_both_moved_alike() -> None:
    def touch(at: timedelta) -> Item:
        return Item(key="touch x", kind="touch", name="x", at=NOON + at, done=True)

    def wait(at: timedelta) -> list[Item]:
        return course(shown(("moment", "a moment", at)))

    assert changes([touch(DAY), *wait(DAY)], [touch(2 * DAY), *wait(2 * DAY)]) == [
        (Change.MOVED, "touch", "x")
    ]
    assert changes([touch(DAY), *wait(DAY)], [touch(2 * DAY), *wait(3 * DAY)]) == [
        (Change.MOVED, "touch", "x"),
        (Change.MOVED, "wait", "a moment"),
    ]


def test_a_journey_that_was_terminated_has_an_end_without_a_result() -> None:
    whole = cut(from_file(HISTORIES / "ninety-days-with-a-good-review.json"), "community")
    last = whole.events[-1]
    closed = HistoryEvent(
        event_id=last.event_id + 1,
        event_time=last.event_time,
        event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    )
    closed.workflow_execution_terminated_event_attributes.reason = "for a test"
    history = WorkflowHistory(whole.workflow_id, [*whole.events, closed])
    registry.load(())
    carried = carry(history, built_in(), Assumption.ARRIVES, closely=True)
    assert carried.broken is None
    assert [item.outcome for item in carried.past if item.kind == "end"] == ["terminated"]
