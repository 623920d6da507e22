"""Erasing somebody because we were asked here, not by a webhook: an agent's word, or a shop that leaves.

The same as a `customer.erased` of a connection: every open journey of the person hears it and ends.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, select

from doorstep.domain.events import Envelope
from doorstep.domain.facts import PersonErased
from doorstep.errors import NotFound
from doorstep.ingest import inbox
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.erasure import Erasure, erase
from doorstep.ingest.inputs import Connected
from doorstep.ingest.orders import Orders
from doorstep.ingest.persons import People
from doorstep.ingest.sql import ORDERS, PERSONS
from doorstep.ingest.statements import Statements
from doorstep.models.inbox import InboxStatus
from doorstep.privacy.forget import forget
from doorstep.privacy.whose import whose
from doorstep.sources.sightings import PersonSighting

CONNECTION = "privacy"
"""What stands as the connection of an erasure that no connection told."""


def forget_person(
    conn: Connection, person_id: str, *, actor: str, at: datetime, secret: Callable[[], bytes]
) -> bool:
    """Erases the person in the caller's transaction; False when they were erased before (what was added since, and
    what an older release left, goes then). `at` is aware UTC; the sweep tells their journeys. Raises `NotFound`."""
    row = conn.execute(
        select(PERSONS.c.store_id, PERSONS.c.erased_at).where(PERSONS.c.id == person_id)
    ).first()
    if row is None:
        raise NotFound(
            "There is no such person.", mend="Give a per_… as the journey's `person.ref` names it."
        )
    if row.erased_at is not None:
        forget(conn, whose(conn, row.store_id, person_id))
        return False
    delivery = Delivery(
        statements=Statements(conn),
        at=Connected(id=CONNECTION, store_id=row.store_id, source=CONNECTION),
        webhook_id="",
        received_at=at,
        secret=secret,
    )
    name = f"{PersonErased.type}:{person_id}"
    envelope = Envelope(
        id=inbox.event_id(CONNECTION, name),
        fact_key=name,
        type=PersonErased.type,
        occurred_at=at,
        received_at=at,
        connection=CONNECTION,
        person_ref=person_id,
    )
    inbox.store(delivery, envelope, name, inbox.Place(status=InboxStatus.PENDING, person_id=person_id))
    _tell_orders(delivery, envelope, person_id)
    erase(delivery, Erasure(person_id=person_id, named=PersonSighting(), at=at, actor=actor))
    return True


def _tell_orders(delivery: Delivery, envelope: Envelope, person_id: str) -> None:
    """Their orders' states know it too, as after a webhook: late news finds them erased."""
    orders = Orders(delivery, People(delivery))
    for row in delivery.conn.execute(select(ORDERS.c.id).where(ORDERS.c.person_id == person_id)).all():
        order = orders.find(row.id)
        if order is not None:
            order.state = order.state.apply(envelope)
            order.touched = True
    orders.save_states()
