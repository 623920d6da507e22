"""Every table, and what it holds of a person: which rows are theirs, what an erasure takes out of them, what stays.

A table is here or in `NOTHING_OF_A_PERSON`, and each of its columns is emptied, rewritten or named as staying: a test
holds both, so a new column cannot be forgotten. What stays are references, states, times and amounts; of an address
its keyed hash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, select

from doorstep.models.access import AuditRow
from doorstep.models.archive import HistoryArchiveRow
from doorstep.models.care import PointsRow, TicketRow
from doorstep.models.inbox import InboxEventRow, InboxWebhookRow, WebhookStatus
from doorstep.models.journeys import ActionRow, JourneyRow
from doorstep.models.ledger import DecisionRow, LedgerRowModel, MessageEventRow, OutboxMessage
from doorstep.models.orders import CheckpointRow, OrderLineRow, OrderRow, ShipmentRow
from doorstep.models.people import ConsentRow, IdentityRow, PersonRow
from doorstep.models.privacy import PrivacyRequestRow
from doorstep.models.tables import table
from doorstep.privacy.whose import Whose

ERASED = "[erased]"
"""What stands where a person wrote something about another."""
_MACHINE_WORD = re.compile(r"[a-z0-9][a-z0-9._-]*")

Rewrite = Callable[[Whose, Any], dict[str, Any]]
"""(whose, row) → the columns that change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one table holds. `emptied`: column → what it holds after an erasure; `rewritten`: columns that `rewrite`
    makes anew row by row; `stays`: the others, with no personal data in them. `removed`: whole rows go."""

    table: Table
    theirs: Callable[[Whose], ColumnElement[bool]]
    emptied: Mapping[str, Any] = field(default_factory=dict)
    rewritten: tuple[str, ...] = ()
    rewrite: Rewrite | None = None
    stays: tuple[str, ...] = ()
    removed: bool = False


def _scrubbed(*columns: str) -> Rewrite:
    return lambda whose, row: {name: whose.scrubbed(getattr(row, name)) for name in columns}


_persons, _identities, _consents = table(PersonRow), table(IdentityRow), table(ConsentRow)
_orders, _lines, _parcels, _scans = (
    table(OrderRow), table(OrderLineRow), table(ShipmentRow), table(CheckpointRow),
)  # fmt: skip
_webhooks, _events = table(InboxWebhookRow), table(InboxEventRow)
_journeys, _actions = table(JourneyRow), table(ActionRow)
_touches, _decisions = table(LedgerRowModel), table(DecisionRow)
_reports, _outbox = table(MessageEventRow), table(OutboxMessage)
_tickets, _points, _audit = table(TicketRow), table(PointsRow), table(AuditRow)
_requests, _histories = table(PrivacyRequestRow), table(HistoryArchiveRow)


def _their_events(whose: Whose) -> ColumnElement[bool]:
    return or_(
        _events.c.person_id == whose.person_id if whose.person_id else _events.c.id == "",
        _events.c.order_ref.in_(whose.orders),
    )


def _event(whose: Whose, row: Any) -> dict[str, Any]:
    """The sender's own id may be an address: our id, which follows from it, stands for it."""
    changes = {"external_id": row.id, "data": whose.scrubbed(row.data)}
    return changes if row.order_ref else {**changes, "fact_key": row.id}


def _ticket(whose: Whose, row: Any) -> dict[str, Any]:
    """A reason that a journey's code gave is a word of ours; anything else may be a person's sentence."""
    return {"reason": row.reason if _MACHINE_WORD.fullmatch(row.reason) else ERASED}


def _touch(whose: Whose, row: Any) -> dict[str, Any]:
    return {"request": {**row.request, "context": whose.scrubbed(row.request.get("context", {}))}}


