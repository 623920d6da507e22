"""A plan as of an instant of the past is the plan that was made then, whatever came later: the history is one that a
real journey left, the tables hold what was known, and then what is known now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from tests.planning.known import furnish
from tests.verifying.repository import HISTORIES

from doorstep.contracts import DELIVER_SIGNAL, JourneyStart
from doorstep.converter import IN_PROCESS
from doorstep.domain.customers import UNDATED, SuppressionCause
from doorstep.domain.events import Envelope
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import SkipReason
from doorstep.ingest.forgetting import forget_person
from doorstep.models.addresses import address_hash
from doorstep.models.base import Database
from doorstep.models.codec_json import order_json
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.ledger_rows import ledger_values
from doorstep.models.orders import OrderRow, ShipmentRow
from doorstep.models.people import ConsentRow, SuppressionRow
from doorstep.models.privacy import PrivacyRequestRow
from doorstep.models.store import lift, suppress
from doorstep.models.tables import table
from doorstep.planning import Planner
from doorstep.rehearsal.assuming import Assumption
from doorstep.rehearsal.plan import Plan
from doorstep.rehearsal.premises import asked_of, heard, premises, start_of
from doorstep.rehearsal.rebuild import from_file
from doorstep.rehearsal.rehearse import built_in
from doorstep.workflows import registry
from shop import EMAIL, SECRET, add

WHOLE = from_file(HISTORIES / "refunded-on-day-twelve.json")
LATER = timedelta(days=60)


@dataclass(frozen=True)
class Past:
    """A journey on the second day after its order: messages are ahead of it."""

    database: Database
    planner: Planner
    start: JourneyStart
    at: datetime

    @property
    def history(self) -> WorkflowHistory:
        """As the server held it then."""
        return until(self.at)

    @property
    def now(self) -> datetime:
        return self.at + LATER

    def then(self) -> Plan:
        """The plan made at that instant."""
        return self.planner.made(self.history, self.at)

    def as_of(self) -> Plan:
        """The plan as of that instant, made of all that is known by now."""
        return self.planner.made(journey(list(WHOLE.events)), self.now, self.at)


def journey(events: list[object]) -> WorkflowHistory:
    return WorkflowHistory(start_of(WHOLE).journey_id, events)  # type: ignore[arg-type] # its own events


def until(at: datetime) -> WorkflowHistory:
    return journey([e for e in WHOLE.events if e.event_time.ToDatetime(UTC) <= at])


@pytest.fixture
def past(database: Database) -> Past:
    registry.load(())
    start = start_of(WHOLE)
    begun = start.placed.occurred_at
    found = Past(
        database,
        Planner(database, secret=SECRET, renderer=built_in(), channels=(Channel.EMAIL,)),
        start,
        begun + timedelta(days=1, hours=12),
    )
    furnish(database, found.history)
    return found


# --- what came later --------------------------------------------------------------------------------------


def consent_is_withdrawn(past: Past) -> None:
    add(
        past.database,
        ConsentRow(
            store_id=past.start.store_id, person_id=past.start.person_ref, channel="email", purpose="marketing",
            granted=False, at=past.at + timedelta(hours=1), source="page",
        ),
    )  # fmt: skip


def the_address_bounces(past: Past) -> None:
    add(
        past.database,
        SuppressionRow(
            store_id=past.start.store_id, channel="email", cause="bounce",
            address_hash=address_hash(SECRET, Channel.EMAIL, EMAIL), since=past.at + timedelta(hours=1),
        ),
    )  # fmt: skip


def the_order_is_refunded(past: Past) -> None:
    """As the history goes on: what was sent until then, and that the journey left its course."""
    known = premises(WHOLE, asked_of(WHOLE))
    state = known.orders[past.start.order_ref].state
    assert state.gone
    before = premises(past.history, asked_of(past.history)).rows[past.start.person_ref]
    rows = known.rows[past.start.person_ref].items()
    add(past.database, *(LedgerRowModel(**ledger_values(row)) for key, row in rows if key not in before))
    with past.database.writing() as connection:
        connection.execute(update(table(OrderRow)).values(state=order_json(state)))
        connection.execute(update(table(JourneyRow)).values(exited_at=past.at + timedelta(days=7)))


def the_person_is_erased(past: Past, *, at: datetime | None = None, heard: datetime | None = None) -> None:
    """`heard`: when that was not at once."""
    with past.database.writing() as connection:
        when = at or past.at + timedelta(days=1)
        assert forget_person(
            connection, past.start.person_ref, actor="somebody", at=when, secret=lambda: SECRET
        )
        if heard is not None:
            connection.execute(update(table(PrivacyRequestRow)).values(done_at=heard))


def a_withdrawal_of_before_is_heard(past: Past) -> None:
    """The store tells late."""
    add(
        past.database,
        ConsentRow(
            store_id=past.start.store_id, person_id=past.start.person_ref, channel="email", purpose="marketing",
            granted=False, at=past.at - timedelta(hours=1), heard_at=past.at + timedelta(hours=1), source="shop",
        ),
    )  # fmt: skip


def a_bounce_of_before_is_heard(past: Past) -> None:
    """The provider tells late."""
    reported(past, past.at - timedelta(hours=1), past.at + timedelta(hours=1))


def reported(past: Past, since: datetime, heard_at: datetime) -> None:
    """The person's address bounced."""
    with past.database.writing() as connection:
        suppress(
            connection, SECRET, past.start.store_id, Channel.EMAIL, EMAIL, SuppressionCause.BOUNCE, since,
            heard_at=heard_at,
        )  # fmt: skip


