"""The database: there, migrated, on time, with room for our connections and an end to every wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from doorstep.models import migrate
from doorstep.models.base import Database
from doorstep.models.migrate import Stand
from doorstep.production.findings import Finding, Level, clock
from doorstep.settings import Settings

WAITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


def database(settings: Settings) -> list[Finding]:
    """Raises `SetupError` when it cannot be opened."""
    stand = migrate.current(settings.database_url)
    if not stand.serves:
        return [Finding("database", Level.FAIL, stand.found, stand.mend)]
    opened = Database.of(settings, pool_size=1)
    try:
        with opened.reading() as connection:
            if opened.is_sqlite:
                return [_sqlite(stand)]
            return [
                _reached(connection, stand),
                _clock(connection),
                _connections(connection, settings),
                _waits(connection),
            ]
    finally:
        opened.dispose()


def _sqlite(stand: Stand) -> Finding:
    mend = "PostgreSQL (DOORSTEP_DATABASE_URL) is for more than one machine, and for backups while it runs."
    return Finding(
        "database", Level.WARN, f"SQLite, {stand.found}: one machine only", f"{stand.mend} {mend}".strip()
    )


def _reached(connection: Connection, stand: Stand) -> Finding:
    version = str(_one(connection, "SHOW server_version")).split()[0]
    level = Level.WARN if stand.mend else Level.OK
    return Finding("database", level, f"PostgreSQL {version}, {stand.found}", stand.mend)


def _clock(connection: Connection) -> Finding:
    before = datetime.now(UTC)
    theirs = _one(connection, "SELECT clock_timestamp()")
    after = datetime.now(UTC)
    ahead = (theirs - before).total_seconds() - (after - before).total_seconds() / 2
    return clock("database clock", ahead, (after - before).total_seconds() / 2)


def _connections(connection: Connection, settings: Settings) -> Finding:
    most = int(_one(connection, "SHOW max_connections")) - int(
        _one(connection, "SHOW superuser_reserved_connections")
    )
    used = int(
        _one(connection, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
    )
    per_process = 2 * settings.database_pool
    found = f"{used} of {most} in use; one process of ours takes up to {per_process}"
    if most - used < per_process:
        mend = "Raise max_connections, put a pooler between, or lower DOORSTEP_DATABASE_POOL."
        return Finding("database connections", Level.WARN, found, mend)
    return Finding("database connections", Level.OK, found)


def _waits(connection: Connection) -> Finding:
    found = {name: str(_one(connection, f"SHOW {name}")) for name in WAITS}
    endless = [name for name, value in found.items() if value == "0"]
    if endless:
        mend = "Set DOORSTEP_DATABASE_STATEMENT_SECONDS, …_LOCK_SECONDS and …_IDLE_SECONDS above 0."
        return Finding("database waits", Level.WARN, f"without an end: {', '.join(endless)}", mend)
    return Finding("database waits", Level.OK, ", ".join(f"{name} {value}" for name, value in found.items()))


def _one(connection: Connection, statement: str) -> Any:
    return connection.execute(text(statement)).scalar_one()
