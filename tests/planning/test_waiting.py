"""A plan says of a touch that waits for a slot since when and why, and what would keep it too long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from tests.planning.test_knew import Whole

from doorstep.domain.customers import Cap, StorePolicy
from doorstep.domain.messages import Channel, Purpose
from doorstep.models.base import Database
from doorstep.models.stores import StoreRow
from doorstep.rehearsal.stops import stops
from fakes import request

TOO_LATE = "until it is of no use any more"
WEEK = StorePolicy(caps=(Cap(limit=1, window=timedelta(hours=20)), Cap(limit=4, window=timedelta(days=7))))


@pytest.mark.parametrize(("priority", "most"), [(50, 3), (60, 4)])
def test_the_slots_that_a_touch_may_not_fill_are_not_counted_for_it(priority: int, most: int) -> None:
    """It said 4 within 7 days of every touch; one is kept for those that matter most, and the gate stops at 3. They
    keep it waiting, and stop it only when that takes too long; so does whatever ranks before it."""
    asked = request(priority=priority, purpose=Purpose.MARKETING)
    told = stops(asked, Channel.EMAIL, (), WEEK)
    assert f"One other message of marketing within 20 hours, {TOO_LATE}." in told
    assert f"{most} other messages of marketing within 7 days, {TOO_LATE}." in told
    assert f"A message of a higher rank waits for the same slot, {TOO_LATE}." in told


def test_what_waits_for_a_slot_says_so_and_what_goes_when_it_is_due_does_not(database: Database) -> None:
    whole = Whole(database, "ninety-days-with-a-good-review")
    policy = {"caps": [{"limit": 1, "hours": 100}], "headroom": 0}
    with database.write() as session:
        session.connection().execute(update(StoreRow).values(policy=policy))
    touches = [t for t in whole.as_of(5.5).touches if t.purpose == "marketing"]
    late = [t for t in touches if t.outcome == "sent" and t.when.utc > t.due.utc + timedelta(minutes=1)]
    assert late
    for touch in touches:
        assert (touch in late) == ("as many messages as the store allows" in touch.waits), touch.step


def test_what_a_plan_waits_for_is_told_as_status_tells_it(database: Database) -> None:
    """It gave the names of events, and of a touch that is held back the moment at which it is asked about again."""
    whole = Whole(database, "ninety-days-with-a-good-review")
    waits = {wait.name: wait.sentence for wait in whole.as_of(5.5).waits}
    assert waits["customer.ordered_again"].startswith("Waits to hear that the customer orders again")
    assert waits["win-back-30"].startswith("'win-back-30' is due on ")
    page = whole.page(5.5)
    assert "customer.ordered_again" not in page
    assert "Waits to hear that the customer orders again" in page
