"""While Temporal is away an order and the news of it wait, and its workflow is then told all at once: as of an instant
in between it had heard what we had heard, and no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from tests.planning.known import furnish
from tests.verifying.repository import HISTORIES

from doorstep.api.past import as_known
from doorstep.api.schemas.plan import PlanAnswer
from doorstep.converter import IN_PROCESS
from doorstep.domain.events import Envelope
from doorstep.domain.messages import Channel
from doorstep.models.base import Database
from doorstep.models.reading.detail import journey_detail
from doorstep.planning import Planner
from doorstep.rehearsal.plan import Plan
from doorstep.rehearsal.premises import heard, start_of
from doorstep.rehearsal.rebuild import from_file
from doorstep.rehearsal.rehearse import built_in
from doorstep.workflows import registry
from shop import SECRET

TOLD = from_file(HISTORIES / "refunded-on-day-twelve.json")
START = start_of(TOLD)
PLACED = START.placed.received_at
REFUNDED, BEGUN = PLACED + timedelta(seconds=5), PLACED + timedelta(minutes=2)
REFUND = Envelope(
    id="evt_refund", fact_key="refund:r1", type="order.refunded", occurred_at=REFUNDED - timedelta(seconds=4),
    received_at=REFUNDED, connection="shop", order_ref=START.order_ref, person_ref=START.person_ref, subject="r1",
    data={"amount_minor": 100, "lines": [[START.placed.data["lines"][0]["ref"], 1]]},
)  # fmt: skip


def begun(at: datetime, *events: Envelope) -> WorkflowHistory:
    """The journey, begun at `at` with those events beside its order, and no more of it yet."""
    first = HistoryEvent()
    first.CopyFrom(TOLD.events[0])
    first.event_time.FromDatetime(at)
    payloads = first.workflow_execution_started_event_attributes.input.payloads
    del payloads[:]
    payloads.extend(IN_PROCESS.payload_converter.to_payloads([replace(START, events=events)]))
    return WorkflowHistory(START.journey_id, [first])


AWAY = begun(BEGUN, REFUND)


@pytest.fixture
def planner(database: Database) -> Planner:
    registry.load(())
    furnish(database, AWAY)
    return Planner(database, secret=SECRET, renderer=built_in(), channels=(Channel.EMAIL,))


def sent(plan: Plan) -> list[str]:
    return [touch.step for touch in plan.ahead if touch.outcome == "sent"]


def test_the_refund_that_waited_too_is_heard_of_when_it_came() -> None:
    assert not heard(AWAY, REFUNDED - timedelta(seconds=1)).order.refunds
    assert heard(AWAY, REFUNDED).order.refunds
    assert heard(AWAY).order.refunds


def test_a_plan_of_before_it_came_knows_nothing_of_it(planner: Planner) -> None:
    """It is that of a journey begun then."""
    now = BEGUN + timedelta(hours=1)
    assert "partial-refund" in sent(planner.made(AWAY, now, BEGUN))
    before = REFUNDED - timedelta(seconds=1)
    plan = planner.made(AWAY, now, before)
    assert "partial-refund" not in sent(plan)
    assert plan == planner.made(begun(before), now, before)
    assert min(touch.at for touch in plan.ahead) < BEGUN


def test_the_page_of_before_it_came_does_not_tell_it(planner: Planner, database: Database) -> None:
    before = REFUNDED - timedelta(seconds=1)
    with database.read() as session:
        detail = journey_detail(session, START.journey_id, None, BEGUN)
    assert detail is not None

    def answer(at: datetime) -> PlanAnswer:
        made = planner.made(AWAY, BEGUN, at)
        return as_known(made, AWAY, detail, database)

    told, later = answer(before).knew, answer(REFUNDED).knew
    assert told is not None
    assert later is not None
    assert not told.refunds
    assert "order.refunded" not in {one.type for one in told.heard}
    assert later.refunds
