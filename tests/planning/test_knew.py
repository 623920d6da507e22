"""As of an instant of the past a plan also tells what the journey knew then: the histories are ones that real journeys
left, the tables hold all that is known by now."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from tests.planning.known import furnish
from tests.verifying.repository import HISTORIES

from doorstep.api.past import as_known
from doorstep.api.schemas.knew import Knew
from doorstep.api.schemas.plan import PlanAnswer
from doorstep.cli import plan as planning
from doorstep.domain.messages import Channel
from doorstep.models.base import Database
from doorstep.models.journeys import ActionRow
from doorstep.models.reading.detail import journey_detail
from doorstep.models.reading.views import JourneyDetail
from doorstep.planning import Planner
from doorstep.rehearsal.premises import start_of
from doorstep.rehearsal.rebuild import from_file
from doorstep.rehearsal.rehearse import built_in
from doorstep.workflows import registry
from shop import SECRET, add


class Whole:
    """One journey of which everything is known by now."""

    def __init__(self, database: Database, story: str, *, type_: str = "standard.v1") -> None:
        told = from_file(HISTORIES / f"{story}.json")
        self.start = start_of(told)
        self.begun = self.start.placed.occurred_at
        told.events[0].workflow_execution_started_event_attributes.workflow_type.name = type_
        self.history = WorkflowHistory(self.start.journey_id, told.events)
        self.now = max(e.event_time.ToDatetime(UTC) for e in told.events) + timedelta(days=1)
        self.database = database
        registry.load(())
        furnish(database, self.history, journey_type=type_)
        self.planner = Planner(database, secret=SECRET, renderer=built_in(), channels=(Channel.EMAIL,))

    def detail(self) -> JourneyDetail:
        with self.database.read() as session:
            found = journey_detail(session, self.start.journey_id, None, self.now)
        assert found is not None
        return found

    def as_of(self, day: float) -> PlanAnswer:
        made = self.planner.made(self.history, self.now, self.begun + timedelta(days=day))
        return as_known(made, self.history, self.detail(), self.database)

    def knew(self, day: float) -> Knew:
        told = self.as_of(day).knew
        assert told is not None
        return told

    def page(self, day: float) -> str:
        made = planning.page(self.as_of(day), self.detail())
        assert max(map(len, made)) <= 100
        return "\n".join(made)


def told(story: Whole, day: float) -> dict[str, Any]:
    """How much of each kind was known."""
    knew = story.knew(day)
    kinds = ("parcels", "refunds", "returns", "complaints", "orders_again")
    return {kind: len(getattr(knew, kind)) for kind in kinds if getattr(knew, kind)}


@pytest.mark.parametrize(
    ("story", "before", "after", "news"),
    [
        ("a-part-goes-back", 7.5, 8.5, {"parcels": 1, "returns": 1}),
        ("a-part-goes-back", 9.5, 10.5, {"parcels": 1, "returns": 1, "refunds": 1}),
        ("a-bad-review", 11.5, 12.5, {"parcels": 1, "complaints": 1}),
        ("the-next-order-comes-2", 34.5, 35.5, {"parcels": 1, "orders_again": 1}),
        ("a-parcel-in-trouble", 0.5, 1.5, {"parcels": 1}),
    ],
)
def test_what_was_heard_of_later_was_not_known(
    database: Database, story: str, before: float, after: float, news: dict[str, int]
) -> None:
    """Returns, refunds, complaints, parcels and orders placed again are told from the day on which they were heard of,
    each event with when it happened and when we heard."""
    whole = Whole(database, story)
    assert told(whole, before) != news
    assert told(whole, after) == news
    heard = whole.knew(after).heard
    assert all(h.heard.utc <= whole.begun + timedelta(days=after) for h in heard)
    assert len(heard) > len(whole.knew(before).heard)


def test_a_complaint_of_then_was_open_and_its_number_is_not_prose(database: Database) -> None:
    whole = Whole(database, "a-bad-review")
    [complaint] = whole.knew(12.5).complaints
    assert complaint.resolved is None
    assert complaint.about == "a review of 1 out of 5 stars"
    page = " ".join(whole.page(12.5).split())
    assert f"A complaint was open since {complaint.since.words} ({complaint.about})." in page
    assert f"({complaint.ref})" not in page


def test_a_parcel_is_where_it_was_then_with_every_word_of_it(database: Database) -> None:
    whole = Whole(database, "a-parcel-in-trouble")
    seen = [
        (whole.knew(day).parcels[0].status, len(whole.knew(day).parcels[0].heard)) for day in (1.5, 4.5, 9)
    ]
    assert seen == [("in_transit", 1), ("attempt_failed", 4), ("delivered", 6)]
    page = whole.page(4.5)
    assert "Known then" in page
    assert "attempt failed since Sun 29 Nov 2026" in page  # by the person's own clock
    assert "out for delivery" not in page
    assert page.count("(heard ") == 4
    assert "Parcel 1: attempt failed since" in page
    assert "Parcel shp_" not in page


def test_it_says_where_it_stood_and_what_had_been_sent(database: Database) -> None:
    """To the message; what the ledger says now of those that came later is not told."""
    whole = Whole(database, "a-part-goes-back")
    assert [whole.knew(day).phase for day in (1, 6, 200)] == ["on its way", "delivered", "closed"]
    every = {step.key: step for step in whole.detail().steps}
    for day in (0.5, 5.5, 9.5):
        at = whole.begun + timedelta(days=day)
        sent = {t.key for t in whole.knew(day).touches if t.outcome == "sent"}
        assert sent == {key for key, step in every.items() if step.sent and step.sent.utc <= at}
        assert 0 < len(sent) < len([s for s in every.values() if s.sent])
    page = whole.page(5.5)
    assert "It stood at 'delivered'" in page
    assert "order-confirmation: Sent by email on" in page
    assert "return-requested: Sent" not in page
    assert whole.knew(5.5).delivered is not None
    assert whole.knew(4.5).delivered is None


def test_money_and_pieces_are_told_as_people_read_them(database: Database) -> None:
    """And no number that is for machines: those of the refund and the return are in the JSON."""
    whole = Whole(database, "a-part-goes-back")
    page = whole.page(10.5)
    knew = whole.knew(10.5)
    assert not [one.ref for one in (*knew.refunds, *knew.returns) if f"({one.ref})" in page]
    assert "Refunded on Sat 5 Dec 2026, 10:17: €24.90, 1 × 610501." in page
    assert "A return of 1 × 610501: 1 × 610501 had come back" in page


def pause(whole: Whole, id_: str, kind: str, day: float) -> ActionRow:
    at = whole.begun + timedelta(days=day)
    return ActionRow(
        id=id_, store_id=whole.start.store_id, journey_id=whole.start.journey_id, kind=kind, reason="By phone",
        actor="key:4711", status="applied", created_at=at, done_at=at,
    )  # fmt: skip


@pytest.mark.parametrize("type_", ["standard.v1", "standard.v0"])
def test_a_pause_of_then_is_told_with_the_action_that_made_it(database: Database, type_: str) -> None:
    """With the version's code or without: there the agents' actions tell it."""
    whole = Whole(database, "paused-and-resumed-in-each-way", type_=type_)
    add(database, pause(whole, "act_one", "pause", 0), pause(whole, "act_two", "resume", 2))
    then = whole.as_of(0.5)
    assert then.rebuilt == (type_ == "standard.v1")
    assert then.pause is not None
    assert (then.pause.action, then.pause.actor) == ("act_one", "key:4711")
    assert then.knew is not None
    assert [a.id for a in then.knew.actions] == ["act_one"]
    assert "Paused on" in whole.page(0.5)
    assert whole.as_of(3).pause is None
    assert [a.id for a in whole.knew(3).actions] == ["act_one", "act_two"]


def test_where_the_code_is_gone_what_was_recorded_of_then_is_told(database: Database) -> None:
    """The history and the ledger know it without the code; where it stood they do not, and that is said."""
    whole = Whole(database, "a-part-goes-back", type_="standard.v0")
    knew = whole.knew(8.5)
    assert knew.phase is None
    assert told(whole, 8.5) == {"parcels": 1, "returns": 1}
    assert {"order-confirmation", "shipped"} <= {t.step for t in knew.touches if t.outcome == "sent"}
    assert "Where it stood cannot be told" in whole.page(8.5)
    assert whole.as_of(8.5).touches == []


def test_a_plan_of_now_does_without(database: Database) -> None:
    """The journey itself is there to be read."""
    whole = Whole(database, "a-part-goes-back")
    made = whole.planner.made(whole.history, whole.now)
    assert PlanAnswer.of(made, whole.detail()).knew is None


@pytest.mark.parametrize(
    ("story", "day"), [("nothing-ever-arrives", 0.5), ("ninety-days-with-a-good-review", 5.5)]
)
def test_what_would_stop_a_message_is_told_without_the_codes_words(
    database: Database, story: str, day: float
) -> None:
    stops = {t.step: t.stops for t in Whole(database, story).as_of(day).touches if t.outcome == "sent"}
    told = [said for of_step in stops.values() for said in of_step]
    assert not [said for said in told if "`" in said or "the case" in said or "heard before" in said]
    if day < 1:
        assert "It is not the person's first order." in stops["reassurance"]
    else:
        assert "The customer leaves a review." in stops["review-request"]


@pytest.mark.parametrize(
    "story",
    ["cancelled-and-never-refunded", "refunded-on-day-twelve", "sent-now-skipped-and-cancelled-by-an-agent"],
)
def test_at_every_instant_of_its_past_it_can_be_rebuilt(database: Database, story: str) -> None:
    """Also where all that was under way is its end: it ends as soon as it is asked."""
    whole = Whole(database, story)
    moments = sorted({event.event_time.ToDatetime(UTC) for event in whole.history.events})
    last = [moment for moment in moments if moment > moments[-1] - timedelta(seconds=10)]
    for moment in (*moments[:12], *last):
        made = whole.planner.made(whole.history, whole.now, moment)
        assert (made.rebuilt, made.note) == (True, ""), moment
