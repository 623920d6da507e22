"""What is offered in a plan as of an instant of the past follows from the orders that were known then, as they were: of
the person's others what had been heard of them by then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update
from temporalio.client import WorkflowHistory
from tests.planning.known import furnish
from tests.verifying.repository import HISTORIES

from doorstep.domain.facts import Line
from doorstep.domain.messages import Channel
from doorstep.domain.orders import OrderState
from doorstep.models.base import Database
from doorstep.models.codec_json import order_json, to_json
from doorstep.models.inbox import InboxEventRow
from doorstep.models.orders import OrderLineRow, OrderRow, ProductRow
from doorstep.models.tables import table
from doorstep.planning import Planner
from doorstep.rehearsal.plan import Plan
from doorstep.rehearsal.premises import heard, start_of
from doorstep.rehearsal.rebuild import from_file
from doorstep.rehearsal.rehearse import built_in
from doorstep.workflows import registry
from shop import SECRET, add

TOLD = from_file(HISTORIES / "ninety-days-with-a-good-review.json")
START = start_of(TOLD)
AT = START.placed.occurred_at + timedelta(days=9)
NOW = START.placed.occurred_at + timedelta(days=10)
"""The journey has heard nothing in between."""
HISTORY = WorkflowHistory(
    START.journey_id, [event for event in TOLD.events if event.event_time.ToDatetime(UTC) <= AT]
)
MINE = {line["product_ref"] for line in START.placed.data["lines"]}
OFFERED = "pot"


@pytest.fixture
def planner(database: Database) -> Planner:
    """The shop sells what was bought, and one thing more of the kind."""
    registry.load(())
    furnish(database, HISTORY)
    held = {
        "store_id": START.store_id,
        "category": "Plants",
        "price_minor": 2500,
        "currency": "EUR",
        "updated_at": AT,
    }
    add(database, *(ProductRow(**held, ref=ref, title="A product") for ref in sorted({*MINE, OFFERED})))
    return Planner(database, secret=SECRET, renderer=built_in(), channels=(Channel.EMAIL,))


def offers(plan: Plan) -> list[str]:
    return [t.outcome for t in plan.ahead if t.step.startswith("cross-sell")]


def line(pieces: int = 1) -> Line:
    return Line(
        ref="o1", product_ref=OFFERED, quantity=1, current=pieces, category="Plants", price_minor=2500
    )


def other_order(
    database: Database, at: datetime, state: OrderState, *, version: datetime | None = None
) -> None:
    held = {"store_id": START.store_id, "order_ref": "ord_other"}
    add(
        database,
        OrderRow(
            id="ord_other", store_id=START.store_id, external_id="2", number="#2", journey_id="jny_other",
            person_id=START.person_ref, currency="EUR", total_minor=2500, placed_at=at, whole=True,
            state=order_json(state), created_at=at, updated_at=version or at,
        ),
        OrderLineRow(**held, ref="o1", product_ref=OFFERED, title="A pot", quantity=1, price_minor=2500),
    )  # fmt: skip


def told(type_: str, at: datetime, lines: tuple[Line, ...] = ()) -> InboxEventRow:
    """Heard of when it happened."""
    return InboxEventRow(
        id=f"evt_{type_}", webhook_id="whk", store_id=START.store_id, connection_id="shop", external_id=type_,
        fact_key=f"{type_}:2", type=type_, occurred_at=at, received_at=at, order_ref="ord_other",
        data={"lines": [to_json(Line, one) for one in lines]} if lines else {}, status="delivered", due_at=at,
    )  # fmt: skip


def test_an_order_of_later_and_a_refund_of_later_take_nothing_from_what_was_offered(
    planner: Planner, database: Database
) -> None:
    then = planner.made(HISTORY, AT)
    assert "sent" in offers(then)
    other_order(database, AT + timedelta(hours=1), OrderState(lines=(line(),)))
    assert "sent" not in offers(planner.made(HISTORY, NOW))
    assert planner.made(HISTORY, NOW, AT) == then
    with database.writing() as connection:
        connection.execute(delete(table(OrderLineRow)))
        connection.execute(delete(table(OrderRow)).where(table(OrderRow).c.id == "ord_other"))
        gone = replace(
            heard(HISTORY).order, cancelled_at=None, refunds={"r": tuple((ref, 9) for ref in lines_of())}
        )
        connection.execute(update(table(OrderRow)).values(state=order_json(gone)))
    assert "sent" not in offers(planner.made(HISTORY, NOW))
    assert planner.made(HISTORY, NOW, AT) == then


def lines_of() -> list[str]:
    return [one["ref"] for one in START.placed.data["lines"]]


def test_what_another_order_lost_later_was_owned_then(planner: Planner, database: Database) -> None:
    """By the events that told it."""
    before = AT - timedelta(days=2)
    other_order(database, before, OrderState(lines=(line(),)))
    add(database, told("order.placed", before, (line(),)))
    then = planner.made(HISTORY, AT)
    assert "sent" not in offers(then)
    later = AT + timedelta(hours=1)
    with database.writing() as connection:
        lost = order_json(OrderState(lines=(line(0),), lines_at=later))
        orders = table(OrderRow)
        connection.execute(
            update(orders).where(orders.c.id == "ord_other").values(state=lost, updated_at=later)
        )
    add(database, told("order.updated", later, (line(0),)))
    assert "sent" in offers(planner.made(HISTORY, NOW))
    assert planner.made(HISTORY, NOW, AT) == then


def test_what_is_not_kept_of_another_order_is_taken_as_it_is_and_said(
    planner: Planner, database: Database
) -> None:
    before, later = AT - timedelta(days=2), AT + timedelta(hours=1)
    other_order(database, before, OrderState(lines=(line(0),), lines_at=later), version=later)
    plan = planner.made(HISTORY, NOW, AT)
    assert "sent" in offers(plan)
    assert plan.assumed[-1] == (
        "This person's other orders are taken as they are today: what was heard of #2 by then is not kept."
    )
