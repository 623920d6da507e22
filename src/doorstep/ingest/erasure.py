"""Forgetting a person: everything personal that tables hold of them is emptied, in the transaction that heard it.

What stays are references, states and times, and of each address a keyed hash on the never-send list. A raw webhook
is theirs if one of its events is, or if its bytes name one of their addresses or ids: most webhooks that repeat an
order leave no event.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from sqlalchemy import ColumnElement, Text, cast, delete, func, or_, select, update

from doorstep.domain.customers import SuppressionCause
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.sql import EVENTS, IDENTITIES, ORDERS, PERSONS, WEBHOOKS
from doorstep.models.addresses import CHANNEL_OF
from doorstep.models.inbox import WebhookStatus
from doorstep.models.ledger import LedgerRowModel, OutboxMessage
from doorstep.models.store import suppress
from doorstep.models.stores import ConnectionRow
from doorstep.models.tables import table
from doorstep.sources.base import PersonSighting

_SHARED = ("sendgrid", "twilio")
_CONNECTIONS = table(ConnectionRow)
_LEDGER, _OUTBOX = table(LedgerRowModel), table(OutboxMessage)
_SHORTEST_ID = 6
"""Characters: a shorter id stands in too many bodies to tell whose they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Who asked, as we know them (None: not at all) and as the webhook named them."""

    person_id: str | None
    named: PersonSighting
    at: datetime


def erase(delivery: Delivery, erasure: Erasure) -> None:
    """Once everything else of the webhook is written: its own body is emptied too."""
    conn = delivery.conn
    person = erasure.person_id or ""  # nobody, rather than whatever has no person yet
    empty = {"first_name": "", "last_name": "", "name_key": "", "locale": "", "country": ""}
    conn.execute(  # first: it locks the person, as every touch does
        update(PERSONS)
        .where(PERSONS.c.id == person, PERSONS.c.erased_at.is_(None))
        .values(**empty, erased_at=min(erasure.at, delivery.received_at))
    )
    known = conn.execute(
        select(IDENTITIES.c.kind, IDENTITIES.c.value).where(IDENTITIES.c.person_id == person)
    )
    identities = {(row.kind, row.value) for row in known} | set(_named(delivery, erasure.named))
    orders = conn.execute(select(ORDERS.c.id, ORDERS.c.external_id).where(ORDERS.c.person_id == person)).all()
    _remember(delivery, identities, erasure.at)
    conn.execute(delete(IDENTITIES).where(IDENTITIES.c.person_id == person))
    conn.execute(update(ORDERS).where(ORDERS.c.person_id == person).values(address={}, status_url=""))
    written = select(_LEDGER.c.key).where(_LEDGER.c.person_id == person)
    conn.execute(
        update(_OUTBOX)
        .where(or_(_OUTBOX.c.key.in_(written), _OUTBOX.c.order_ref.in_([row.id for row in orders])))
        .values(to_address="", subject="", html="", text="", headers={})
    )
    words = [word for kind, value in identities for word in _words(kind, value)]
    _empty_webhooks(delivery, person, [row.id for row in orders], [*words, *(o.external_id for o in orders)])


def _words(kind: str, value: str) -> tuple[str, ...]:
    """As the identity stands in bodies: quoted in JSON, a number also as a form spells it; of an id its own part."""
    if kind not in CHANNEL_OF:
        return (value.partition(":")[2],)
    return (f'"{value}"', *((f"={quote_plus(value)}",) if kind == "phone" else ()))


def _named(delivery: Delivery, named: PersonSighting) -> Iterable[tuple[str, str]]:
    """Identities of the request itself: it may name an address that we did not know."""
    told = (
        ("email", named.email),
        ("phone", named.phone),
        ("customer", named.external_id and f"{delivery.at.id}:{named.external_id}"),
    )
    return ((kind, value) for kind, value in told if value)


def _remember(delivery: Delivery, identities: Iterable[tuple[str, str]], at: datetime) -> None:
    if delivery.secret is None:
        delivery.problems.append("The erased addresses are not on the never-send list: no secret is at hand.")
        return
    secret = delivery.secret()
    for kind, value in sorted(identities):
        if kind in CHANNEL_OF:
            place = (delivery.at.store_id, CHANNEL_OF[kind], value, SuppressionCause.MANUAL)
            suppress(delivery.conn, secret, *place, min(at, delivery.received_at))


def _empty_webhooks(delivery: Delivery, person: str, orders: list[str], words: list[str]) -> None:
    events = select(EVENTS.c.webhook_id).where(
        or_(EVENTS.c.person_id == person, EVENTS.c.order_ref.in_(orders))
    )
    body: ColumnElement[Any] = cast(WEBHOOKS.c.body, Text)
    if delivery.dialect.name == "postgresql":
        body = func.encode(WEBHOOKS.c.body, "escape")
    delivery.conn.execute(
        update(WEBHOOKS)
        .where(
            or_(
                WEBHOOKS.c.store_id == delivery.at.store_id,
                # a provider's account serves every store: its webhooks may come to another's connection
                WEBHOOKS.c.connection_id.in_(
                    select(_CONNECTIONS.c.id).where(_CONNECTIONS.c.source.in_(_SHARED))
                ),
            ),
            or_(
                WEBHOOKS.c.id == delivery.webhook_id,
                WEBHOOKS.c.id.in_(events),
                *(body.icontains(word, autoescape=True) for word in words if len(word) >= _SHORTEST_ID),
            ),
        )
        .values(body=b"", headers={}, status=WebhookStatus.ERASED.value)
    )
