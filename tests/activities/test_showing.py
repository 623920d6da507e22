"""What support sees, and what agents asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from doorstep.activities.showing import ShowingActivities
from doorstep.contracts import (
    ActionDone,
    ActionKind,
    ActionResult,
    CatchUp,
    ClaimRequest,
    Projection,
    StepRecord,
    Wait,
)
from doorstep.domain.outcomes import Outcome, OutcomeKind, RuleTrace, SkipReason, TouchState, Verdict
from doorstep.models.base import Database
from doorstep.models.codec_json import waits_of
from doorstep.models.journeys import ActionRow, JourneyRow
from doorstep.models.steering import withdraw
from doorstep.ports import Ports
from shop import JOURNEY, NOON, PERSON, STORE, a_request, add

WAITS = (
    Wait(kind="touch", name="review-request", until=NOON + timedelta(days=6)),
    Wait(kind="event", name="review.submitted"),
    Wait(kind="moment", name="day 3", until=NOON + timedelta(days=3)),
)
FIRST = Projection(journey_id=JOURNEY, revision=1, at=NOON, phase="shipped", waits=WAITS)


@pytest.fixture
def showing(ports: Ports, database: Database) -> ShowingActivities:
    return ShowingActivities(database, ports.store)


def journey(database: Database) -> JourneyRow:
    with database.read() as session:
        row = session.get(JourneyRow, JOURNEY)
        assert row is not None
        return row


def test_support_sees_what_it_waits_for_and_when_it_is_next_due(
    showing: ShowingActivities, database: Database
) -> None:
    """Phase, waits and the next due time stand in the journey's row."""
    showing.project(FIRST)
    row = journey(database)
    assert (row.phase, row.status, row.revision) == ("shipped", "open", 1)
    assert waits_of(row.waits) == WAITS
    assert row.next_due_at == NOON + timedelta(days=3)
    assert row.projected_at == NOON


def test_an_older_projection_changes_nothing(showing: ShowingActivities, database: Database) -> None:
    """Whatever order projections arrive in, the newest stands."""
    showing.project(replace(FIRST, revision=3, phase="delivered", waits=()))
    showing.project(replace(FIRST, revision=2))
    showing.project(replace(FIRST, revision=3, phase="told twice"))
    row = journey(database)
    assert (row.phase, row.revision, row.next_due_at) == ("delivered", 3, None)


def test_the_closing_projection_closes(showing: ShowingActivities, database: Database) -> None:
    """Outcome and time of the close are kept, and nothing is awaited any more."""
    showing.project(FIRST)
    closing = Projection(
        journey_id=JOURNEY, revision=2, at=NOON + timedelta(days=90), phase="closed", closed=True,
        outcome="completed",
    )  # fmt: skip
    showing.project(closing)
    row = journey(database)
    assert (row.status, row.outcome, row.closed_at) == ("closed", "completed", NOON + timedelta(days=90))
    assert (row.waits, row.next_due_at) == ([], None)


def test_an_exit_is_remembered_from_its_first_telling(showing: ShowingActivities, database: Database) -> None:
    """A later projection neither moves nor forgets it."""
    showing.project(replace(FIRST, exited_at=NOON, exit_cause="order_cancelled"))
    showing.project(replace(FIRST, revision=2, exited_at=NOON + timedelta(1), exit_cause="other"))
    showing.project(replace(FIRST, revision=3))
    row = journey(database)
    assert (row.exited_at, row.exit_cause) == (NOON, "order_cancelled")


def test_a_step_that_ended_inside_the_journey_reaches_the_ledger_even_if_told_late(
    showing: ShowingActivities, ports: Ports
) -> None:
    """Records are facts: they count in a projection of any age, and twice is once."""
    trace = (RuleTrace(rule="unless", verdict=Verdict.SKIP, detail="review.submitted happened"),)
    ended = StepRecord(
        request=a_request(),
        outcome=Outcome(kind=OutcomeKind.SKIPPED, reason=SkipReason.NOT_RELEVANT),
        trace=trace,
    )
    showing.project(replace(FIRST, revision=5))
    for _ in range(2):
        showing.project(replace(FIRST, revision=4, records=(ended,)))
    with ports.store.locked(STORE, PERSON) as tx:
        row = tx.touch(a_request().key)
    assert row is not None
    assert (row.state, row.reason) == (TouchState.SKIPPED, SkipReason.NOT_RELEVANT)


