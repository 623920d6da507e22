"""What waits of the person's other orders when a plan is made goes at its own moment, through the same gate: it takes
the slot that it will take, and gives way to what ranks higher."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update
from tests.planning.test_as_of import Past
from tests.planning.test_as_of import past as past  # the fixture

from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import Defer, RuleTrace, SkipReason, TouchState, Verdict
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import DecisionRow, LedgerRowModel
from doorstep.models.ledger_rows import decision_values, ledger_values
from doorstep.models.orders import OrderRow
from doorstep.models.tables import table
from doorstep.rehearsal.plan import Ahead, Plan
from shop import add

OTHER = "jny_the_other"
DAY = timedelta(hours=20)
"""In which the policy lets one message of marketing through."""


def waits(past: Past, *, priority: int = 90, hours: float = 8, **journey: object) -> LedgerRow:
    """A message of the person's other order, which the gate has told to ask again so many hours later."""
    asked = TouchRequest(
        key=f"{OTHER}:check-in", journey_id=OTHER, journey_type="standard.v1", store_id=past.start.store_id,
        order_ref="ord_other", person_ref=past.start.person_ref, step="check-in", template="check-in",
        purpose=Purpose.MARKETING, channels=(Channel.EMAIL,), priority=priority, due_at=past.at - timedelta(hours=1),
        expires_at=past.at + timedelta(days=5), as_of=past.at - timedelta(hours=1),
    )  # fmt: skip
    row = LedgerRow(
        request=asked, state=TouchState.DEFERRED, reason=SkipReason.FREQUENCY_CAPPED,
        decided_at=asked.as_of, deferred_until=past.at + timedelta(hours=hours),
    )  # fmt: skip
    held = {"store_id": past.start.store_id, "person_id": past.start.person_ref}
    add(
        past.database,
        OrderRow(
            **held, id="ord_other", external_id="2", number="#2", journey_id=OTHER, currency="EUR", total_minor=100,
            placed_at=past.at - timedelta(days=9), whole=True, created_at=past.at, updated_at=past.at, state={},
        ),
        JourneyRow(
            **held, **{"status": "open", **journey}, id=OTHER, order_ref="ord_other", type="standard.v1",
            started_at=past.at - timedelta(days=9),
        ),
        LedgerRowModel(**ledger_values(row)),
    )  # fmt: skip
    return row


def one(plan: Plan, step: str) -> Ahead:
    [found] = [touch for touch in plan.ahead if touch.step == step]
    return found


def test_it_takes_its_slot_at_its_moment_and_holds_none_after(past: Past) -> None:
    """The message that is planned goes as soon as the policy allows after it, and no later."""
    alone = one(past.then(), "education")
    waits(past)
    plan = past.then()
    after = one(plan, "education")
    assert (alone.outcome, after.outcome) == ("sent", "sent")
    assert after.at >= past.at + timedelta(hours=8) + DAY
    assert after.at < alone.at + timedelta(days=1)
    assert plan.assumed[-1] == (
        "This person's other journeys send what waits of them already, each at its moment, and nothing more."
    )
    assert {touch.key.split(":")[0] for touch in plan.ahead} == {past.start.journey_id}


def test_without_one_that_waits_the_others_are_said_to_send_nothing(past: Past) -> None:
    assert past.then().assumed[-1] == "This person's other journeys send nothing more."


def test_one_that_ranks_lower_and_asks_later_gives_way(past: Past) -> None:
    alone = past.then()
    waits(past, priority=1, hours=14)
    assert past.then().ahead == alone.ahead


def test_one_whose_journey_left_its_course_gives_its_slot_back(past: Past) -> None:
    """The gate closes it at its moment, as it will be closed."""
    alone = past.then()
    waits(past, exited_at=past.at - timedelta(minutes=1))
    assert one(past.then(), "education").at == one(alone, "education").at


def test_one_whose_journey_is_paused_waits_on(past: Past) -> None:
    """It holds its place against lower ones, as it does in the real gate, and goes nowhere."""
    waits(past, paused=True)
    plan = past.then()
    assert one(plan, "education").outcome == "skipped"
    assert plan.assumed[-1] == "This person's other journeys send nothing more."


def test_as_of_an_instant_it_waits_as_it_waited_then(past: Past) -> None:
    """Though it went meanwhile, and its row tells only that."""
    row = waits(past)
    then = past.then()
    went = row.deferred_until
    assert went is not None
    deferral = Defer(
        until=went,
        reason=SkipReason.FREQUENCY_CAPPED,
        trace=(RuleTrace("frequency", Verdict.DEFER, {}, "Too much."),),
    )
    sent = replace(
        row, state=TouchState.ACCEPTED, reason=None, decided_at=went, deferred_until=None, sending_at=went,
        accepted_at=went, channel=Channel.EMAIL, fence=1, attempts=1,
    )  # fmt: skip
    with past.database.writing() as connection:
        connection.execute(
            table(DecisionRow).insert().values(decision_values(row, deferral, row.request.as_of))
        )
        columns = {k: v for k, v in ledger_values(sent).items() if k not in ("key", "created_at")}
        ledger = table(LedgerRowModel)
        connection.execute(update(ledger).where(ledger.c.key == row.request.key).values(columns))
        gone = {"status": "closed", "closed_at": past.at + timedelta(days=3)}
        journeys = table(JourneyRow)
        connection.execute(update(journeys).where(journeys.c.id == OTHER).values(gone))
    assert past.as_of() == then
