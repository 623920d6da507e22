"""A journey that an agent has paused: that is said first, nothing is said to go while it lasts, and what comes after it
is planned all the same. The history is one that a real journey left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from temporalio.client import WorkflowHistory
from tests.planning.known import furnish
from tests.verifying.repository import HISTORIES

from doorstep.api.past import as_known
from doorstep.api.schemas.explain import Explanation
from doorstep.api.schemas.plan import PlanAnswer
from doorstep.cli import explain as explaining
from doorstep.cli import plan as planning
from doorstep.contracts import Wait
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import SkipReason, TouchState
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.models.base import Database
from doorstep.models.codec_json import waits_json
from doorstep.models.journeys import ActionRow, JourneyRow
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.ledger_rows import ledger_values
from doorstep.models.people import ConsentRow
from doorstep.models.reading.detail import journey_detail
from doorstep.models.reading.views import JourneyDetail
from doorstep.models.tables import table
from doorstep.planning import Planner
from doorstep.rehearsal.exploring.steps import steps_of
from doorstep.rehearsal.premises import start_of
from doorstep.rehearsal.rebuild import from_file
from doorstep.rehearsal.rehearse import built_in
from doorstep.workflows import registry
from shop import SECRET, add

WHOLE = from_file(HISTORIES / "paused-and-resumed-in-each-way.json")
START = start_of(WHOLE)
BEGUN = START.placed.occurred_at
PAUSED, RESUMED = BEGUN + timedelta(hours=12), BEGUN + timedelta(days=2, hours=12)
WHY = "Asked for quiet on the phone"


def until(at: datetime) -> WorkflowHistory:
    events = [e for e in WHOLE.events if e.event_time.ToDatetime(UTC) <= at]
    return WorkflowHistory(START.journey_id, events)


@dataclass(frozen=True)
class Support:
    """Somebody who asks of that journey at `at`."""

    database: Database
    planner: Planner
    at: datetime

    def detail(self) -> JourneyDetail:
        with self.database.read() as session:
            found = journey_detail(session, START.journey_id, None, self.at)
        assert found is not None
        return found

    def plan(self, as_of: datetime | None = None) -> PlanAnswer:
        made = self.planner.made(until(self.at), self.at, as_of)
        if as_of is None:
            return PlanAnswer.of(made, self.detail())
        return as_known(made, until(self.at), self.detail(), self.database)

    def explain(self, step: str | None, *, temporal: bool = True) -> Explanation:
        return Explanation.of(self.detail(), step, self.plan() if temporal else None, steps_of)


def support(database: Database, at: datetime, step: str, *, paused: bool) -> Support:
    """`step` is what waits; the gate had been asked about it, and said that it must wait for the morning."""
    registry.load(())
    furnish(database, until(at))
    morning = at + timedelta(hours=9)
    asked = TouchRequest(
        key=f"{START.journey_id}:{step}", journey_id=START.journey_id, journey_type="standard.v1",
        store_id=START.store_id, order_ref=START.order_ref, person_ref=START.person_ref, step=step,
        template=step, purpose=Purpose.MARKETING, channels=(Channel.EMAIL,), due_at=at,
        expires_at=at + timedelta(days=3), as_of=at,
    )  # fmt: skip
    held = LedgerRow(
        request=asked,
        state=TouchState.DEFERRED,
        reason=SkipReason.QUIET_HOURS_EXPIRED,
        decided_at=at,
        deferred_until=morning,
    )
    add(
        database,
        ActionRow(
            id="act_1", store_id=START.store_id, journey_id=START.journey_id, kind="pause", reason=WHY,
            actor="key:4711", status="applied", created_at=BEGUN, done_at=BEGUN,
        ),
        LedgerRowModel(**ledger_values(held)),
    )  # fmt: skip
    waits = (Wait(kind="touch", name=step, until=morning),)
    with database.writing() as connection:
        connection.execute(update(table(JourneyRow)).values(paused=paused, waits=waits_json(waits)))
    planner = Planner(database, secret=SECRET, renderer=built_in(), channels=(Channel.EMAIL,))
    return Support(database, planner, at)


@pytest.fixture
def paused(database: Database) -> Support:
    return support(database, PAUSED, "reassurance", paused=True)


def withdrawn(database: Database) -> None:
    add(
        database,
        ConsentRow(
            store_id=START.store_id, person_id=START.person_ref, channel="email", purpose="marketing",
            granted=False, at=PAUSED, source="page",
        ),
    )  # fmt: skip


def test_a_plan_says_first_that_the_journey_is_paused_and_what_comes_once_it_is_not(paused: Support) -> None:
    """As JSON and at the terminal: since when, by whom, why; then under a named assumption every message to come."""
    told = paused.plan()
    assert told.pause is not None
    assert told.pause.since is not None
    assert abs(told.pause.since.utc - BEGUN) < timedelta(minutes=1)
    assert (told.pause.actor, told.pause.reason) == ("key:4711", WHY)
    assert "resumed now" in told.assumed[0]
    assert told.assumed[1] == "Nothing else happens."
    steps = [t.step for t in told.touches if t.outcome == "sent"]
    assert {"education", "community"} <= set(steps)
    assert all(t.when.utc >= PAUSED for t in told.touches)
    assert told.ends is not None
    page = planning.page(told, paused.detail())
    first = next(n for n, line in enumerate(page) if line.startswith("Paused since"))
    assert first < page.index("To come")
    assert any("resumed now" in line for line in page)
    assert max(len(line) for line in page) <= 100


def test_as_of_an_instant_it_is_paused_if_it_was_then(database: Database) -> None:
    """Whatever it is now."""
    later = support(database, RESUMED, "community", paused=False)
    assert later.plan().pause is None
    then = later.plan(PAUSED)
    assert then.pause is not None
    assert "resumed now" in then.assumed[0]


@pytest.mark.parametrize("temporal", [True, False])
def test_explain_says_that_nothing_can_go_while_it_is_paused(paused: Support, temporal: bool) -> None:
    """And tells no next moment, with Temporal there and away."""
    told = paused.explain("reassurance", temporal=temporal)
    assert told.pause is not None
    assert "Nothing can go until it is resumed" in told.pause.sentence
    assert [s.next for s in told.steps] == [None]
    assert "Held by the pause" in told.steps[0].sentence
    page = explaining.page(told, paused.detail())
    assert page[1].startswith("Paused since")
    assert not any("Could go next" in line or "  Waiting" in line for line in page)
    assert any("If it is resumed now and nothing else happens:" in line for line in page) == temporal
    assert max(len(line) for line in page) <= 100


def test_a_touch_that_a_lasting_reason_holds_back_has_no_next_moment(database: Database) -> None:
    """It waits for the morning, but nobody may write to the person any more."""
    resumed = support(database, RESUMED, "community", paused=False)
    assert [s.next is not None for s in resumed.explain("community").steps] == [True]
    withdrawn(database)
    told = resumed.explain("community")
    assert [(t.outcome, t.reason) for t in told.ahead] == [("skipped", "not_consented")]
    assert [s.next for s in told.steps] == [None]
    page = explaining.page(told, resumed.detail())
    assert not any("Could go next" in line for line in page)
    assert any("Would not go" in line for line in page)


def test_with_temporal_away_what_waits_is_what_the_tables_last_knew(database: Database) -> None:
    """And is said to be so, with when that was, beside each next moment and each message that waits: it may have gone,
    or been called off, since."""
    told_at = RESUMED - timedelta(minutes=7)
    resumed = support(database, RESUMED, "community", paused=False)
    waits = (Wait(kind="touch", name="education", until=RESUMED + timedelta(days=1)),)
    with database.writing() as connection:
        connection.execute(update(table(JourneyRow)).values(projected_at=told_at, waits=waits_json(waits)))
    note = "What the gate would say of what waits cannot be told: Temporal is away."
    away = Explanation.of(resumed.detail(), None, None, steps_of, note)
    assert away.last_known is not None
    assert away.last_known.utc == told_at
    [step] = [s for s in away.steps if s.step == "community"]
    assert all("the tables last knew" in said for said in (step.sentence, away.waits[0].sentence, away.note))
    assert not [s for s in away.steps if s.outcome == "sent" and "last knew" in s.sentence]
    page = explaining.page(away, resumed.detail())
    assert not any(line.startswith("  Could go next") for line in page)
    assert f"As the tables last knew ({away.last_known.words})" in " ".join(" ".join(page).split())
    assert max(len(line) for line in page) <= 100
    there = Explanation.of(resumed.detail(), None, resumed.plan(), steps_of)
    assert there.last_known is None
    assert "last knew" not in " ".join(
        [*(s.sentence for s in there.steps), *(w.sentence for w in there.waits)]
    )
    assert any(line.startswith("  Could go next") for line in explaining.page(there, resumed.detail()))


def test_where_nothing_waits_temporal_is_not_missed(database: Database) -> None:
    resumed = support(database, RESUMED, "community", paused=False)
    told = Explanation.of(resumed.detail(), None, None, steps_of)
    assert (told.note, told.last_known) == ("", None)
