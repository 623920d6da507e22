"""The audit log only grows: the database itself refuses anything else, but for what an erasure takes out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from doorstep.models import Database
from doorstep.models.access import AuditRow
from doorstep.models.reading.audit import Sought, audited
from doorstep.models.tables import table

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
_audit = table(AuditRow)


def written(database: Database, **line: Any) -> None:
    told = {
        "at": AT,
        "actor": "key:a",
        "action": "journey.pause",
        "subject": "jny_1",
        "reason": "rang",
        **line,
    }
    with database.writing() as conn:
        conn.execute(insert(_audit).values(detail={"step": "x"}, **told))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor = 'nobody'",
        "UPDATE audit SET reason = 'something else'",
        "UPDATE audit SET reason = '[erased]', actor = 'nobody'",
        """UPDATE audit SET reason = '[erased]', detail = '{"step": "y"}'""",
        "DELETE FROM audit",
    ],
)
def test_a_line_can_neither_be_changed_nor_removed(database: Database, change: str) -> None:
    """Not even by whoever holds the database's password, short of taking the trigger away."""
    written(database)
    with pytest.raises(DBAPIError, match="only grows"), database.writing() as conn:
        conn.execute(text(change))
    with database.reading() as conn:
        (line,) = conn.execute(select(_audit)).all()
    assert (line.actor, line.reason, line.detail) == ("key:a", "rang", {"step": "x"})


def test_an_erasure_takes_out_what_somebody_wrote_and_nothing_else(database: Database) -> None:
    """The one change that passes."""
    written(database)
    with database.writing() as conn:
        conn.execute(text("UPDATE audit SET reason = '[erased]'"))
    with database.reading() as conn:
        (line,) = conn.execute(select(_audit)).all()
    assert (line.actor, line.reason) == ("key:a", "[erased]")


def test_it_is_read_newest_first_by_whom_what_and_when(database: Database) -> None:
    """Each filter alone, and page after page."""
    for n in range(5):
        written(
            database,
            subject=f"jny_{n % 2}",
            actor=f"key:{n}",
            action="key.created" if n == 4 else "journey.x",
        )
    with database.reading() as conn:

        def ids(limit: int = 9, **sought: Any) -> list[int]:
            return [row.id for row in audited(conn, Sought(**sought), limit)]

        everything = ids()
        assert everything == sorted(everything, reverse=True)
        assert len(everything) == 5
        assert ids(subject="jny_1") == [everything[1], everything[3]]
        assert ids(action="key.") == everything[:1]
        assert ids(actor="key:2") == [everything[2]]
        assert ids(since=datetime(2026, 3, 11, tzinfo=UTC)) == []
        assert ids(limit=2, before=everything[1]) == everything[2:4]
