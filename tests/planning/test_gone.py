"""A journey whose version's code is not here: only what was recorded is told, and nothing is claimed beyond it."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from temporalio.client import WorkflowHistory
from tests.planning.known import furnish
from tests.verifying.repository import HISTORIES

from doorstep.api.schemas.explain import Explanation
from doorstep.api.schemas.plan import PlanAnswer
from doorstep.cli import plan as planning
from doorstep.domain.messages import Channel
from doorstep.errors import NotFound
from doorstep.models.base import Database
from doorstep.models.reading.detail import journey_detail
from doorstep.models.reading.views import JourneyDetail
from doorstep.planning import Planner
from doorstep.rehearsal.assuming import Assumption
from doorstep.rehearsal.exploring.steps import steps_of
from doorstep.rehearsal.premises import start_of
from doorstep.rehearsal.rebuild import from_file
from doorstep.rehearsal.rehearse import built_in
from doorstep.workflows import registry
from shop import SECRET

WHOLE = from_file(HISTORIES / "refunded-on-day-twelve.json")
START = start_of(WHOLE)
AT = START.placed.occurred_at + timedelta(days=1)


def history() -> WorkflowHistory:
    """Of a version that nobody has."""
    told = WorkflowHistory.from_json(START.journey_id, WHOLE.to_json())
    told.events[0].workflow_execution_started_event_attributes.workflow_type.name = "standard.v0"
    kept = [e for e in told.events if e.event_time.ToDatetime(UTC) <= AT]
    return WorkflowHistory(START.journey_id, kept)


@pytest.fixture
def detail(database: Database) -> JourneyDetail:
    registry.load(())
    furnish(database, history(), journey_type="standard.v0")
    with database.read() as session:
        found = journey_detail(session, START.journey_id, None, AT)
    assert found is not None
    return found


@pytest.mark.parametrize("assumption", list(Assumption))
def test_a_plan_that_was_not_made_assumes_nothing(
    database: Database, detail: JourneyDetail, assumption: Assumption
) -> None:
    planner = Planner(database, secret=SECRET, renderer=built_in(), channels=(Channel.EMAIL,))
    told = PlanAnswer.of(planner.made(history(), AT, None, assumption), detail)
    assert (told.rebuilt, told.assumed, told.touches) == (False, [], [])
    page = "\n".join(planning.page(told, detail))
    assert "Only what was recorded can be told" in page
    assert "•" not in page
    assert "happens" not in page


def test_explain_does_not_claim_that_there_is_no_such_step(detail: JourneyDetail) -> None:
    """It cannot know. What it had is offered."""
    with pytest.raises(NotFound) as refused:
        Explanation.of(detail, "care-guide", None, steps_of)
    assert "it cannot be told whether" in refused.value.what
    assert "has no step" not in refused.value.what
    with pytest.raises(NotFound, match="Did you mean 'order-confirmation'"):
        Explanation.of(detail, "order-confirmatoin", None, steps_of)