def test_a_journey_that_is_not_there_is_final(showing: ShowingActivities) -> None:
    """Ingest writes the row before the journey starts; without it no retry helps."""
    with pytest.raises(ApplicationError) as caught:
        showing.project(replace(FIRST, journey_id="jny_nowhere"))
    assert caught.value.non_retryable


# --- actions ---------------------------------------------------------------------------------------


def asked(**changes: Any) -> ActionRow:
    values = {
        "id": "act_1", "store_id": STORE, "journey_id": JOURNEY, "kind": "resume", "catch_up": "shift",
        "step": "care-guide", "reason": "asked", "actor": "key_1", "created_at": NOON,
    }  # fmt: skip
    return ActionRow(**(values | changes))


CLAIM = ClaimRequest(action_id="act_1", journey_id=JOURNEY, at=NOON)


def status(database: Database) -> str:
    with database.read() as session:
        row = session.get(ActionRow, "act_1")
        assert row is not None
        return row.status


def test_a_pending_action_is_claimed_and_claimed_again_the_same(
    showing: ShowingActivities, database: Database
) -> None:
    """A journey that lost the answer asks again and hears the same."""
    add(database, asked())
    first = showing.claim_action(CLAIM)
    assert (first.kind, first.catch_up, first.step) == (ActionKind.RESUME, CatchUp.SHIFT, "care-guide")
    assert not first.withdrawn
    assert status(database) == "claimed"
    assert showing.claim_action(CLAIM) == first


def test_a_withdrawn_action_is_never_carried_out(showing: ShowingActivities, database: Database) -> None:
    """Once the API has said 'nothing changed', that stays true."""
    add(database, asked())
    assert withdraw(database, "act_1", NOON, "no worker answered")
    assert showing.claim_action(CLAIM).withdrawn
    assert status(database) == "withdrawn"


def test_claim_and_withdrawal_cannot_both_win(showing: ShowingActivities, database: Database) -> None:
    """However they race, the API and the journey agree on who was first."""
    for n in range(20):
        add(database, asked(id=f"act_{n}"))
        request = replace(CLAIM, action_id=f"act_{n}")
        with ThreadPoolExecutor(2) as threads:
            claimed = threads.submit(showing.claim_action, request)
            gone = threads.submit(withdraw, database, f"act_{n}", NOON, "timeout")
        assert claimed.result().withdrawn == gone.result()


@pytest.mark.parametrize(
    "request_", [replace(CLAIM, action_id="act_9"), replace(CLAIM, journey_id="jny_other")]
)
def test_a_foreign_or_missing_action_is_refused(
    showing: ShowingActivities, database: Database, request_: ClaimRequest
) -> None:
    """A journey cannot take what was not meant for it, and the action stays where it was."""
    add(database, asked())
    with pytest.raises(ApplicationError) as caught:
        showing.claim_action(request_)
    assert caught.value.non_retryable
    assert status(database) == "pending"


@pytest.mark.parametrize(("applied", "became"), [(True, "applied"), (False, "refused")])
def test_what_became_of_an_action_is_told_with_the_projection(
    showing: ShowingActivities, database: Database, applied: bool, became: str
) -> None:
    """Even if the API died meanwhile, the row says how it ended, from a projection of any age."""
    add(database, asked())
    showing.claim_action(CLAIM)
    showing.project(replace(FIRST, revision=9))
    done = ActionDone(action_id="act_1", result=ActionResult(applied=applied, detail="d", waiting=("w",)))
    showing.project(replace(FIRST, revision=8, actions=(done,)))
    with database.read() as session:
        row = session.get(ActionRow, "act_1")
        assert row is not None
        assert (row.status, row.detail, row.waiting) == (became, "d", ["w"])
