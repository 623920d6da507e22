"""Cases for support, opened once each."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.engine import Connection

from doorstep.contracts import TicketRequest
from doorstep.domain.ids import digest
from doorstep.models.base import Database
from doorstep.models.care import TicketRow
from doorstep.models.tables import insert_into, table

_tickets = table(TicketRow)


def ticket_ref(key: str) -> str:
    """`tkt_…`: follows from the key, so that a second try names the same case."""
    return f"tkt_{digest(key)}"


def open_ticket(database: Database, request: TicketRequest) -> str:
    """Open the case unless it is open; answers its reference."""
    with database.writing() as connection:
        return open_ticket_in(connection, request)


def open_ticket_in(connection: Connection, request: TicketRequest) -> str:
    """`open_ticket` in the caller's transaction."""
    connection.execute(
        insert_into(connection.dialect, _tickets)
        .values(
            key=request.key,
            ref=ticket_ref(request.key),
            store_id=request.store_id,
            journey_id=request.journey_id,
            order_ref=request.order_ref,
            person_id=request.person_ref,
            reason=request.reason,
            priority=request.priority,
            status="open",
            opened_at=request.at,
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )
    ref = connection.execute(select(_tickets.c.ref).where(_tickets.c.key == request.key)).scalar_one()
    return str(ref)