# --- the plan as of then ----------------------------------------------------------------------------------


def sent(plan: Plan) -> list[str]:
    return [touch.step for touch in plan.ahead if touch.outcome == "sent"]


@pytest.mark.parametrize(
    "event",
    [
        consent_is_withdrawn,
        a_withdrawal_of_before_is_heard,
        the_address_bounces,
        a_bounce_of_before_is_heard,
        the_order_is_refunded,
    ],
)
def test_what_came_later_changes_nothing_about_then(past: Past, event: Callable[[Past], None]) -> None:
    """To the last field. That it would change a plan of now shows that there was something to leave out."""
    then = past.then()
    assert {"marketing", "transactional"} <= {t.purpose for t in then.ahead if t.outcome == "sent"}
    event(past)
    assert sent(past.planner.made(past.history, past.now)) != sent(then)
    assert past.as_of() == then


def test_an_undated_consent_that_came_later_was_not_known_then(past: Past) -> None:
    """It is dated before every word, but the order that showed it came after."""
    with past.database.writing() as connection:
        connection.execute(delete(table(ConsentRow)))
    then = past.then()
    add(
        past.database,
        ConsentRow(
            store_id=past.start.store_id, person_id=past.start.person_ref, channel="email", purpose="marketing",
            granted=True, at=UNDATED, heard_at=past.at + timedelta(hours=1), source="shop",
        ),
    )  # fmt: skip
    assert sent(past.planner.made(past.history, past.now)) != sent(then)
    assert past.as_of() == then


def test_an_address_that_bounced_before_and_again_later_had_bounced_then(past: Past) -> None:
    """The list keeps the last time it was told, and when it was first heard of."""
    reported(past, past.at - timedelta(hours=3), past.at - timedelta(hours=2))
    then = past.then()
    reported(past, past.at + timedelta(hours=1), past.at + timedelta(hours=1))
    assert past.as_of() == then
    assert SkipReason.SUPPRESSED.value in {t.reason for t in then.ahead}


def test_an_address_taken_off_the_list_and_put_on_it_again_later_was_free_then(past: Past) -> None:
    """What was heard first counted until it was lifted."""
    place = (SECRET, past.start.store_id, Channel.EMAIL, EMAIL, SuppressionCause.BOUNCE)
    reported(past, past.at - timedelta(hours=3), past.at - timedelta(hours=3))
    with past.database.writing() as connection:
        assert lift(connection, *place, past.at - timedelta(hours=2))
    then = past.then()
    reported(past, past.at + timedelta(hours=1), past.at + timedelta(hours=1))
    assert past.as_of() == then


def test_parcels_are_under_way_as_they_were_then(past: Past) -> None:
    """One that was delivered later arrives when its carrier then said; one that nobody had heard of does not. When the
    end of one is not known, it has ended."""
    days = {n: past.at + timedelta(days=n) for n in (-1, 1, 2)}
    held = {"store_id": past.start.store_id, "order_ref": past.start.order_ref, "expected_at": days[1]}
    under_way = {"status": "in_transit", "created_at": days[-1], "updated_at": days[-1]}
    add(past.database, ShipmentRow(ref="s1", external_id="1", **held, **under_way))
    then = past.planner.made(past.history, past.at, assumption=Assumption.ARRIVES)
    assert sent(then) != sent(past.then())
    add(past.database, ShipmentRow(ref="s2", external_id="2", **held, **under_way | {"created_at": days[1]}))
    delivered = {"status": "delivered", "status_at": days[2], "delivered_at": days[2]}
    lost = under_way | {"status": "expired"}
    add(past.database, ShipmentRow(ref="s3", external_id="3", **held, **lost))
    with past.database.writing() as connection:
        parcels = table(ShipmentRow)
        connection.execute(update(parcels).where(parcels.c.ref == "s1").values(**delivered))
    whole = journey(list(WHOLE.events))
    assert past.planner.made(whole, past.now, past.at, Assumption.ARRIVES) == then
    assert sent(past.planner.made(past.history, past.now, assumption=Assumption.ARRIVES)) != sent(then)


