"""Privacy requests on record, and the two answers: a copy of everything, or its erasure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from doorstep.models.access import AuditRow
from doorstep.models.privacy import PrivacyRequestRow, RequestKind
from doorstep.models.tables import table
from doorstep.privacy.export import export

REQUESTS, _audit = table(PrivacyRequestRow), table(AuditRow)
_SHOWN_FOR = timedelta(days=60)


def listed(
    conn: Connection, *, store_id: str | None, now: datetime, everything: bool = False
) -> Sequence[Any]:
    """What is open, most urgent first, and what was answered lately (`everything`: ever)."""
    query = select(REQUESTS).order_by(REQUESTS.c.done_at.is_not(None), REQUESTS.c.due_at, REQUESTS.c.id)
    if store_id is not None:
        query = query.where(REQUESTS.c.store_id == store_id)
    if not everything:
        query = query.where(or_(REQUESTS.c.done_at.is_(None), REQUESTS.c.done_at > now - _SHOWN_FOR))
    return conn.execute(query).all()


def answered(
    conn: Connection, person_id: str, *, actor: str, reason: str, at: datetime, secret: Callable[[], bytes]
) -> dict[str, Any]:
    """The person's export; on record in the audit log, and as the answer to whatever access request is open."""
    told = export(conn, person_id, at=at, secret=secret)
    conn.execute(
        update(REQUESTS)
        .where(
            REQUESTS.c.person_id == person_id,
            REQUESTS.c.kind == RequestKind.ACCESS.value,
            REQUESTS.c.done_at.is_(None),
        )
        .values(done_at=at, done_by=actor)
    )
    conn.execute(
        insert(_audit).values(
            at=at, actor=actor, action="person.exported", subject=person_id, reason=reason, detail={}
        )
    )
    return told
