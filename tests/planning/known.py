"""The tables as they stand beside a journey of which a history is there: its shop, its person, its order."""

from __future__ import annotations

from temporalio.client import WorkflowHistory

from doorstep.models.base import Database
from doorstep.models.codec_json import order_json
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.ledger_rows import ledger_values
from doorstep.models.orders import OrderRow
from doorstep.models.people import ConsentRow, IdentityRow, PersonRow
from doorstep.models.stores import StoreRow
from doorstep.rehearsal.premises import asked_of, premises, start_of
from shop import EMAIL, add


def furnish(database: Database, history: WorkflowHistory, *, journey_type: str = "standard.v1") -> None:
    """What is known when the history is as long as this; the person has agreed to marketing by mail."""
    start = start_of(history)
    begun = start.placed.occurred_at
    known = premises(history, asked_of(history))
    held = {"store_id": start.store_id, "person_id": start.person_ref}
    add(
        database,
        StoreRow(
            id=start.store_id, name="A shop", locale="en-GB", currency="EUR", brand={}, created_at=begun
        ),
        PersonRow(
            id=start.person_ref, store_id=start.store_id, first_name="Ada", locale="", zone=start.zone,
            created_at=begun, updated_at=begun,
        ),
        IdentityRow(**held, kind="email", value=EMAIL, seen_at=begun),
        ConsentRow(**held, channel="email", purpose="marketing", granted=True, at=begun, source="checkout"),
        OrderRow(
            id=start.order_ref, store_id=start.store_id, external_id="1", number="#1", journey_id=start.journey_id,
            person_id=start.person_ref, currency="EUR", total_minor=100, placed_at=begun, whole=True,
            state=order_json(known.orders[start.order_ref].state), created_at=begun, updated_at=begun,
        ),
        JourneyRow(
            id=start.journey_id, store_id=start.store_id, order_ref=start.order_ref, person_id=start.person_ref,
            type=journey_type, status="open", started_at=begun,
        ),
        *(LedgerRowModel(**ledger_values(row)) for row in known.rows.get(start.person_ref, {}).values()),
    )  # fmt: skip
