"""Ledger rows that nobody will ask about again: their use has ended, or their journey."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, exists, or_, select

from doorstep.domain.outcomes import FINAL_STATES, TouchState
from doorstep.domain.touches import LedgerRow
from doorstep.models.base import Database
from doorstep.models.journeys import JourneyRow, JourneyStatus
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.ledger_rows import ledger_row
from doorstep.models.tables import table

_ledger, _journeys = table(LedgerRowModel), table(JourneyRow)
_UNDER_WAY = [state.value for state in TouchState if state not in FINAL_STATES]
_ITS_JOURNEY_CLOSED = exists().where(
    _journeys.c.id == _ledger.c.journey_id, _journeys.c.status == JourneyStatus.CLOSED.value
)


def leftovers(database: Database, before: datetime, most: int) -> list[LedgerRow]:
    """At most that many rows that are not final, that nobody has touched since `before`, and whose use ended
    before it; of a closed journey also those of which a provider may have taken the message. Oldest first."""
    ended = or_(
        _ledger.c.expires_at < before,
        and_(_ledger.c.sending_at.is_not(None), _ITS_JOURNEY_CLOSED),
    )
    found = (
        select(_ledger)
        .where(_ledger.c.state.in_(_UNDER_WAY), _ledger.c.updated_at < before, ended)
        .order_by(_ledger.c.updated_at, _ledger.c.key)
        .limit(most)
    )
    with database.reading() as connection:
        return [ledger_row(row._asdict()) for row in connection.execute(found)]
