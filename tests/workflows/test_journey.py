"""What every journey can do, on the real server."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import pytest
from tests.workflows.probes import ArmsProbe, Bell, Drip, Twice, Waits, WaitsLonger
from tests.workflows.stage import Cast, Play, line, said, stage

from doorstep.contracts import Action, ActionKind, CatchUp
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import Outcome, OutcomeKind, SkipReason
from doorstep.domain.touches import TouchRequest
from doorstep.temporal_server import TemporalServer

JOURNEYS = [Waits, WaitsLonger, Drip, ArmsProbe, Twice, Bell]


@pytest.fixture
async def play(temporal_server: TemporalServer):
    async with stage(temporal_server.address, JOURNEYS) as made:
        yield made


async def test_a_refund_on_day_12_ends_a_thirty_day_wait_at_once(play) -> None:
    """The journey leaves a 30-day wait when nothing is kept, and still confirms the refund."""
    story: Play = await play("waits.v1", Cast())
    placed = story.start.placed.occurred_at
    await story.until(placed + timedelta(days=12))
    await story.tell(
        said("order.refunded", placed + timedelta(days=12), subject="r1", lines=[["l1", 1]], amount_minor=100)
    )
    await story.forward(seconds=3)
    assert await asyncio.wait_for(story.handle.result(), 60) == "nothing_kept"
    assert story.cast.steps == ["hello", "refund-confirmation"]
    assert story.cast.touches[-1].after_exit
    assert story.cast.touches[-1].as_of - placed < timedelta(days=12, minutes=1)
    assert story.cast.projections[-1].closed
    assert story.cast.projections[-1].outcome == "nothing_kept"


async def test_an_order_cancelled_at_creation_never_starts_its_story(play) -> None:
    """Cancelled inside the settle window: the story is not told, the exit is."""
    now = datetime.now(UTC)
    story = await play("waits.v1", Cast(), events=(said("order.cancelled", now),))
    await story.forward(seconds=3)
    assert await asyncio.wait_for(story.handle.result(), 60) == "order_cancelled"
    assert story.cast.steps == []


async def test_an_order_imported_late_sends_nothing_stale(play) -> None:
    """Twenty days late: what was due then is recorded as stale, not sent in a burst."""
    story = await play("drip.v1", Cast(), placed_at=datetime.now(UTC) - timedelta(days=20))
    await story.forward(seconds=3)
    assert await asyncio.wait_for(story.handle.result(), 60) == "dripped"
    assert story.cast.steps == []
    assert story.cast.ended == {f"day-{n}": SkipReason.STALE for n in range(1, 7)}


async def test_versions_live_side_by_side(play) -> None:
    """A version and its successor run at once on one worker, each on its own code."""
    old, new = await play("waits.v1", Cast()), await play("waits.v2", Cast())
    for story in (old, new):
        await story.forward(seconds=3)
    assert old.cast.steps == ["hello"]
    assert new.cast.steps == ["welcome", "hello"]
    assert new.cast.touches[0].journey_type == "waits.v2"


async def test_conditions_are_asked_when_the_touch_is_due(play) -> None:
    """A review that comes after `send` was called and before it is due stops it."""
    story = await play("drip.v1", Cast())
    placed = story.start.placed.occurred_at
    await story.until(placed + timedelta(days=3, hours=12))
    sent = list(story.cast.steps)
    await story.tell(said("review.submitted", placed + timedelta(days=3), rating=5))
    assert await story.to_the_end() == "dripped"
    assert story.cast.steps == sent
    assert story.cast.ended["day-6"] == SkipReason.NOT_RELEVANT


async def test_a_deferred_touch_is_asked_again_when_the_gate_said(play) -> None:
    """A deferral moves the touch to the gate's moment; its due moment stays what it was."""
    asked: list[TouchRequest] = []

    def answer(request: TouchRequest) -> Outcome:
        asked.append(request)
        if len(asked) == 1:
            until = request.as_of + timedelta(hours=7)
            return Outcome(kind=OutcomeKind.DEFERRED, until=until, reason=SkipReason.FREQUENCY_CAPPED)
        return Outcome(kind=OutcomeKind.SENT, channel=Channel.EMAIL)

    story = await play("drip.v1", Cast(answer=answer))
    await story.until(story.start.placed.occurred_at + timedelta(days=2))
    waits = {w.name: w for w in (await story.view()).waits}
    if "day-1" in waits:
        assert waits["day-1"].note == "frequency_capped"
    await story.forward(hours=8)
    first, second = asked[:2]
    assert first.key == second.key
    assert first.due_at == second.due_at
    assert timedelta(hours=7) <= second.as_of - first.as_of < timedelta(hours=7, minutes=1)


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        (CatchUp.SKIP, ["day-1", "day-6"]),
        (CatchUp.SEND_STILL_USEFUL, ["day-1", "day-3", "day-4", "day-5", "day-6"]),
        (CatchUp.SHIFT, ["day-1", "day-2", "day-3", "day-4", "day-5", "day-6"]),
    ],
)
async def test_a_pause_and_its_catch_up(play, catch_up: CatchUp, expected: list[str]) -> None:
    """Paused on day 2 and resumed late on day 5: skip drops what fell due, send_still_useful sends what is of
    use at most one an hour, shift moves everything by the pause."""
    story: Play = await play("drip.v1", Cast())
    await story.forward(seconds=3)
    anchor = next(w.until for w in (await story.view()).waits)
    await story.until(anchor + timedelta(hours=2))
    assert (await story.act(Action(id="a1", kind=ActionKind.PAUSE))).applied
    await story.until(anchor + timedelta(days=4, hours=1))
    assert story.cast.steps == ["day-1"]
    assert (await story.view()).paused
    assert (await story.act(Action(id="a2", kind=ActionKind.RESUME, catch_up=catch_up))).applied
    resumed = await story.skipper.get_current_time(story.handle)
    await story.to_the_end()
    assert story.cast.steps == expected
    times = [t.as_of for t in story.cast.touches if t.as_of >= resumed]
    if catch_up is CatchUp.SEND_STILL_USEFUL:
        gaps = [b - a for a, b in itertools.pairwise(times)]
        assert all(gap >= timedelta(minutes=59) for gap in gaps)
    if catch_up is CatchUp.SHIFT:
        moved = story.cast.touches[1].due_at - anchor
        assert timedelta(days=4) < moved < timedelta(days=5, hours=2)


