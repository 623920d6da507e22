"""What lies on a support desk: two stores, people with names worth hiding, journeys in every state; a gateway that
does as it is told. All rows are written here, as the parts that own the tables would."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import SQLModel
from temporalio.client import WorkflowHistory

from doorstep.contracts import ActionResult, JourneyView, Wait
from doorstep.domain.facts import Line
from doorstep.domain.ids import digest, journey_id, order_ref, shipment_ref
from doorstep.domain.orders import OrderState
from doorstep.domain.outcomes import RuleTrace, Verdict
from doorstep.domain.shipments import Shipment, ShipmentStatus
from doorstep.errors import Unavailable
from doorstep.models.base import Database
from doorstep.models.care import PointsRow, TicketRow
from doorstep.models.codec_json import order_json, trace_json, waits_json
from doorstep.models.inbox import InboxEventRow, InboxWebhookRow
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import DecisionRow, LedgerRowModel, MessageEventRow
from doorstep.models.names import name_key
from doorstep.models.orders import CheckpointRow, OrderLineRow, OrderRow, ShipmentRow
from doorstep.models.people import ConsentRow, IdentityRow, PersonRow
from doorstep.models.stores import StoreRow

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
PLACED = NOW - timedelta(days=9)
MINE, OTHER = "nordwind", "südlicht"

FIRST, LAST = "Zebedäa", "Quillfeather"
EMAIL, PHONE = "zebedaea.quillfeather@mail.example", "+4915112345678"
#: nothing of these may ever be in a URL or a log line
PERSONAL = (FIRST, LAST, "zebed", "quillf", EMAIL, PHONE, "15112345678", "1512345678")

ORDER = order_ref(MINE, "5001")
JOURNEY = journey_id(ORDER)
OTHER_ORDER = order_ref(OTHER, "9001")
OTHER_JOURNEY = journey_id(OTHER_ORDER)
PERSON, OTHER_PERSON = "per_zq", "per_other"
PARCEL = shipment_ref(MINE, "f1")


def furnish(database: Database) -> None:
    """Both stores with one order each."""
    with database.write() as session:
        for row in [*_stores(), *_people(), *_order(), *_journey(), *_ledger(), *_inbox(), *_other()]:
            session.add(row)
            session.flush()


def _stores() -> list[SQLModel]:
    return [
        StoreRow(
            id=MINE, name="Nordwind", zone="Europe/Berlin", country="DE", currency="EUR", created_at=PLACED
        ),
        StoreRow(
            id=OTHER, name="Südlicht", zone="Europe/Rome", country="IT", currency="EUR", created_at=PLACED
        ),
    ]


def _people() -> list[SQLModel]:
    return [
        person(PERSON, MINE, FIRST, LAST, zone="America/New_York"),
        IdentityRow(store_id=MINE, person_id=PERSON, kind="email", value=EMAIL, seen_at=PLACED),
        IdentityRow(store_id=MINE, person_id=PERSON, kind="phone", value=PHONE, seen_at=PLACED),
        ConsentRow(
            store_id=MINE,
            person_id=PERSON,
            channel="email",
            purpose="marketing",
            granted=True,
            at=PLACED,
            source="shopify",
        ),
    ]


def person(id_: str, store: str, first: str, last: str, zone: str = "Europe/Berlin") -> PersonRow:
    return PersonRow(
        id=id_,
        store_id=store,
        first_name=first,
        last_name=last,
        name_key=name_key(first, last),
        zone=zone,
        zone_source="address",
        created_at=PLACED,
        updated_at=PLACED,
    )


STATE = OrderState(
    lines=(
        Line(ref="l1", product_ref="p-shoe", quantity=2, current=2, price_minor=5000),
        Line(ref="l2", product_ref="p-sock", quantity=3, current=3, price_minor=900),
    ),
    lines_at=PLACED,
    refunds={"r1": (("l2", 1),)},
    shipments={
        PARCEL: Shipment(ref=PARCEL, status=ShipmentStatus.IN_TRANSIT, status_at=PLACED + timedelta(days=2))
    },
)


def order(ref: str, store: str, external: str, number: str, person_id: str, **more: Any) -> OrderRow:
    defaults: dict[str, Any] = {
        "journey_id": journey_id(ref),
        "currency": "EUR",
        "total_minor": 12700,
        "placed_at": PLACED,
        "whole": True,
        "created_at": PLACED,
        "updated_at": PLACED,
    }
    return OrderRow(
        id=ref,
        store_id=store,
        external_id=external,
        number=number,
        person_id=person_id,
        **{**defaults, **more},
    )


def _order() -> list[SQLModel]:
    line = {"order_ref": ORDER, "store_id": MINE}
    return [
        order(ORDER, MINE, "5001", "#1042", PERSON, state=order_json(STATE)),
        OrderLineRow(
            **line, ref="l1", product_ref="p-shoe", title="Trail shoe", quantity=2, price_minor=5000
        ),
        OrderLineRow(**line, ref="l2", product_ref="p-sock", title="Wool sock", quantity=3, price_minor=900),
        ShipmentRow(
            ref=PARCEL,
            store_id=MINE,
            order_ref=ORDER,
            external_id="f1",
            carrier="DHL",
            tracking_number="0034",
            status="in_transit",
            status_at=PLACED + timedelta(days=2),
            expected_at=NOW + timedelta(days=1),
            expect_next_by=NOW - timedelta(hours=3),
            lines=[["l1", 2], ["l2", 2]],
            updated_at=PLACED,
        ),
        CheckpointRow(
            shipment_ref=PARCEL,
            status="in_transit",
            at=PLACED + timedelta(days=2),
            received_at=PLACED + timedelta(days=2),
            event_id="evt_scan",
        ),
    ]


def journey(ref: str, store: str, person_id: str, **more: Any) -> JourneyRow:
    defaults: dict[str, Any] = {
        "type": "standard.v1",
        "status": "open",
        "phase": "in transit",
        "started_at": PLACED,
        "next_due_at": NOW + timedelta(days=2),
    }
    return JourneyRow(
        id=journey_id(ref), store_id=store, order_ref=ref, person_id=person_id, **{**defaults, **more}
    )


WAITS = (
    Wait(kind="event", name="order.delivered", until=PLACED + timedelta(days=30)),
    Wait(kind="touch", name="care-guide", until=NOW + timedelta(days=2)),
)


def _journey() -> list[SQLModel]:
    key = f"{JOURNEY}:points"
    return [
        journey(ORDER, MINE, PERSON, waits=waits_json(WAITS), projected_at=NOW, revision=4),
        TicketRow(
            key=f"{JOURNEY}:late",
            ref="tkt_1",
            store_id=MINE,
            journey_id=JOURNEY,
            order_ref=ORDER,
            person_id=PERSON,
            reason="never-arrived",
            priority="high",
            opened_at=NOW,
        ),
        PointsRow(
            key=key,
            store_id=MINE,
            person_id=PERSON,
            journey_id=JOURNEY,
            order_ref=ORDER,
            points=127,
            reason="order",
            at=PLACED,
        ),
    ]


def touch(step: str, state: str, **more: Any) -> LedgerRowModel:
    defaults: dict[str, Any] = {
        "template": step,
        "purpose": "marketing",
        "priority": 50,
        "request": {},
        "due_at": PLACED,
        "expires_at": PLACED + timedelta(days=3),
        "created_at": PLACED,
        "updated_at": PLACED,
    }
    return LedgerRowModel(
        key=f"{JOURNEY}:{step}",
        store_id=MINE,
        person_id=PERSON,
        journey_id=JOURNEY,
        order_ref=ORDER,
        step=step,
        state=state,
        **{**defaults, **more},
    )


def _ledger() -> list[SQLModel]:
    consent = RuleTrace(rule="consent", verdict=Verdict.PASS, facts={"granted": True}, detail="Granted.")
    cap = RuleTrace(
        rule="frequency", verdict=Verdict.DEFER, facts={"sent": 1, "limit": 1}, detail="1 in 20 h."
    )
    sent = touch(
        "order-confirmation",
        "accepted",
        purpose="transactional",
        channel="email",
        accepted_at=PLACED,
        decided_at=PLACED,
        attempts=1,
        provider="outbox",
    )
    later = NOW + timedelta(hours=20)
    return [
        sent,
        touch("review-request", "deferred", reason="frequency_capped", deferred_until=later, decided_at=NOW),
        touch("cross-sell", "skipped", reason="not_consented", decided_at=NOW),
        DecisionRow(key=sent.key, at=PLACED, verdict="send", channel="email", trace=trace_json([consent])),
        DecisionRow(
            key=f"{JOURNEY}:review-request",
            at=NOW,
            verdict="defer",
            reason="frequency_capped",
            until=later,
            trace=trace_json([consent, cap]),
        ),
        MessageEventRow(
            id="mev_1", key=sent.key, type="delivered", at=PLACED, received_at=PLACED, provider="outbox"
        ),
    ]


def event(id_: str, type_: str, status: str, **more: Any) -> InboxEventRow:
    defaults: dict[str, Any] = {
        "webhook_id": "whk_1",
        "store_id": MINE,
        "connection_id": "nordwind-shopify",
        "external_id": id_,
        "fact_key": id_,
        "occurred_at": PLACED,
        "received_at": PLACED,
        "order_ref": ORDER,
        "due_at": PLACED,
    }
    return InboxEventRow(id=id_, type=type_, status=status, **{**defaults, **more})


def _inbox() -> list[SQLModel]:
    return [
        InboxWebhookRow(
            id="whk_1",
            store_id=MINE,
            connection_id="nordwind-shopify",
            external_id="d1",
            topic="orders/create",
            body=f'{{"email": "{EMAIL}"}}'.encode(),
            received_at=PLACED,
            status="quarantined",
            problems=["fulfillments[0].created_at is no instant."],
        ),
        event("evt_placed", "order.placed", "delivered"),
        event("evt_held", "shipment.delivered", "held", subject=PARCEL),
        event("evt_stuck", "review.submitted", "pending", attempts=9, error="Unavailable"),
    ]


def _other() -> list[SQLModel]:
    return [
        person(OTHER_PERSON, OTHER, "Ottilie", "Other"),
        IdentityRow(store_id=OTHER, person_id=OTHER_PERSON, kind="email", value=EMAIL, seen_at=PLACED),
        order(OTHER_ORDER, OTHER, "9001", "#1042", OTHER_PERSON),
        journey(OTHER_ORDER, OTHER, OTHER_PERSON, phase="placed", started_at=PLACED + timedelta(hours=1)),
    ]


def many(database: Database, count: int) -> list[str]:
    """More open journeys of the first store, one minute apart; answers their ids, oldest first."""
    made = []
    with database.write() as session:
        for number in range(count):
            ref = f"ord_{digest('many', str(number))}"
            session.add(order(ref, MINE, f"many-{number}", f"#M{number}", PERSON))
            session.flush()
            session.add(journey(ref, MINE, PERSON, started_at=NOW + timedelta(minutes=number), phase="many"))
            made.append(journey_id(ref))
    return made


class ToldGateway:
    """Does what the test says: `on_act(journey_id, action_id)` and `view` are its to set. Down until then."""

    def __init__(self) -> None:
        self.on_act: Callable[[str, str], Awaitable[ActionResult]] | None = None
        self.view: JourneyView | None = None
        self.asked: list[str] = []
        self.hangs = False
        self.kept: WorkflowHistory | None = None

    async def query_state(self, journey_id: str, timeout: float) -> JourneyView:
        if self.hangs:
            await asyncio.sleep(60)
        if self.view is None:
            raise Unavailable("No worker.")
        return self.view

    async def act(self, journey_id: str, action_id: str, timeout: float) -> ActionResult:
        self.asked.append(action_id)
        if self.hangs:
            await asyncio.sleep(60)
        if self.on_act is None:
            raise Unavailable("No worker.")
        return await self.on_act(journey_id, action_id)

    async def history(self, journey_id: str, timeout: float) -> WorkflowHistory:
        if self.kept is None:
            raise Unavailable("No Temporal.")
        return self.kept

    async def reachable(self) -> bool:
        return self.view is not None
