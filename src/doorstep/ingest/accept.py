"""One webhook, one transaction: raw bytes, persons, orders, parcels, consents, catalogue and events together.

Either all of it is committed or none; the 2xx goes out after the commit. A webhook that is there already
changes nothing. What could not be read or placed is noted as a problem and puts the webhook in quarantine,
visible and re-drivable; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam

from doorstep.domain.facts import OrderPlaced
from doorstep.ingest import again, releases
from doorstep.ingest.catalogue import keep_products
from doorstep.ingest.consents import keep_consents
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.erasure import ask, empty_body, erase
from doorstep.ingest.events import Events
from doorstep.ingest.inbound import keep_inbound
from doorstep.ingest.inputs import Accepted, Answer, Connected, Incoming, Raw
from doorstep.ingest.known import Known, look_up
from doorstep.ingest.orders import Orders
from doorstep.ingest.parcels import Parcels
from doorstep.ingest.persons import People
from doorstep.ingest.reports import keep_reports
from doorstep.ingest.sql import BY_INDEX, NO_LONGER, WEBHOOKS, setting
from doorstep.ingest.statements import Statements
from doorstep.models.base import Database
from doorstep.models.inbox import WebhookStatus
from doorstep.models.privacy import RequestKind
from doorstep.sources.base import ReadEvent, Reading
from doorstep.sources.sightings import OrderSighting

#: headers that are nobody's business once the webhook is verified
DROPPED_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "forwarded",
        "x-forwarded-for",
        "x-real-ip",
        "true-client-ip",
    }
)
_ANSWERS = {
    WebhookStatus.READ: Answer.ACCEPTED,
    WebhookStatus.QUARANTINED: Answer.QUARANTINED,
    WebhookStatus.IGNORED: Answer.IGNORED,
}
_RECORD = setting(WEBHOOKS, WEBHOOKS.c.id == bindparam("webhook"), "status", "problems")


def accept(
    db: Database, connection: Connected, reading: Reading, raw: Raw, received_at: datetime
) -> Accepted:
    """Take in one webhook, in a transaction of its own. `received_at` is aware UTC.

    Raises what the database raises; then nothing was stored.
    """
    with db.writing() as conn:
        return accept_in(conn, connection, reading, raw, received_at)


def accept_in(
    conn: Connection,
    connection: Connected,
    reading: Reading,
    raw: Raw,
    received_at: datetime,
    secret: Callable[[], bytes] | None = None,
) -> Accepted:
    """As `accept`, in the caller's transaction: it counts once that is committed. `secret` answers the
    installation's own key, for erasures."""
    one = Incoming(at=connection, reading=reading, raw=raw, received_at=received_at)
    return _accept(Statements(conn), one, None, secret)


def accept_together(
    conn: Connection, group: Sequence[Incoming], secret: Callable[[], bytes] | None = None
) -> list[Accepted]:
    """As `accept_in` for each in turn, at a fraction of its cost: what they need is read at once, and an order that
    several tell of only once. All or none: after any error the transaction must be rolled back, and each be accepted
    by itself. Raises also `NotAsForeseen`, where another process wrote the same meanwhile."""
    statements = Statements(conn, puts_off=True)
    if statements.dialect.name == "postgresql":
        statements.later(BY_INDEX, {})
        if len(group) > 1:
            statements.later(NO_LONGER, {})
    known = look_up(statements, group)
    told = [_accept(statements, one, known, secret) for one in group]
    statements.flush()
    return told


def _accept(
    statements: Statements, one: Incoming, known: Known | None, secret: Callable[[], bytes] | None
) -> Accepted:
    delivery = Delivery(
        statements=statements,
        at=one.at,
        webhook_id=one.webhook_id,
        received_at=one.received_at,
        known=known,
        in_a_rush=one.in_a_rush,
        secret=secret,
        trace_parent=one.raw.trace_parent,
    )
    there = known is not None and delivery.webhook_id in known.webhooks
    status = _status(one.reading, one.reading.problems)
    if there or not delivery.insert_missing(WEBHOOKS, _row(delivery, one.reading, one.raw, status)):
        return Accepted(id=delivery.webhook_id, status=Answer.DUPLICATE)
    if known is not None:
        known.webhooks.add(delivery.webhook_id)
    return take_in(delivery, one.reading, status)


