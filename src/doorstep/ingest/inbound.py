"""What people write back. STOP puts their number on the never-send list, START takes it off; whatever is not a word of
that kind reaches a person, as a ticket about the order we last wrote to them about.

The installation sends from one number for all its stores, and the provider tells us at one address what comes in: STOP
and START are said to that number, so they hold for every store.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select

from doorstep.contracts import TicketRequest
from doorstep.domain.customers import SuppressionCause
from doorstep.domain.outcomes import TouchState
from doorstep.domain.reports import Said
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.reports import lock, person_at
from doorstep.ingest.sql import ORDERS
from doorstep.models.addresses import IDENTITY_OF
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.prepared import prepared
from doorstep.models.reading.tickets import REPLY
from doorstep.models.store import lift, suppress
from doorstep.models.stores import StoreRow
from doorstep.models.tables import as_found, table
from doorstep.models.tickets import open_ticket_in
from doorstep.sources.heard import InboundSighting

REASON = "customer_reply"
_LEDGER, _STORES = table(LedgerRowModel), table(StoreRow)
_EVERY_STORE = prepared(select(_STORES.c.id).order_by(_STORES.c.id))
_LAST_MESSAGE = prepared(
    select(_LEDGER.c.journey_id, _LEDGER.c.order_ref)
    .where(
        _LEDGER.c.person_id == bindparam("person"),
        _LEDGER.c.channel == bindparam("over"),
        as_found(_LEDGER.c.state) == TouchState.ACCEPTED.value,
    )
    .order_by(_LEDGER.c.accepted_at.desc(), _LEDGER.c.key)
    .limit(1)
)
_LAST_ORDER = prepared(
    select(ORDERS.c.journey_id, ORDERS.c.id.label("order_ref"))
    .where(ORDERS.c.person_id == bindparam("person"), ORDERS.c.journey_id.is_not(None))
    .order_by(ORDERS.c.placed_at.desc(), ORDERS.c.id)
    .limit(1)
)


def keep_inbound(delivery: Delivery, seen: Iterable[InboundSighting]) -> None:
    """Each message's word on the never-send list, or its ticket."""
    for message in seen:
        _take(delivery, message)


def _take(delivery: Delivery, message: InboundSighting) -> None:
    if not message.address:
        delivery.problems.append("A message to us does not say who wrote it.")
        return
    person = person_at(delivery, delivery.at.store_id, IDENTITY_OF[message.channel], message.address)
    if person:
        lock(delivery, person)
    if message.said in (Said.STOP, Said.START, Said.YES):
        opted_in = _opt(delivery, message)
        if message.said is not Said.YES or opted_in:
            return
    if message.said in (Said.TEXT, Said.YES):
        _to_a_person(delivery, message, person)


def _opt(delivery: Delivery, message: InboundSighting) -> bool:
    """Whether it took the number off a list."""
    if delivery.secret is None:
        delivery.problems.append("A word on the never-send list was not kept: no secret is at hand.")
        return False
    taken_off = False
    for store in delivery.all(_EVERY_STORE):
        person_at(
            delivery, store.id, IDENTITY_OF[message.channel], message.address
        )  # locks them, as a touch does
        place = (store.id, message.channel, message.address, SuppressionCause.STOP)
        if message.said is Said.STOP:
            suppress(delivery.conn, delivery.secret(), *place, message.at, heard_at=delivery.heard_at)
        else:
            taken_off |= lift(delivery.conn, delivery.secret(), *place, message.at)
    return taken_off


def _to_a_person(delivery: Delivery, message: InboundSighting, person: str) -> None:
    about: Any = None
    if person:
        about = delivery.first(_LAST_MESSAGE, person=person, over=message.channel.value)
        about = about or delivery.first(_LAST_ORDER, person=person)
    open_ticket_in(
        delivery.conn,
        TicketRequest(
            key=f"{REPLY}{delivery.webhook_id}",
            journey_id=about.journey_id if about else "",
            store_id=delivery.at.store_id,
            order_ref=about.order_ref if about else "",
            person_ref=person,
            reason=REASON,
            priority="normal",
            at=message.at,
        ),
    )
