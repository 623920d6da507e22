"""A world made of a journey's history alone, for two revisions to carry the journey on in: what its order is, what it
has heard, what was sent. What a history does not tell is assumed, for both alike: the person can be reached by mail
and SMS and has consented to marketing, no other journey of theirs sends anything, the store has the default caps, and
products are called by their references. So no missing consent hides a change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio.client import WorkflowHistory

from doorstep import contracts
from doorstep.contracts import JourneyStart, PointsRequest, TicketRequest
from doorstep.converter import IN_PROCESS
from doorstep.domain.customers import Consent, StorePolicy
from doorstep.domain.events import Envelope
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.orders import OrderState
from doorstep.domain.outcomes import Outcome, OutcomeKind, TouchState
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.errors import Unreadable
from doorstep.rehearsal.records import (
    JourneyRecord,
    LineRecord,
    OrderRecord,
    ParcelRecord,
    PersonRecord,
    PointsRecord,
    ProductRecord,
    Records,
    TicketRecord,
    products_of,
)
from doorstep.rehearsal.shop import DEFAULT_SHOP, Shop
from doorstep.rehearsal.telling import ADDRESSES
from doorstep.workflows.hearing import Hearing

_decoded = IN_PROCESS.payload_converter.from_payloads
_STATES = {
    OutcomeKind.SENT: TouchState.ACCEPTED,
    OutcomeKind.SKIPPED: TouchState.SKIPPED,
    OutcomeKind.DEFERRED: TouchState.DEFERRED,
    OutcomeKind.CANCELLED: TouchState.CANCELLED,
    OutcomeKind.FAILED: TouchState.FAILED,
    OutcomeKind.UNKNOWN: TouchState.UNKNOWN,
}
NAME = "Alex"
"""The person of every assumed world."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A recorded regular activity: what was asked (the payloads of its input), and the answer's, if there is one."""

    id: str
    type: str
    at: datetime
    input: Any
    answer: Any = None

    @property
    def question(self) -> Any:
        """What was asked, as its JSON says."""
        return json.loads(self.input[0].data) if len(self.input) else {}

    @property
    def key(self) -> str:
        """The key of the effect, where the activity has one."""
        told = self.question
        return str(told.get("key", "")) if isinstance(told, dict) else ""


def asked_of(history: WorkflowHistory) -> dict[str, Asked]:
    """Every regular activity of a history by its id. Raises `Unreadable` where one ends that never began."""
    found: dict[str, Asked] = {}
    ids: dict[int, str] = {}
    for event in history.events:
        if event.HasField("activity_task_scheduled_event_attributes"):
            told = event.activity_task_scheduled_event_attributes
            ids[event.event_id] = told.activity_id
            at = event.event_time.ToDatetime(UTC)
            found[told.activity_id] = Asked(
                told.activity_id, told.activity_type.name, at, told.input.payloads
            )
        elif event.HasField("activity_task_completed_event_attributes"):
            done = event.activity_task_completed_event_attributes
            if done.scheduled_event_id not in ids:
                raise Unreadable(
                    f"The history is torn: event {event.event_id} ends an activity whose beginning is missing."
                )
            held = found[ids[done.scheduled_event_id]]
            found[held.id] = Asked(held.id, held.type, held.at, held.input, done.result.payloads)
    return found


def start_of(history: WorkflowHistory) -> JourneyStart:
    """What a journey was started with. Raises `Unreadable` for what is no journey of ours."""
    told = history.events[0].workflow_execution_started_event_attributes
    try:
        (start,) = _decoded(list(told.input.payloads), [JourneyStart])
    except Exception as error:  # a foreign workflow's input may be anything, and converters raise anything
        # no more than the error's name: its text may quote what the workflow was told
        raise Unreadable(f"Its input is no journey's start ({type(error).__name__}).") from error
    if not isinstance(start, JourneyStart):
        raise Unreadable("It has no input that is a journey's start.")
    return start


def premises(history: WorkflowHistory, asked: Mapping[str, Asked]) -> Records:
    """The records of a journey of ours. Raises `Unreadable` for a history that this code cannot read."""
    start = start_of(history)
    try:
        return _records(history, start, asked)
    except Exception as error:  # as above
        raise Unreadable(f"What it was told cannot be read ({type(error).__name__}).") from error


def _records(history: WorkflowHistory, start: JourneyStart, asked: Mapping[str, Asked]) -> Records:
    person = PersonRecord(
        ref=start.person_ref,
        first_name=NAME,
        locale=start.locale,
        zone=start.zone,
        country=start.country,
        addresses={channel: ADDRESSES[channel] for channel in (Channel.EMAIL, Channel.SMS)},
        consents=tuple(_consents(start)),
    )
    order = _order(start, heard(history).order)
    records = Records(
        shop=Shop(id=start.store_id, policy=StorePolicy(window=start.window)),
        persons={person.ref: person},
        orders={order.ref: order},
        journeys={
            start.journey_id: JourneyRecord(
                id=start.journey_id, order_ref=order.ref, person_ref=person.ref, status="open"
            )
        },
        products={**products_of(DEFAULT_SHOP), **_bought(order)},
    )
    for one in asked.values():
        _remember(records, one)
    return records


