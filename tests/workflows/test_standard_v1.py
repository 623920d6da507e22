"""The standard journey on the real server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.workflows.stage import Cast, Play, line, said, stage

from doorstep.domain.events import Envelope
from doorstep.domain.outcomes import OutcomeKind, SkipReason
from doorstep.domain.shipments import ShipmentStatus
from doorstep.temporal_server import TemporalServer
from doorstep.workflows.standard_v1 import Standard

STORY = [
    "order-confirmation",
    "reassurance",
    "education",
    "shipped",
    "community",
    "out-for-delivery",
    "delivered",
    "care-guide",
    "arrived-safely",
    "check-in",
    "review-request",
    "cross-sell-7",
    "cross-sell-14",
    "cross-sell-21",
    "win-back-30",
    "win-back-45",
    "win-back-60",
]


def scan(status: str, at: datetime, **data: object) -> Envelope:
    assert status in set(ShipmentStatus)
    return said(f"shipment.{status}", at, subject="shp_1", **data)


@pytest.mark.parametrize("cached", [100, 0], ids=["cached", "rebuilt from history at every step"])
async def test_ninety_days_from_confirmation_to_the_close(
    temporal_server: TemporalServer, cached: int
) -> None:
    """A parcel that arrives on day 5 gets every touch of the standard journey, and the journey closes itself;
    the same when the worker forgets it after every task and replays it from its history."""
    async with stage(temporal_server.address, [Standard], cached=cached) as play:
        cast = Cast()
        story: Play = await play("standard.v1", cast)
        placed = story.start.placed.occurred_at
        await story.forward(seconds=3)
        assert cast.steps == ["order-confirmation"]
        await story.until(placed + timedelta(days=3))
        await story.tell(scan("in_transit", placed + timedelta(days=3)))
        await story.until(placed + timedelta(days=5))
        await story.tell(scan("out_for_delivery", placed + timedelta(days=5)))
        await story.until(placed + timedelta(days=5, hours=4))
        await story.tell(scan("delivered", placed + timedelta(days=5, hours=4)))
        await story.until(placed + timedelta(days=10))
        outcome = await story.to_the_end()
        history = await story.handle.fetch_history()
        assert cast.steps == STORY
        assert cast.ended == {"anticipation": OutcomeKind.CANCELLED}
        assert [p.reason for p in cast.points] == ["order"]
        assert cast.points[0].points == 42
        assert cast.projections[-1].closed
        assert cast.projections[-1].waits == ()
        assert len(history.events) <= 300, "history grew; see the cost table in docs/architecture.md"
        assert outcome == "completed"


async def opened(play: Any, cast: Cast, **changes: Any) -> tuple[Play, datetime]:
    """A standard journey whose confirmation has gone out, with a variant that gets no surprise."""
    story: Play = await play("standard.v1", cast, **changes)
    await story.forward(seconds=3)
    return story, story.start.placed.occurred_at


async def test_silence_is_told_by_us_first(temporal_server: TemporalServer) -> None:
    """No scan by when one was expected: the customer hears it once, and a late scan afterwards is told too."""
    async with stage(temporal_server.address, [Standard]) as play:
        cast = Cast()
        story, placed = await opened(play, cast)
        due = placed + timedelta(days=4)
        await story.tell(scan("in_transit", placed + timedelta(hours=1), expect_next_by=due.isoformat()))
        await story.until(due + timedelta(minutes=5))
        assert cast.steps.count("silence") == 1
        assert next(t for t in cast.touches if t.step == "silence").due_at == due
        await story.until(due + timedelta(days=1))
        await story.tell(scan("out_for_delivery", due + timedelta(days=1)))
        await story.forward(seconds=3)
        assert cast.steps[-1] == "out-for-delivery"
        assert cast.steps.count("silence") == 1


async def test_an_exception_reaches_customer_and_support(temporal_server: TemporalServer) -> None:
    """A parcel in trouble: one message, one ticket; a second scan of the same trouble on that day adds none."""
    async with stage(temporal_server.address, [Standard]) as play:
        cast = Cast()
        story, placed = await opened(play, cast)
        morning = _next_morning(placed)
        for hours in (1, 2):
            await story.until(morning + timedelta(hours=hours, minutes=1))
            await story.tell(scan("exception", morning + timedelta(hours=hours)))
            await story.forward(seconds=3)
        assert cast.steps.count("shipping-exception") == 1
        assert [t.reason for t in cast.tickets] == ["parcel-exception"]


async def test_delivered_before_shipped_was_heard(temporal_server: TemporalServer) -> None:
    """A late "in transit" after "delivered" is overtaken: recorded, not sent."""
    async with stage(temporal_server.address, [Standard]) as play:
        cast = Cast()
        story, placed = await opened(play, cast)
        await story.until(placed + timedelta(days=2, hours=1))
        await story.tell(scan("delivered", placed + timedelta(days=2)))
        await story.forward(seconds=3)
        await story.tell(scan("in_transit", placed + timedelta(days=1, hours=13)))
        await story.forward(seconds=3)
        assert "delivered" in cast.steps
        assert "shipped" not in cast.steps
        assert cast.ended["shipped"] == SkipReason.NOT_RELEVANT


async def test_a_repurchase_stops_selling_and_welcomes(temporal_server: TemporalServer) -> None:
    """The next order ends cross-sell and win-back and opens the VIP stream."""
    async with stage(temporal_server.address, [Standard]) as play:
        cast = Cast()
        story, placed = await opened(play, cast)
        await story.until(placed + timedelta(hours=3))
        await story.tell(scan("delivered", placed + timedelta(hours=2)))
        await story.until(placed + timedelta(days=10))
        again = said("customer.ordered_again", placed + timedelta(days=10), subject="ord_2")
        await story.tell(again)
        assert await story.to_the_end() == "repurchased"
        assert "vip-welcome" in cast.steps
        assert "cross-sell-7" in cast.steps
        assert not {"cross-sell-14", "win-back-30", "win-back-60"} & set(cast.steps)


async def test_a_bad_review_opens_a_case(temporal_server: TemporalServer) -> None:
    """Two stars: an apology, a ticket, no thank-you; five stars: points and thanks."""
    async with stage(temporal_server.address, [Standard]) as play:
        bad, good = Cast(), Cast()
        for cast, rating in ((bad, 2), (good, 5)):
            story, placed = await opened(play, cast)
            await story.until(placed + timedelta(hours=3))
            await story.tell(scan("delivered", placed + timedelta(hours=2)))
            await story.until(placed + timedelta(days=8))
            await story.tell(said("review.submitted", placed + timedelta(days=8), rating=rating))
            await story.until(placed + timedelta(days=12))
        assert "review-sorry" in bad.steps
        assert "review-thanks" not in bad.steps
        assert [t.reason for t in bad.tickets] == ["bad-review"]
        assert "review-thanks" in good.steps
        assert good.tickets == []
        assert [p.points for p in good.points if p.reason == "review"] == [50]


async def test_never_arrived(temporal_server: TemporalServer) -> None:
    """Thirty days without delivery: a ticket for a person, a word to the customer."""
    async with stage(temporal_server.address, [Standard]) as play:
        cast = Cast()
        story, _ = await opened(play, cast)
        assert await story.to_the_end() == "never_arrived"
        assert [t.reason for t in cast.tickets] == ["never-arrived"]
        assert cast.steps[-1] == "never-arrived"


async def test_cancelled_then_refunded(temporal_server: TemporalServer) -> None:
    """A cancellation is confirmed at once, its refund when it comes; points go back; nothing else is sent."""
    async with stage(temporal_server.address, [Standard]) as play:
        cast = Cast()
        story, placed = await opened(play, cast)
        await story.until(placed + timedelta(hours=1, minutes=1))
        await story.tell(said("order.cancelled", placed + timedelta(hours=1)))
        await story.forward(seconds=3)
        assert cast.steps == ["order-confirmation", "order-cancelled"]
        await story.forward(hours=20)
        refund = said("order.refunded", placed + timedelta(hours=20), subject="r", amount_minor=4200)
        await story.tell(refund)
        await story.forward(seconds=3)
        assert await asyncio.wait_for(story.handle.result(), 60) == "order_cancelled"
        assert cast.steps == ["order-confirmation", "order-cancelled", "refund-confirmation"]
        assert [p.points for p in cast.points] == [42, -42]


async def test_a_whole_return_is_told_to_the_end(temporal_server: TemporalServer) -> None:
    """Asking to send everything back ends nothing; its arrival does, and the refund is confirmed when it comes."""
    async with stage(temporal_server.address, [Standard]) as play:
        cast = Cast()
        story, placed = await opened(play, cast)
        day = timedelta(days=1)
        await story.until(placed + 2 * day)
        await story.tell(scan("delivered", placed + 2 * day))
        await story.until(placed + 5 * day)
        await story.tell(said("return.requested", placed + 5 * day, subject="R", lines=[["l1", 1]]))
        await story.forward(seconds=3)
        assert "return-requested" in cast.steps
        assert (await story.view()).exit_cause == ""
        await story.until(placed + 9 * day)
        await story.tell(said("return.received", placed + 9 * day, subject="R", lines=[["l1", 1]]))
        await story.forward(seconds=3)
        assert cast.steps[-1] == "return-complete"
        await story.until(placed + 12 * day)
        refund = said("order.refunded", placed + 12 * day, subject="r", lines=[["l1", 1]], amount_minor=4200)
        await story.tell(refund)
        await story.forward(seconds=3)
        assert await asyncio.wait_for(story.handle.result(), 60) == "nothing_kept"
        assert cast.steps[-1] == "refund-confirmation"


async def test_a_cancellation_confirms_its_own_refund(temporal_server: TemporalServer) -> None:
    """A partial refund told earlier is not confirmed again; the one that follows the cancellation is."""
    async with stage(temporal_server.address, [Standard]) as play:
        cast = Cast()
        story, placed = await opened(play, cast, placed=_two_lines())
        hour = timedelta(hours=1)
        await story.until(placed + hour)
        first = said("order.refunded", placed + hour, subject="r1", lines=[["l1", 1]], amount_minor=500)
        await story.tell(first)
        await story.until(placed + 2 * hour)
        await story.tell(said("order.cancelled", placed + 2 * hour))
        await story.until(placed + 5 * hour)
        await story.tell(said("order.refunded", placed + 5 * hour, subject="r2", amount_minor=3700))
        await story.forward(seconds=3)
        assert await asyncio.wait_for(story.handle.result(), 60) == "order_cancelled"
        told = [(t.step, t.occurrence) for t in cast.touches if "refund" in t.step]
        assert told == [
            ("partial-refund", "order:r1:refunded"),
            ("refund-confirmation", "order:r2:refunded"),
        ]


async def test_ordering_again_keeps_the_care_of_this_order(temporal_server: TemporalServer) -> None:
    """A second order before the first arrives: care guide, check-in and review request still come."""
    async with stage(temporal_server.address, [Standard]) as play:
        cast = Cast()
        story, placed = await opened(play, cast)
        await story.until(placed + timedelta(hours=1))
        await story.tell(said("customer.ordered_again", placed + timedelta(hours=1), subject="ord_2"))
        await story.until(placed + timedelta(days=2))
        await story.tell(scan("delivered", placed + timedelta(days=2)))
        assert await story.to_the_end() == "repurchased"
        assert {"vip-welcome", "care-guide", "arrived-safely", "check-in", "review-request"} <= set(
            cast.steps
        )
        assert "win-back-30" not in cast.steps


def _next_morning(placed: datetime) -> datetime:
    """Eight o'clock where the customer lives: what happens in the hours after it is of one day, whenever tests run."""
    here = placed.astimezone(ZoneInfo("Europe/Berlin")) + timedelta(days=1)
    return here.replace(hour=8, minute=0, second=0, microsecond=0)


