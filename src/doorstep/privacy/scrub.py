"""Ridding the database's files of what rows held before an erasure.

An emptied row leaves its old bytes in free space, in the write-ahead log, and in pages that were split. On SQLite
every connection overwrites what it frees (`secure_delete`, `models/sqlite.py`); after an erasure the file is written
anew and its log cut (https://sqlite.org/pragma.html#pragma_secure_delete, https://sqlite.org/lang_vacuum.html). On
PostgreSQL a VACUUM makes the space free; the bytes go when it is used again, and with the write-ahead log's and the
backups' own end: docs/privacy.md says what to set. What can still be *asked* there after an erasure is the planner's
statistics, which quote common and bordering values (`pg_stats`): they are taken anew, and of a table that is empty now,
which ANALYZE leaves alone (https://www.postgresql.org/docs/15/sql-analyze.html), they are dropped.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, text, update

from doorstep.models.base import Database
from doorstep.models.privacy import PrivacyRequestRow, RequestKind
from doorstep.models.tables import table
from doorstep.privacy.holdings import HOLDINGS, Holding

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
        _vacuum(database)
        return True
    raw = database.engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("VACUUM")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy
    finally:
        raw.close()


def _vacuum(database: Database) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("SET statement_timeout = 0")  # a large table takes longer than any question may
        try:
            for holding in HOLDINGS:
                conn.exec_driver_sql(f'VACUUM (ANALYZE) "{holding.table.name}"')
                _drop_statistics_of_none(conn, holding)
            conn.exec_driver_sql(
                "VACUUM pg_catalog.pg_statistic"
            )  # the statistics of before are dead rows there
        finally:
            conn.invalidate()  # or the pool's next would ask without an end


def _drop_statistics_of_none(conn: Connection, holding: Holding) -> None:
    """A column that is given its own type again loses its statistics; of an empty table nothing is rewritten."""
    name = holding.table.name
    if conn.execute(select(holding.table).limit(1)).first() is not None:
        return
    theirs = list(holding.table.columns.keys()) if holding.removed else [*holding.emptied, *holding.rewritten]
    known = conn.execute(_STATISTICS, {"name": name, "columns": theirs}).all()
    for column, of_type in known:
        conn.exec_driver_sql(f'ALTER TABLE "{name}" ALTER COLUMN "{column}" TYPE {of_type}')


_STATISTICS = text(
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_stats s JOIN pg_attribute a"
    " ON a.attrelid = CAST(quote_ident(s.tablename) AS regclass) AND a.attname = s.attname"
    " WHERE s.schemaname = current_schema() AND s.tablename = :name AND s.attname = ANY(:columns)"
)