HOLDINGS: tuple[Holding, ...] = (
    Holding(
        table=_persons,
        theirs=lambda w: _persons.c.id == w.person_id,
        emptied={
            **dict.fromkeys(("first_name", "last_name", "name_key", "locale", "country"), ""),
            "zone": "UTC",
            "zone_source": "store",
        },
        stays=("id", "store_id", "created_at", "updated_at", "erased_at"),
    ),
    Holding(table=_identities, theirs=lambda w: _identities.c.person_id == w.person_id, removed=True),
    Holding(
        table=_consents,
        theirs=lambda w: _consents.c.person_id == w.person_id,
        stays=("id", "store_id", "person_id", "channel", "purpose", "granted", "at", "source", "heard_at"),
    ),
    Holding(
        table=_orders,
        theirs=lambda w: _orders.c.id.in_(w.orders),
        emptied={"address": {}, "status_url": ""},
        stays=(
            *("id", "store_id", "external_id", "number", "person_id", "journey_id", "parent_ref"),
            *("connection_id", "currency", "total_minor", "placed_at", "whole", "test", "state"),
            *("created_at", "updated_at"),
        ),
    ),
    Holding(
        table=_lines,
        theirs=lambda w: _lines.c.order_ref.in_(w.orders),
        emptied={"title": "", "image_url": ""},  # a thing made for somebody bears their name
        stays=("order_ref", "ref", "store_id", "product_ref", "sku", "category", "quantity", "price_minor"),
    ),
    Holding(
        table=_parcels,
        theirs=lambda w: _parcels.c.order_ref.in_(w.orders),
        emptied={"tracking_number": "", "tracking_url": "", "external_id": ""},  # they lead to the door
        stays=(
            *("ref", "store_id", "order_ref", "carrier", "status", "substatus", "status_at", "expected_at"),
            *("expect_next_by", "delivered_at", "lines", "created_at", "updated_at"),
        ),
    ),
    Holding(
        table=_scans,
        theirs=lambda w: _scans.c.shipment_ref.in_(w.parcels),
        stays=("id", "shipment_ref", "status", "substatus", "at", "received_at", "event_id"),
    ),
    Holding(
        table=_webhooks,
        theirs=lambda w: _webhooks.c.id.in_(select(_events.c.webhook_id).where(_their_events(w))),
        emptied={"body": b"", "headers": {}, "problems": [], "status": WebhookStatus.ERASED.value},
        rewritten=("external_id",),
        rewrite=lambda _, row: {"external_id": row.id},
        stays=("id", "store_id", "connection_id", "topic", "received_at", "redriven_at"),
    ),
    Holding(
        table=_events,
        theirs=_their_events,
        rewritten=("external_id", "fact_key", "data"),
        rewrite=_event,
        emptied={"error": ""},
        stays=(
            *("id", "webhook_id", "store_id", "connection_id", "type", "occurred_at", "received_at"),
            *("order_ref", "person_id", "subject", "status", "except_journey", "attempts", "due_at"),
            *("delivered_at", "trace_parent"),
        ),
    ),
    Holding(
        table=_journeys,
        theirs=lambda w: _journeys.c.id.in_(w.journeys),
        rewritten=("waits", "outcome", "exit_cause", "phase"),
        rewrite=_scrubbed("waits", "outcome", "exit_cause", "phase"),
        stays=(
            *("id", "store_id", "order_ref", "person_id", "type", "status", "paused", "next_due_at"),
            *("revision", "exited_at", "started_at", "projected_at", "closed_at", "archived_at"),
        ),
    ),
    Holding(
        table=_histories,  # as Temporal told them: references, no name, address or number
        theirs=lambda w: _histories.c.journey_id.in_(w.journeys),
        stays=("journey_id", "run_id", "type", "format", "events", "body", "archived_at"),
    ),
    Holding(
        table=_actions,
        theirs=lambda w: _actions.c.journey_id.in_(w.journeys),
        emptied={"reason": ERASED, "detail": ""},
        rewritten=("step", "occurrence", "waiting"),
        rewrite=_scrubbed("step", "occurrence", "waiting"),
        stays=(
            *("id", "store_id", "journey_id", "kind", "catch_up", "actor", "status"),
            *("created_at", "claimed_at", "done_at"),
        ),
    ),
    Holding(
        table=_touches,
        theirs=lambda w: _touches.c.key.in_(w.touches),
        emptied={"detail": "", "provider_message_id": ""},  # the provider's log knows the address by it
        rewritten=("request",),
        rewrite=_touch,
        stays=(
            *("key", "store_id", "person_id", "journey_id", "order_ref", "step", "occurrence", "template"),
            *("purpose", "priority", "due_at", "expires_at", "state", "fence", "reason", "channel"),
            *("decided_at", "deferred_until", "reserved_until", "sending_at", "accepted_at", "counted_at"),
            *("attempts", "provider", "template_digest", "body_digest", "shadow", "tried"),
            *("created_at", "updated_at"),
        ),
    ),
    Holding(
        table=_decisions,
        theirs=lambda w: _decisions.c.key.in_(w.touches),
        rewritten=("trace",),
        rewrite=_scrubbed("trace"),
        stays=("id", "key", "at", "verdict", "reason", "until", "channel", "fence"),
    ),
    Holding(
        table=_reports,
        theirs=lambda w: _reports.c.key.in_(w.touches),
        emptied={"data": {}},
        stays=("id", "key", "type", "at", "received_at", "provider"),
    ),
    Holding(
        table=_outbox,
        theirs=lambda w: or_(_outbox.c.key.in_(w.touches), _outbox.c.order_ref.in_(w.orders)),
        emptied={"to_address": "", "subject": "", "html": "", "text": "", "headers": {}},
        stays=(
            *("id", "store_id", "key", "fence", "journey_id", "order_ref", "channel", "purpose"),
            *("template", "template_digest", "digest", "sent_at"),
        ),
    ),
    Holding(
        table=_tickets,
        theirs=lambda w: _tickets.c.ref.in_(w.tickets),
        rewritten=("reason",),
        rewrite=_ticket,
        stays=(
            *("key", "ref", "store_id", "journey_id", "order_ref", "person_id", "priority", "status"),
            *("opened_at", "resolved_at"),
        ),
    ),
    Holding(
        table=_points,
        theirs=lambda w: _points.c.person_id == w.person_id,
        rewritten=("reason",),
        rewrite=_ticket,
        stays=(
            *("key", "store_id", "person_id", "journey_id", "order_ref", "points", "at", "available_at"),
            "reverses",
        ),
    ),
    Holding(
        table=_audit,
        theirs=lambda w: _audit.c.subject.in_((w.person_id, *w.journeys, *w.orders)),
        emptied={"reason": ERASED},
        stays=("id", "at", "actor", "action", "subject", "detail"),
    ),
    Holding(
        table=_requests,
        theirs=lambda w: _requests.c.person_id == w.person_id,
        stays=(
            *("id", "store_id", "connection_id", "kind", "person_id", "asked_at", "due_at", "done_at"),
            *("done_by", "scrubbed_at"),
        ),
    ),
)

NOTHING_OF_A_PERSON: Mapping[str, str] = {
    "stores": "the shop itself",
    "connections": "where the shop's webhooks come from; no secrets either",
    "products": "the catalogue",
    "workers": "which worker processes run",
    "patches": "which patches of shared code the journeys know",
    "api_keys": "who on the staff may ask; the name is the key's",
    "suppressions": "keyed hashes of addresses: they stay on purpose, so that nobody is written to again",
}
"""Tables with no row that is a person's, and why. The export names the suppressions by the addresses' hashes."""

#: what people write about others, store-wide: it may name somebody on a row that is not theirs
FREE_TEXT = ((_actions, "reason"), (_actions, "detail"), (_audit, "reason"), (_tickets, "reason"))
