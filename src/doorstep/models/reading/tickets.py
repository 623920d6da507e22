"""A journey's tickets; of a customer's reply also what they wrote, which is kept in the stored webhook alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from sqlalchemy import bindparam
from sqlmodel import Session, col

from doorstep.models.care import TicketRow
from doorstep.models.inbox import InboxWebhookRow
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.rows import rows, whole
from doorstep.models.reading.views import Ticket

REPLY = "reply:"
"""How the key of a reply's ticket begins; the stored webhook's id follows."""
_TICKETS = whole(
    TicketRow,
    col(TicketRow.journey_id) == bindparam("journey"),
    order=(col(TicketRow.opened_at), col(TicketRow.key)),
)
BY_JOURNEY = (_TICKETS,)
"""What is asked of the `journey`."""
_WEBHOOK = whole(InboxWebhookRow, col(InboxWebhookRow.id) == bindparam("webhook"))


def tickets_of(session: Session, journey_id: str, clock: Clock) -> list[Ticket]:
    """Oldest first."""
    return [
        Ticket(
            ref=row.ref,
            reason=row.reason,
            priority=row.priority,
            status=row.status,
            opened=clock.moment(row.opened_at),
            resolved=clock.maybe(row.resolved_at),
            message=_message(session, row),
        )
        for row in rows(session, _TICKETS, journey=journey_id)
    ]


def _message(session: Session, ticket: Any) -> str:
    """Empty for a ticket that is no reply, and once the person is erased."""
    if not ticket.key.startswith(REPLY):
        return ""
    found = rows(session, _WEBHOOK, webhook=ticket.key.removeprefix(REPLY))
    form = parse_qs(bytes(found[0].body).decode("utf-8", "replace")) if found else {}
    return next(iter(form.get("Body", [])), "")[:2000]
