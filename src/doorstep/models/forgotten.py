"""Whether somebody was erased, asked by who is about to write of them.

A provider's call may be out while the erasure commits; what comes back afterwards settles the touch and adds nothing
of the person. Each answer holds for the caller's transaction: on PostgreSQL the person's row is locked, as the erasure
locks it; on SQLite there is one writer.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from doorstep.models.orders import OrderRow
from doorstep.models.people import PersonRow
from doorstep.models.prepared import prepared
from doorstep.models.tables import table

_persons, _orders = table(PersonRow), table(OrderRow)
_PERSON = prepared(
    select(_persons.c.erased_at).where(_persons.c.id == bindparam("person")).with_for_update(key_share=True)
)
_BUYER = prepared(
    select(_persons.c.erased_at)
    .select_from(_persons.join(_orders, _orders.c.person_id == _persons.c.id))
    .where(_orders.c.id == bindparam("order"))
    .with_for_update(of=_persons, key_share=True)
)


def person_forgotten(connection: Connection, person_ref: str) -> bool:
    """Whether that person was erased."""
    return _said(_PERSON.first(connection, {"person": person_ref}))


def buyer_forgotten(connection: Connection, order_ref: str) -> bool:
    """Whether the person of that order was erased."""
    return _said(_BUYER.first(connection, {"order": order_ref}))


def _said(row: Any | None) -> bool:
    return row is not None and row.erased_at is not None