async def test_send_now_acts_on_what_waits_and_says_what_waits_otherwise(play) -> None:
    """Send-now releases a waiting touch past its timing; for a step that does not wait it changes nothing."""
    story = await play("drip.v1", Cast())
    await story.forward(seconds=3)
    refused = await story.act(Action(id="a1", kind=ActionKind.SEND_NOW, step="day-4"))
    assert not refused.applied
    assert refused.waiting == ("day-1",)
    assert story.cast.touches == []
    assert (await story.act(Action(id="a2", kind=ActionKind.SEND_NOW, step="day-1"))).applied
    await story.settled()
    assert story.cast.steps == ["day-1"]
    assert story.cast.touches[0].ignore_timing


async def test_skip_may_name_a_future_step(play) -> None:
    """A step skipped before it was reached ends as cancelled when it comes, and nothing else does."""
    story = await play("drip.v1", Cast())
    await story.forward(seconds=3)
    assert (await story.act(Action(id="a1", kind=ActionKind.SKIP, step="day-3"))).applied
    await story.to_the_end()
    assert story.cast.steps == ["day-1", "day-2", "day-4", "day-5", "day-6"]
    assert story.cast.ended == {"day-3": OutcomeKind.CANCELLED}


async def test_an_agent_cancels(play) -> None:
    """Cancel is an exit: what waits ends, the reason is kept."""
    story = await play("drip.v1", Cast())
    await story.forward(seconds=3)
    assert (await story.act(Action(id="a1", kind=ActionKind.CANCEL))).applied
    assert await asyncio.wait_for(story.handle.result(), 60) == "cancelled_by_agent"
    assert story.cast.ended == {"day-1": OutcomeKind.CANCELLED}


async def test_a_withdrawn_action_changes_nothing(play) -> None:
    """The API gave the action up before the journey could take it: the journey does not act on it."""
    story = await play("drip.v1", Cast())
    await story.forward(seconds=3)
    result = await story.act(Action(id="a1", kind=ActionKind.CANCEL, withdrawn=True))
    assert not result.applied
    assert (await story.view()).exit_cause == ""
    assert not (await story.view()).paused


async def test_an_exit_waits_for_a_touch_under_way(play) -> None:
    """A refund that comes while a touch is being sent: its outcome is kept before the journey leaves."""
    gate = asyncio.Event()

    async def slow(request: TouchRequest) -> Outcome:
        if request.step == "hello":
            await gate.wait()
        return Outcome(kind=OutcomeKind.SENT, channel=Channel.EMAIL)

    story = await play("waits.v1", Cast(answer=slow), settle=timedelta())
    placed = story.start.placed.occurred_at
    while story.cast.steps != ["hello"]:
        await asyncio.sleep(0.02)
    await story.handle.signal(
        "deliver", [said("order.refunded", placed, subject="r", lines=[["l1", 1]], amount_minor=1)]
    )
    await asyncio.sleep(0.3)
    assert story.cast.steps == ["hello"], "nothing else is sent while the first is under way"
    gate.set()
    assert await asyncio.wait_for(story.handle.result(), 60) == "nothing_kept"
    assert (await story.view()).steps[f"{story.start.journey_id}:hello"].sent


async def test_arms_end_in_the_order_they_were_started(play) -> None:
    """Leaving the block cancels the arms first started first, and each is waited for."""
    story = await play("arms.v1", Cast())
    await story.forward(seconds=3)
    await story.forward(minutes=2)
    assert await asyncio.wait_for(story.handle.result(), 60) == "1 2 3 4 5"


