"""What would stop a message names the event that ends the block in which it is asked for, as far as the journey waits
for one: that is tried out, with an event made of what is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowHistory
from tests.planning.known import furnish
from tests.verifying.repository import HISTORIES

from doorstep.domain.messages import Channel
from doorstep.models.base import Database
from doorstep.planning import Planner
from doorstep.rehearsal.assuming import Assumption
from doorstep.rehearsal.plan import Plan
from doorstep.rehearsal.premises import start_of
from doorstep.rehearsal.rebuild import from_file
from doorstep.rehearsal.rehearse import built_in
from doorstep.workflows import registry
from shop import SECRET

AGAIN, ARRIVED = "The customer orders again.", "The whole order has arrived."


def planned(database: Database, story: str, day: float, assumption: Assumption = Assumption.NOTHING) -> Plan:
    registry.load(())
    whole = from_file(HISTORIES / f"{story}.json")
    start = start_of(whole)
    at: datetime = start.placed.occurred_at + timedelta(days=day)
    told = [event for event in whole.events if event.event_time.ToDatetime(UTC) <= at]
    history = WorkflowHistory(start.journey_id, told)
    furnish(database, history)
    planner = Planner(database, secret=SECRET, renderer=built_in(), channels=(Channel.EMAIL,))
    return planner.made(history, at, assumption=assumption)


def stopped_by(plan: Plan, event: str) -> set[str]:
    return {touch.step for touch in plan.ahead if event in touch.stops}


def sent(plan: Plan) -> set[str]:
    return {touch.step for touch in plan.ahead if touch.outcome == "sent"}


def test_what_is_promoted_ends_with_the_next_order(database: Database) -> None:
    plan = planned(database, "ninety-days-with-a-good-review", 9)
    selling = {step for step in sent(plan) if step.startswith(("win-back", "cross-sell", "replenishment"))}
    assert {"win-back-30", "win-back-45", "win-back-60"} <= selling
    assert stopped_by(plan, AGAIN) == selling
    assert "review-request" in sent(plan) - selling
    assert stopped_by(plan, ARRIVED) == set()


def test_what_goes_while_nothing_has_arrived_ends_when_it_has(database: Database) -> None:
    """So does the case for a parcel that never comes."""
    plan = planned(database, "refunded-on-day-twelve", 1.5)
    assert {"education", "never-arrived"} <= sent(plan)
    assert stopped_by(plan, ARRIVED) == sent(plan)
    assert stopped_by(plan, AGAIN) == set()


@pytest.mark.parametrize("assumption", list(Assumption))
def test_the_conditions_of_the_author_come_first_and_nothing_is_told_twice(
    database: Database, assumption: Assumption
) -> None:
    plan = planned(database, "ninety-days-with-a-good-review", 5.5, assumption)
    [review] = [touch for touch in plan.ahead if touch.step == "review-request"]
    assert review.stops[0] == "The customer leaves a review."
    assert len(set(review.stops)) == len(review.stops)
