"""The audit log, newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from doorstep.models.access import AuditRow
from doorstep.models.tables import table

_audit = table(AuditRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which lines; empty fields ask for nothing. `action` may be its beginning (`journey.`, `key`)."""

    subject: str = ""
    actor: str = ""
    action: str = ""
    since: datetime | None = None
    before: int | None = None
    """Lines older than the one of that id: the next page."""


def audited(conn: Connection, sought: Sought, limit: int) -> Sequence[Any]:
    """Up to `limit` lines."""
    query = select(_audit).order_by(_audit.c.id.desc()).limit(limit)
    if sought.subject:
        query = query.where(_audit.c.subject == sought.subject)
    if sought.actor:
        query = query.where(_audit.c.actor == sought.actor)
    if sought.action:
        query = query.where(_audit.c.action.startswith(sought.action, autoescape=True))
    if sought.since is not None:
        query = query.where(_audit.c.at >= sought.since)
    if sought.before is not None:
        query = query.where(_audit.c.id < sought.before)
    return conn.execute(query).all()