async def test_a_failing_arm_ends_the_block_with_its_error(play) -> None:
    """An arm's error cancels the block and the other arms and comes out of the block."""
    story = await play("arms.v1", Cast(), country="fail")
    await story.forward(seconds=3)
    await story.forward(minutes=2)
    assert await asyncio.wait_for(story.handle.result(), 60) == "cancelled block, arm failed, 1 2 4 5"


async def test_a_step_sent_twice_is_the_authors_mistake_and_harms_nobody(play) -> None:
    """Without about= the second send fails the workflow task, which waits for a fixed deploy."""
    story = await play("twice.v1", Cast(), settle=timedelta())
    for _ in range(200):
        raw = (await story.handle.describe()).raw_description
        if raw.pending_workflow_task.attempt > 1:
            break
        await asyncio.sleep(0.05)
    else:
        raise AssertionError("the mistake was not noticed")
    assert story.cast.steps == ["hello"]
    await story.handle.terminate("test over")


async def test_a_stores_own_event_is_heard_in_every_run(play) -> None:
    """Two runs at once, each with its own copy of the event class, both hear the event and its fields."""
    stories = [await play("bell.v1", Cast()) for _ in range(2)]
    for story in stories:
        at = story.start.placed.occurred_at
        await story.tell(said("stage.bell_rung", at, months=3))
        await story.forward(seconds=3)
        await story.tell(said("stage.bell_rung", at, subject="w", months=24))
        await story.forward(seconds=3)
        assert await asyncio.wait_for(story.handle.result(), 60) == "24"


async def test_a_zone_that_does_not_exist_changes_nothing(play) -> None:
    """A misspelt zone is remembered as an event and leaves the person's clock as it was."""
    story: Play = await play("drip.v1", Cast())
    await story.forward(seconds=3)
    await story.tell(said("customer.zone_changed", story.start.placed.occurred_at, zone="Mars/Olympus"))
    await story.forward(
        days=3
    )  # placed after midnight of the person's, two days end before the second opening
    assert story.cast.steps[:2] == ["day-1", "day-2"]


async def test_trouble_the_journey_has_not_heard_of_is_no_hot_loop(play) -> None:
    """The gate reads the database, which hears first: a touch held for it waits as long as the gate said."""

    def answer(request: TouchRequest) -> Outcome:
        until = request.as_of + timedelta(hours=6)
        return Outcome(kind=OutcomeKind.DEFERRED, until=until, reason=SkipReason.OPEN_EXCEPTION)

    story = await play("drip.v1", Cast(answer=answer))
    await story.until(story.start.placed.occurred_at + timedelta(days=2))
    assert 1 <= len(story.cast.touches) <= 8


async def test_a_touch_held_for_trouble_goes_when_the_trouble_ends(play) -> None:
    """The journey hears of the exception and of its end: the touch is asked again at once."""
    held = [True]

    def answer(request: TouchRequest) -> Outcome:
        until = request.as_of + timedelta(hours=20)
        if held[0]:
            return Outcome(kind=OutcomeKind.DEFERRED, until=until, reason=SkipReason.OPEN_EXCEPTION)
        return Outcome(kind=OutcomeKind.SENT, channel=Channel.EMAIL)

    story = await play("drip.v1", Cast(answer=answer))
    await story.forward(seconds=3)
    anchor = next(w.until for w in (await story.view()).waits)
    await story.tell(said("shipment.exception", story.start.placed.occurred_at, subject="p"))
    await story.until(anchor + timedelta(minutes=1))
    assert story.cast.steps == ["day-1"]
    held[0] = False
    await story.tell(said("shipment.in_transit", anchor, subject="p"))
    await story.forward(seconds=3)
    assert story.cast.steps == ["day-1", "day-1"]


async def test_a_shifting_pause_moves_the_deadlines_of_waits(play) -> None:
    """A wait until day 30 that was paused for ten days and shifted ends on day 40."""
    story = await play("waits.v1", Cast())
    await story.forward(seconds=3)
    placed = story.start.placed.occurred_at
    await story.until(placed + timedelta(days=5))
    await story.act(Action(id="a1", kind=ActionKind.PAUSE))
    await story.until(placed + timedelta(days=15))
    await story.act(Action(id="a2", kind=ActionKind.RESUME, catch_up=CatchUp.SHIFT))
    await story.until(placed + timedelta(days=35))
    assert (await story.view()).outcome == ""
    shown = next(w.until for w in (await story.view()).waits)
    assert timedelta(days=39) < shown - placed < timedelta(days=41)
    assert await story.to_the_end() == "missing"


async def test_a_partial_refund_does_not_end_the_journey(play) -> None:
    """A line goes back, another is kept: the journey goes on."""
    now = datetime.now(UTC)
    placed = said("order.placed", now, lines=[line("l1"), line("l2")])
    story = await play("waits.v1", Cast(), placed=placed)
    await story.forward(seconds=3)
    await story.tell(said("order.refunded", now, subject="r", lines=[["l1", 1]], amount_minor=1))
    await story.forward(seconds=3)
    assert (await story.view()).exit_cause == ""
