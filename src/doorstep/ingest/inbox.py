"""Rows of the inbox: envelopes on their way, as Core values and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from doorstep.domain.events import Envelope, declared, event_class, parse
from doorstep.domain.facts import Line, lines_of
from doorstep.domain.ids import digest
from doorstep.errors import Unreadable
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.sql import EVENTS
from doorstep.models.inbox import InboxStatus
from doorstep.sources.base import ReadEvent

#: the courier delivers right after the commit; the sweep leaves it this long
SWEEP_AFTER = timedelta(seconds=5)
RUSH_SWEEP_AFTER = timedelta(seconds=20)
"""… and so long what came in a rush: the courier holds it back then so that webhooks are answered first, and a sweep
that took it meanwhile would undo that. Twice the courier's patience: no longer, for this is what an order waits whose
API died."""

_WITH_LINES = ("order.placed", "order.updated")
_LINE_FIELDS = tuple(Line.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an event goes: an order's journey, or every open journey of a person. `store_id` None: the connection's;
    a provider's account serves every store, and whose person it is says which."""

    status: InboxStatus
    order_ref: str | None = None
    person_id: str | None = None
    except_journey: str | None = None
    store_id: str | None = None


def event_id(connection: str, external_id: str) -> str:
    """`evt_…`: follows from the sender's own id, so that a redrive makes the same."""
    return f"evt_{digest(connection, external_id)}"


def envelope_of(delivery: Delivery, event: ReadEvent) -> Envelope:
    """The envelope of what a source read, checked: its class reads it, and nothing undeclared travels on.

    Raises `Unreadable` for an unknown type or data that does not fit.
    """
    cls = event_class(event.type)
    data = declared(cls, event.data)
    if event.type in _WITH_LINES and "lines" in event.data:
        data["lines"] = _lines(event)
    envelope = Envelope(
        id=event_id(delivery.at.id, event.external_id),
        fact_key=event.fact_key,
        type=event.type,
        occurred_at=event.occurred_at,
        received_at=delivery.received_at,
        connection=delivery.at.id,
        order_ref=event.order_ref,
        subject=event.subject,
        data=data,
    )
    parse(envelope)
    return envelope


def _lines(event: ReadEvent) -> list[dict[str, Any]]:
    try:
        lines = [{k: v for k, v in line.items() if k in _LINE_FIELDS} for line in event.data["lines"]]
        lines_of(lines)
    except (TypeError, AttributeError):
        raise Unreadable(
            f"'{event.type}': data.lines cannot be read.", mend="Send the documented lines."
        ) from None
    return lines


def store(delivery: Delivery, envelope: Envelope, external_id: str, place: Place) -> bool:
    """Put an event into the inbox; whether it was new."""
    known = delivery.known
    missing = known is not None and envelope.id in known.new
    new = delivery.insert_missing(
        EVENTS,
        {
            "id": envelope.id,
            "webhook_id": delivery.webhook_id,
            "store_id": place.store_id or delivery.at.store_id,
            "connection_id": delivery.at.id,
            "external_id": external_id,
            "fact_key": envelope.fact_key,
            "type": envelope.type,
            "occurred_at": envelope.occurred_at,
            "received_at": envelope.received_at,
            "order_ref": place.order_ref,
            "person_id": place.person_id,
            "subject": envelope.subject,
            "data": dict(envelope.data),
            "trace_parent": delivery.trace_parent,
            "status": place.status.value,
            "except_journey": place.except_journey,
            "attempts": 0,
            "due_at": envelope.received_at + (RUSH_SWEEP_AFTER if delivery.in_a_rush else SWEEP_AFTER),
            "error": "",
        },
        missing=missing,
    )
    if known is not None:
        known.new.discard(envelope.id)
    delivery.events += new
    return new


def envelope_from(row: Any) -> Envelope:
    """The envelope of an inbox row."""
    return Envelope(
        id=row.id,
        fact_key=row.fact_key,
        type=row.type,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        connection=row.connection_id,
        order_ref=row.order_ref,
        person_ref=row.person_id,
        subject=row.subject,
        data=row.data,
    )


def consequence(cause: Envelope, connection: str, *, external_id: str, **changes: Any) -> Envelope:
    """An event that follows from another: same times and connection, an id of its own."""
    return replace(cause, id=event_id(connection, external_id), **changes)