def _consents(start: JourneyStart) -> Iterator[Consent]:
    for channel in (Channel.EMAIL, Channel.SMS):
        yield Consent(
            channel=channel,
            purpose=Purpose.MARKETING,
            granted=True,
            at=start.placed.occurred_at,
            source="assumed",
        )


def heard(history: WorkflowHistory, at: datetime | None = None) -> Hearing:
    """What a journey was told by `at` (aware; None: altogether), taken in. No code of its version is needed. Raises
    `Unreadable` for what is no journey of ours."""
    start, hearing = start_of(history), Hearing()
    hearing.receive((start.placed, *known_at_start(history, start, at)))
    for event in history.events:
        if at is not None and event.event_time.ToDatetime(UTC) > at:
            break
        if event.HasField("workflow_execution_signaled_event_attributes"):
            told = event.workflow_execution_signaled_event_attributes
            if told.signal_name == contracts.DELIVER_SIGNAL:
                hearing.receive(_decoded(list(told.input.payloads), [list[Envelope]])[0])
    hearing.absorb()
    return hearing


def known_at_start(
    history: WorkflowHistory, start: JourneyStart, at: datetime | None
) -> tuple[Envelope, ...]:
    """What a journey was started with beside its order, as far as we had heard of it by `at` (aware; None: all). What
    came while Temporal was away stands in the start, however long before it came the workflow's order had."""
    if at is None or history.events[0].event_time.ToDatetime(UTC) <= at:
        return start.events
    return tuple(event for event in start.events if event.received_at <= at)


def _order(start: JourneyStart, state: OrderState) -> OrderRecord:
    told: Mapping[str, Any] = start.placed.data
    return OrderRecord(
        ref=start.order_ref,
        external_id=start.order_ref,
        journey_id=start.journey_id,
        created_at=start.placed.occurred_at,
        person_ref=start.person_ref,
        number="#1001",
        placed_at=start.placed.occurred_at,
        currency=str(told.get("currency", "EUR")),
        total_minor=int(told.get("total_minor", 0)),
        country=start.country,
        whole=True,
        state=state,
        lines={
            line.ref: LineRecord(
                ref=line.ref,
                title=line.product_ref or line.ref,
                quantity=line.quantity,
                price_minor=line.price_minor,
                product_ref=line.product_ref,
                category=line.category,
            )
            for line in state.lines
        },
        parcels={
            ref: ParcelRecord(ref=ref, carrier="Carrier", status=parcel.status.value)
            for ref, parcel in state.shipments.items()
        },
    )


def _bought(order: OrderRecord) -> dict[str, ProductRecord]:
    return {
        line.product_ref: ProductRecord(
            ref=line.product_ref,
            title=line.title,
            category=line.category,
            price_minor=line.price_minor,
            currency=order.currency,
        )
        for line in order.lines.values()
        if line.product_ref
    }


def _remember(records: Records, one: Asked) -> None:
    """What an activity of the past had done: a ledger row, a case, points. One without an answer is attempted anew."""
    if one.answer is None:
        return
    if one.type == contracts.TOUCH:
        (request,) = _decoded(list(one.input), [TouchRequest])
        (outcome,) = _decoded(list(one.answer), [Outcome])
        rows = records.rows.setdefault(request.person_ref, {})
        rows[request.key] = _row(request, outcome, one.at)
    elif one.type == contracts.OPEN_TICKET:
        (ticket,) = _decoded(list(one.input), [TicketRequest])
        records.tickets[ticket.key] = TicketRecord(
            key=ticket.key,
            order_ref=ticket.order_ref,
            reason=ticket.reason,
            priority=ticket.priority,
            at=one.at,
        )
    elif one.type == contracts.MOVE_POINTS:
        (moved,) = _decoded(list(one.input), [PointsRequest])
        (points,) = _decoded(list(one.answer), [int])
        records.points[moved.key] = PointsRecord(
            key=moved.key,
            person_ref=moved.person_ref,
            order_ref=moved.order_ref,
            points=points,
            reason=moved.reason,
            at=moved.at,
            available_at=moved.available_at,
            reverses=moved.reverses,
        )


def _row(request: TouchRequest, outcome: Outcome, at: datetime) -> LedgerRow:
    sent = outcome.kind is OutcomeKind.SENT
    return LedgerRow(
        request=request,
        state=_STATES[outcome.kind],
        fence=1,
        reason=outcome.reason,
        detail=outcome.detail,
        channel=outcome.channel,
        decided_at=outcome.at or at,
        deferred_until=outcome.until,
        sending_at=outcome.at or at if sent else None,
        accepted_at=outcome.at or at if sent else None,
    )