def take_in(delivery: Delivery, reading: Reading, status: WebhookStatus) -> Accepted:
    """Everything but the raw webhook itself, which is there. Again with the same reading it changes nothing."""
    people = People(delivery)
    orders = Orders(delivery, people)
    parcels = Parcels(delivery, orders)
    events = Events(delivery, people, orders, parcels)
    for seen in reading.orders or ((reading.order,) if reading.order else ()):
        orders.sight(seen)
    keep_consents(delivery, people, reading.consents)
    for event in (*_untold_orders(orders, reading.events), *reading.events):
        events.take(event)
    keep_reports(delivery, reading.reports)
    keep_inbound(delivery, reading.inbound)
    parcels.keep(reading.shipments)
    keep_products(delivery, reading)
    releases.release(delivery, orders)
    orders.save_states()
    if reading.shop_left is not None:
        ask(delivery, RequestKind.SHOP, None, reading.shop_left)
    again.ordered_again(delivery, orders)
    again.zones_changed(delivery, people.moved)
    for erasure in delivery.erasures:
        erase(delivery, erasure)
    delivery.of_the_erased |= orders.of_the_erased
    emptied = bool(delivery.erasures) or delivery.of_the_erased
    if delivery.of_the_erased:
        empty_body(delivery)
    orders.leave_to_the_next()
    problems = (*reading.problems, *dict.fromkeys(delivery.problems))
    final = _status(reading, problems)
    if final is not status and not emptied:
        delivery.later(
            _RECORD, {"webhook": delivery.webhook_id, "status": final.value, "problems": list(problems)}
        )
    return Accepted(
        id=delivery.webhook_id,
        status=_ANSWERS[final],
        events=delivery.events,
        journeys=frozenset(delivery.journeys),
        persons=frozenset(delivery.persons),
        problems=problems,
    )


def _status(reading: Reading, problems: Iterable[str]) -> WebhookStatus:
    if any(True for _ in problems):
        return WebhookStatus.QUARANTINED
    return WebhookStatus.IGNORED if reading.ignored else WebhookStatus.READ


def _row(delivery: Delivery, reading: Reading, raw: Raw, status: WebhookStatus) -> dict[str, Any]:
    return {
        "id": delivery.webhook_id,
        "store_id": delivery.at.store_id,
        "connection_id": delivery.at.id,
        "external_id": raw.external_id,
        "topic": raw.topic,
        "headers": {k: v for k, v in raw.headers.items() if k.lower() not in DROPPED_HEADERS},
        "body": raw.body,
        "received_at": delivery.received_at,
        "status": status.value,
        "problems": list(reading.problems) or ([reading.ignored] if reading.ignored else []),
    }


def _untold_orders(orders: Orders, told: Iterable[ReadEvent]) -> list[ReadEvent]:
    """`order.placed` for an order that became whole without its source saying so."""
    placed = {event.order_ref for event in told if event.type == OrderPlaced.type}
    return [
        _placed(order.sighting)
        for order in orders.loaded.values()
        if order.arrived and order.sighting is not None and order.ref not in placed
    ]


def _placed(seen: OrderSighting) -> ReadEvent:
    fields = ("ref", "product_ref", "quantity", "current", "category", "price_minor", "requires_shipping")
    return ReadEvent(
        external_id=f"order.placed:{seen.ref}",
        fact_key=f"order.placed:{seen.external_id}",
        type=OrderPlaced.type,
        occurred_at=seen.placed_at,
        data={
            "total_minor": seen.total_minor,
            "currency": seen.currency,
            "lines": [{name: getattr(line, name) for name in fields} for line in seen.lines],
        },
        external_order_id=seen.external_id,
        order_ref=seen.ref,
    )
