"""The tables as ingest writes them. This is the hot path: no ORM objects, statements compiled once
(`models.prepared`), one small statement after the other inside one transaction."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import JSON, ColumnElement, Dialect, String, Table, bindparam, func, text, update
from sqlalchemy.dialects import postgresql

from doorstep.models.inbox import InboxEventRow, InboxWebhookRow
from doorstep.models.journeys import JourneyRow
from doorstep.models.orders import CheckpointRow, OrderLineRow, OrderRow, ProductRow, ShipmentRow
from doorstep.models.people import ConsentRow, IdentityRow, PersonRow
from doorstep.models.prepared import Inserting, Prepared, prepared
from doorstep.models.tables import table

WEBHOOKS = table(InboxWebhookRow)
EVENTS = table(InboxEventRow)
PERSONS = table(PersonRow)
IDENTITIES = table(IdentityRow)
CONSENTS = table(ConsentRow)
ORDERS = table(OrderRow)
LINES = table(OrderLineRow)
SHIPMENTS = table(ShipmentRow)
CHECKPOINTS = table(CheckpointRow)
PRODUCTS = table(ProductRow)
JOURNEYS = table(JourneyRow)

GROUP_LOCK_MS = 250
"""How long one of a group waits for rows that another process holds. Two groups that wait for each other would
otherwise stand still for PostgreSQL's deadlock second; alone, the one that gave way waits its full time."""
NO_LONGER = prepared(text(f"SET LOCAL lock_timeout = {GROUP_LOCK_MS}"))
"""On PostgreSQL: this transaction waits no longer than that."""
BY_INDEX = prepared(text("SET LOCAL enable_seqscan = off"))
"""On PostgreSQL: what this transaction looks up by an index is planned so, however few rows there are. A plan is kept
until the table is analysed, a minute later or more: one made for a new shop's empty tables would read them whole,
webhook for webhook, when they hold thousands."""


def among(dialect: Dialect, column: ColumnElement[str]) -> ColumnElement[bool]:
    """The column is one of the parameter `several`, a list: one statement however many there are."""
    if dialect.name == "postgresql":
        held: ColumnElement[bool] = column == func.any(bindparam("several", type_=postgresql.ARRAY(String)))
        return held
    several = text("SELECT value FROM json_each(:several)").bindparams(bindparam("several", type_=JSON))
    return column.in_(several)


@lru_cache(maxsize=64)
def ignoring(target: Table, columns: tuple[str, ...]) -> Prepared:
    """INSERT … ON CONFLICT DO NOTHING of those columns: it touches a row if the row is new."""
    return Inserting(target, columns)


def setting(target: Table, where: ColumnElement[bool], *columns: str) -> Prepared:
    """UPDATE of those columns where the condition holds."""
    return Prepared(lambda _dialect: update(target).where(where), columns)