async def test_facts_of_one_cause_are_one_touch(temporal_server: TemporalServer) -> None:
    """A return that arrives in two halves, and silence twice on one day, stop no journey and repeat nothing."""
    async with stage(temporal_server.address, [Standard]) as play:
        cast = Cast()
        story, placed = await opened(play, cast, placed=_two_lines())
        hour, morning = timedelta(hours=1), _next_morning(placed)
        await story.until(morning)
        for n in (1, 2):
            await story.tell(
                said("return.received", placed + n * timedelta(minutes=5), subject="R", lines=[["l1", n]])
            )
            await story.forward(seconds=3)
        await story.tell(scan("in_transit", morning, expect_next_by=(morning + hour).isoformat()))
        late = morning + hour + timedelta(minutes=1)
        await story.until(late)
        await story.tell(scan("in_transit", late, expect_next_by=(morning + 2 * hour).isoformat()))
        await story.until(morning + 3 * hour)
        assert cast.steps.count("return-received") == 1
        assert cast.steps.count("silence") == 1
        assert (await story.handle.describe()).raw_description.pending_workflow_task.attempt <= 1


def _two_lines() -> Envelope:
    now = datetime.now(UTC).replace(microsecond=0)
    lines = [line("l1", 2), line("l2")]
    return said("order.placed", now, lines=lines, total_minor=4200, currency="EUR")
