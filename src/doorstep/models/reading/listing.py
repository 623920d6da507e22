"""Journeys by filter, newest first, a page at a time. A cursor names the last row seen, not a count of rows:
journeys that begin while someone pages appear before the first page and move nothing."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, union_all
from sqlmodel import Session, col

from doorstep.errors import BadInput
from doorstep.models.journeys import JourneyRow, JourneyStatus
from doorstep.models.orders import OrderRow
from doorstep.models.reading.views import JourneySummary
from doorstep.models.stores import StoreRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to list; None: any. Instants are aware UTC. `store_id` is the caller's own store where it has one."""

    store_id: str | None = None
    status: str | None = None
    phase: str | None = None
    type: str | None = None
    paused: bool | None = None
    due_before: datetime | None = None
    started_after: datetime | None = None
    started_before: datetime | None = None
    person_ref: str | None = None


def journeys(
    session: Session, filters: Filters, *, limit: int, cursor: str | None
) -> tuple[list[JourneySummary], str | None]:
    """One page and the cursor of the next; None at the end. Raises `BadInput` for a cursor that is none of ours."""
    where = _where(filters)
    if cursor:
        started, last = _read_cursor(cursor)
        at, id_ = col(JourneyRow.started_at), col(JourneyRow.id)
        where.append(or_(at < started, and_(at == started, id_ < last)))
    query = _branches(session, filters, where, limit + 1)
    found = session.connection().execute(query).all()
    page = [_summary(row) for row in found[:limit]]
    return page, _cursor(found[limit - 1]) if len(found) > limit else None


def _branches(
    session: Session, filters: Filters, where: list[ColumnElement[bool]], limit: int
) -> Select[Any]:
    """The newest of each store and status, which an index has in order, then the newest of those: so a page costs
    a page, not a sort of every journey there is."""
    stores = [filters.store_id] if filters.store_id is not None else list(_stores(session))
    statuses = [filters.status] if filters.status is not None else list(JourneyStatus)
    parts = []
    for store, status in itertools.product(stores or [""], statuses):
        newest = (
            select(*_COLUMNS)
            .where(col(JourneyRow.store_id) == store, col(JourneyRow.status) == status, *where)
            .order_by(col(JourneyRow.started_at).desc(), col(JourneyRow.id).desc())
            .limit(limit)
            .subquery()
        )
        parts.append(select(newest))
    every = union_all(*parts).subquery()
    return (
        select(every, col(OrderRow.number))
        .join(OrderRow, col(OrderRow.id) == every.c.order_ref)
        .order_by(every.c.started_at.desc(), every.c.id.desc())
        .limit(limit)
    )


def _stores(session: Session) -> Iterable[str]:
    return session.connection().execute(select(col(StoreRow.id))).scalars()


_COLUMNS: Sequence[Any] = (
    col(JourneyRow.id),
    col(JourneyRow.store_id),
    col(JourneyRow.order_ref),
    col(JourneyRow.person_id),
    col(JourneyRow.type),
    col(JourneyRow.status),
    col(JourneyRow.phase),
    col(JourneyRow.paused),
    col(JourneyRow.next_due_at),
    col(JourneyRow.started_at),
    col(JourneyRow.closed_at),
    col(JourneyRow.outcome),
    col(JourneyRow.exit_cause),
)


def _where(filters: Filters) -> list[ColumnElement[bool]]:
    same = {
        JourneyRow.phase: filters.phase,
        JourneyRow.type: filters.type,
        JourneyRow.paused: filters.paused,
        JourneyRow.person_id: filters.person_ref,
    }
    where: list[ColumnElement[bool]] = [col(c) == value for c, value in same.items() if value is not None]
    if filters.due_before is not None:
        where.append(col(JourneyRow.next_due_at) < filters.due_before)
    if filters.started_after is not None:
        where.append(col(JourneyRow.started_at) >= filters.started_after)
    if filters.started_before is not None:
        where.append(col(JourneyRow.started_at) < filters.started_before)
    return where


def _summary(row: Any) -> JourneySummary:
    return JourneySummary(
        id=row.id,
        store_id=row.store_id,
        order_ref=row.order_ref,
        order_number=row.number,
        person_ref=row.person_id,
        type=row.type,
        status=row.status,
        phase=row.phase,
        paused=row.paused,
        next_due_at=row.next_due_at,
        started_at=row.started_at,
        closed_at=row.closed_at,
        outcome=row.outcome,
        exit_cause=row.exit_cause,
    )


def _cursor(row: Any) -> str:
    raw = json.dumps([row.started_at.isoformat(), row.id]).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        started, last = json.loads(raw)
        at = datetime.fromisoformat(started)
        if not isinstance(last, str) or at.tzinfo is None:
            raise ValueError("not ours")
        return at.astimezone(UTC), last
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInput(
            "The cursor is not one of ours.",
            mend="Take `next_cursor` of the page before as it is, or leave it out to begin anew.",
            code="cursor_invalid",
        ) from error
