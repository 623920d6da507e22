"""Emptying what tables hold of a person, in the caller's transaction."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, delete, func, or_, select, update

from doorstep.models.inbox import InboxWebhookRow, WebhookStatus
from doorstep.models.stores import ConnectionRow
from doorstep.models.tables import table
from doorstep.privacy.holdings import ERASED, FREE_TEXT, HOLDINGS, Holding
from doorstep.privacy.whose import Whose

_webhooks, _connections = table(InboxWebhookRow), table(ConnectionRow)
_SHARED = ("sendgrid", "twilio")
"""A provider's account serves every store: its webhooks may come to another's connection."""
_SHORTEST_ID = 6
"""Characters: a shorter id stands in too many bodies to tell whose they are."""


def forget(conn: Connection, whose: Whose) -> None:
    """Empties every holding of theirs, every raw webhook that names them, and what anybody wrote about them."""
    _empty_bodies(conn, whose)  # first: it looks for events under the ids that they had
    if whose.person_id:
        for holding in HOLDINGS:
            _empty(conn, holding, whose)
    _forget_mentions(conn, whose)


def _empty(conn: Connection, holding: Holding, whose: Whose) -> None:
    theirs = holding.theirs(whose)
    if holding.removed:
        conn.execute(delete(holding.table).where(theirs))
        return
    if holding.rewrite is not None:
        for row in conn.execute(select(holding.table).where(theirs)).all():
            changes = {n: v for n, v in holding.rewrite(whose, row).items() if v != getattr(row, n)}
            if changes:
                this = and_(*(column == getattr(row, column.name) for column in holding.table.primary_key))
                conn.execute(update(holding.table).where(this).values(**changes))
    if holding.emptied:
        conn.execute(update(holding.table).where(theirs).values(**holding.emptied))


def _empty_bodies(conn: Connection, whose: Whose) -> None:
    """Raw webhooks whose bytes name them: most that repeat an order leave no event, and a provider's callback names
    an address in its own spelling."""
    body: ColumnElement[Any] = cast(_webhooks.c.body, Text)
    if conn.dialect.name == "postgresql":
        body = func.encode(_webhooks.c.body, "escape")
    words = [word for word in _spellings(whose) if len(word) >= _SHORTEST_ID]
    if not words:
        return
    naming = or_(*(body.icontains(word, autoescape=True) for word in words))
    shared = select(_connections.c.id).where(_connections.c.source.in_(_SHARED))
    conn.execute(
        update(_webhooks)
        .where(or_(_webhooks.c.store_id == whose.store_id, _webhooks.c.connection_id.in_(shared)), naming)
        .values(
            body=b"", headers={}, problems=[], status=WebhookStatus.ERASED.value, external_id=_webhooks.c.id
        )
    )


def _spellings(whose: Whose) -> set[str]:
    """How bodies spell them: addresses as whole JSON texts or form values, so that nobody is taken for another whose
    address ends alike."""
    addresses = whose.values("email", "phone")
    return {
        *(f'"{address}"' for address in addresses),
        *(f"={quote_plus(number)}" for number in whose.values("phone")),
        *whose.values("customer"),
        *whose.external_orders,
        *whose.journeys,
    }


def _forget_mentions(conn: Connection, whose: Whose) -> None:
    """Free text on other people's rows that names them by an address, a customer id or their full name."""
    for target, name in FREE_TEXT:
        column = target.c[name]
        words = [w for w in whose.values("email", "phone", "customer") if len(w) >= _SHORTEST_ID]
        naming = [column.icontains(word, autoescape=True) for word in words]
        if whose.full_name:
            naming.append(and_(*(column.icontains(word, autoescape=True) for word in whose.full_name)))
        if naming:
            here = [target.c.store_id == whose.store_id] if "store_id" in target.c else []
            conn.execute(update(target).where(*here, or_(*naming)).values({name: ERASED}))