def test_a_parcel_delivered_before_and_heard_of_later_was_under_way_then(past: Past) -> None:
    """Carriers tell late. The history is one in which the parcel was on its way, by what had been heard."""
    way = envelope(past, "shipment.in_transit", past.at - timedelta(hours=2))
    came = envelope(
        past, "shipment.delivered", past.at - timedelta(minutes=1), past.at + timedelta(minutes=1)
    )
    parcel = {"store_id": past.start.store_id, "order_ref": past.start.order_ref, "external_id": "1"}
    soon = {"expected_at": past.at + timedelta(days=1), "created_at": way.occurred_at, "updated_at": past.at}
    add(past.database, ShipmentRow(ref="s1", **parcel, **soon, status="in_transit"))
    before = signalled(past.history, way)
    with past.database.writing() as connection:  # the tables had heard it, too
        connection.execute(update(table(OrderRow)).values(state=order_json(heard(before).order)))
    then = past.planner.made(before, past.at, assumption=Assumption.ARRIVES)
    assert then.assumed[0].startswith("A parcel arrives on ")
    delivered = {"status": "delivered", "status_at": came.occurred_at, "delivered_at": came.occurred_at}
    with past.database.writing() as connection:
        connection.execute(update(table(ShipmentRow)).values(**delivered))
    after = signalled(before, came)
    assert past.planner.made(after, past.now, past.at, Assumption.ARRIVES) == then
    assert (
        past.planner.made(after, came.received_at, came.received_at, Assumption.ARRIVES).assumed
        != then.assumed
    )


def envelope(past: Past, type_: str, at: datetime, heard_at: datetime | None = None) -> Envelope:
    """Of the order's parcel s1; `heard_at`: when that was not at once."""
    return Envelope(
        id=f"evt_{type_}", fact_key=f"{type_}:s1", type=type_, occurred_at=at, received_at=heard_at or at,
        connection="carrier", order_ref=past.start.order_ref, subject="s1",
    )  # fmt: skip


def signalled(history: WorkflowHistory, envelope: Envelope) -> WorkflowHistory:
    """And that event was heard, and the workflow has not been woken yet."""
    last = HistoryEvent(event_id=len(history.events) + 1)
    last.event_type = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    last.event_time.FromDatetime(envelope.received_at)
    told = last.workflow_execution_signaled_event_attributes
    told.signal_name = DELIVER_SIGNAL
    told.input.payloads.extend(IN_PROCESS.payload_converter.to_payloads([[envelope]]))
    return journey([*history.events, last])


def test_an_erasure_that_came_later_stops_nothing_then(past: Past) -> None:
    """What it took is gone (the address, the zone), so no message could be sent by what is known now; but none is
    stopped because the person was erased, and what the journey waited for is told."""
    then = past.then()
    the_person_is_erased(past)
    as_of = past.as_of()
    assert as_of.waits == then.waits
    found = {t.step: t.reason for t in as_of.ahead}
    assert {found[step] for step in sent(then)} == {SkipReason.MISSING_IDENTIFIER.value}


def test_an_erasure_that_came_before_stops_what_was_to_come(past: Past) -> None:
    """Though the journey had not heard of it yet."""
    would = sent(past.then())
    the_person_is_erased(past, at=past.at - timedelta(minutes=1))
    then = past.then()
    assert {t.reason for t in then.ahead if t.step in would} == {SkipReason.EXITED.value}
    assert past.as_of() == then


def test_an_erasure_of_before_that_was_heard_later_was_not_known_then(past: Past) -> None:
    """The shop passes it on late."""
    would = sent(past.then())
    the_person_is_erased(past, at=past.at - timedelta(minutes=1), heard=past.at + timedelta(seconds=1))
    found = {t.step: t.reason for t in past.as_of().ahead}
    assert {found[step] for step in would} == {SkipReason.MISSING_IDENTIFIER.value}
