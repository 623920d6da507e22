"""Letting go of what is personal and no longer needed: bodies of old webhooks and messages, old delivered events.

Rows stay where their key is a promise: a webhook's row keeps a duplicate from being taken in again, a message's row
keeps a touch from being sent twice. Nothing goes that an order or person with a journey under way may still need.
Each call is a small part, in the caller's transaction; again it finds nothing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, delete, exists, or_, select, update

from doorstep.models.inbox import InboxEventRow, InboxStatus, InboxWebhookRow, WebhookStatus
from doorstep.models.journeys import JourneyRow, JourneyStatus
from doorstep.models.ledger import OutboxMessage
from doorstep.models.tables import table

_WEBHOOKS, _EVENTS = table(InboxWebhookRow), table(InboxEventRow)
_OUTBOX, _JOURNEYS = table(OutboxMessage), table(JourneyRow)

_GOES_ON = _JOURNEYS.c.status != JourneyStatus.CLOSED.value
_NEEDED = (
    exists().where(  # a journey under way of the event's order, or (a word of the person's) of its person
        or_(
            _JOURNEYS.c.order_ref == _EVENTS.c.order_ref,
            and_(_EVENTS.c.order_ref.is_(None), _JOURNEYS.c.person_id == _EVENTS.c.person_id),
        ),
        _GOES_ON,
    )
)
_ON_ITS_WAY = _EVENTS.c.status.in_((InboxStatus.PENDING.value, InboxStatus.HELD.value))


def purge_webhooks(connection: Connection, before: datetime, most: int) -> int:
    """Empties bodies and headers of webhooks received before that; those in quarantine too: a redrive is for days,
    not for months. Answers how many."""
    needed = exists().where(_EVENTS.c.webhook_id == _WEBHOOKS.c.id, or_(_ON_ITS_WAY, _NEEDED))
    had = (WebhookStatus.READ.value, WebhookStatus.IGNORED.value, WebhookStatus.QUARANTINED.value)
    found = (
        select(_WEBHOOKS.c.id)
        .where(_WEBHOOKS.c.status.in_(had), _WEBHOOKS.c.received_at < before, ~needed)
        .limit(most)
    )
    return connection.execute(
        update(_WEBHOOKS)
        .where(_WEBHOOKS.c.id.in_(found))
        .values(body=b"", headers={}, status=WebhookStatus.PURGED.value)
    ).rowcount


def purge_outbox(connection: Connection, before: datetime, most: int) -> int:
    """Empties messages that the local stand-in took before that. Answers how many."""
    needed = exists().where(_JOURNEYS.c.id == _OUTBOX.c.journey_id, _GOES_ON)
    found = (
        select(_OUTBOX.c.id)
        .where(
            _OUTBOX.c.sent_at < before,
            or_(_OUTBOX.c.to_address != "", _OUTBOX.c.html != "", _OUTBOX.c.text != ""),
            ~needed,
        )
        .limit(most)
    )
    return connection.execute(
        update(_OUTBOX)
        .where(_OUTBOX.c.id.in_(found))
        .values(to_address="", subject="", html="", text="", headers={})
    ).rowcount


def purge_events(connection: Connection, before: datetime, most: int) -> int:
    """Removes events that reached their journey (or its record) and were due before that. Answers how many."""
    done = (InboxStatus.DELIVERED.value, InboxStatus.KEPT.value)
    found = (
        select(_EVENTS.c.id)
        .where(_EVENTS.c.status.in_(done), _EVENTS.c.due_at < before, ~_NEEDED)
        .limit(most)
    )
    return connection.execute(delete(_EVENTS).where(_EVENTS.c.id.in_(found))).rowcount
