"""Ridding the database's files of what rows held before an erasure.

An emptied row leaves its old bytes in free space, in the write-ahead log, and in pages that were split. On SQLite
every connection overwrites what it frees (`secure_delete`, `models/sqlite.py`); after an erasure the file is written
anew and its log cut (https://sqlite.org/pragma.html#pragma_secure_delete, https://sqlite.org/lang_vacuum.html). On
PostgreSQL a VACUUM makes the space free; the bytes go when it is used again, and with the write-ahead log's and the
backups' own end: docs/privacy.md says what to set.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from doorstep.models.base import Database
from doorstep.models.privacy import PrivacyRequestRow, RequestKind
from doorstep.models.tables import table
from doorstep.privacy.holdings import HOLDINGS

REQUESTS = table(PrivacyRequestRow)
_WAITING = (
    REQUESTS.c.kind.in_([RequestKind.ERASURE.value, RequestKind.SHOP.value]),
    REQUESTS.c.done_at.is_not(None),
    REQUESTS.c.scrubbed_at.is_(None),
)


def scrub_if_due(database: Database, now: datetime) -> bool:
    """Scrubs when something was erased since the last time, and notes it; whether it did. `now` is aware UTC."""
    with database.reading() as conn:
        waiting = list(conn.execute(select(REQUESTS.c.id).where(*_WAITING)).scalars())
    if not waiting or not scrub(database):
        return False
    with database.writing() as conn:
        conn.execute(update(REQUESTS).where(REQUESTS.c.id.in_(waiting)).values(scrubbed_at=now))
    return True


def scrub(database: Database) -> bool:
    """Rewrites the database's files without what was erased. False: somebody reads just now; try again later."""
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            for holding in HOLDINGS:
                conn.exec_driver_sql(f'VACUUM "{holding.table.name}"')
        return True
    raw = database.engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("VACUUM")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy
    finally:
        raw.close()
