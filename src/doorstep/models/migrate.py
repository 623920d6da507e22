"""The database's schema, brought to what this release needs, and whether it is there.

The steps themselves are in `doorstep.migrations`; every one runs in one transaction with the whole upgrade,
so a killed migration leaves the database as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from doorstep.errors import SetupError
from doorstep.models.base import Database
from doorstep.models.postgres import Limits

HOME = Path(__file__).resolve().parent.parent / "migrations"
_LOCK = 0x646F6F72  # any constant: PostgreSQL's advisory lock of everyone who migrates ("door")


def config() -> Config:
    """Alembic's configuration; there is no alembic.ini."""
    made = Config()
    made.set_main_option("script_location", str(HOME))
    made.set_main_option("path_separator", "os")
    return made


def head() -> str:
    """The revision this release needs."""
    return ScriptDirectory.from_config(config()).get_current_head() or ""


def current(database_url: str) -> str:
    """The revision the database is at; empty for a new one. Raises `SetupError` when it cannot be opened."""
    with _connection(database_url) as connection:
        return _current(connection)


def upgrade(database_url: str) -> str:
    """Bring the database to this release's schema; answers the revision. Two at once queue.

    Raises `SetupError` when the database cannot be opened or written, or is from a newer release.
    """
    with _connection(database_url, write=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        _refuse_newer(_current(connection))
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
        return _current(connection)


def check(database_url: str) -> list[str]:
    """What differs between the database and the tables of this release, one line each; empty: in step."""
    with _connection(database_url) as connection:
        at = _current(connection)
        if at != head():
            return [f"The database is at revision '{at or 'none'}', this release needs '{head()}'."]
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [_described(change) for change in compare_metadata(context, SQLModel.metadata)]


def revise(database_url: str, message: str, revision: str) -> None:
    """Write the next migration from the difference between that (migrated) database and the tables."""
    with _connection(database_url) as connection:
        settings = config()
        settings.attributes["connection"] = connection
        command.revision(settings, message=message, autogenerate=True, rev_id=revision)


def _current(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


def _refuse_newer(at: str) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
    if at and at not in known:
        raise SetupError(
            f"The database is at revision '{at}', which this release does not know.",
            mend="Run the release that made it, or restore the backup from before.",
        )


def _described(change: Any) -> str:
    if isinstance(change, list):  # alterations of one column come as a list
        return "; ".join(_described(part) for part in change)
    kind, *what = change
    return f"{kind}: {', '.join(str(getattr(part, 'name', part)) for part in what if part is not None)}"


@contextmanager
def _connection(database_url: str, *, write: bool = False) -> Iterator[Connection]:
    # a migration may take as long as it says itself (`migrations/env.py`), and waits for another to end
    database = Database(database_url, pool_size=1, limits=Limits(statement=0, lock=0, idle=0))
    try:
        opened = database.engine.connect().execution_options(doorstep_immediate=write)
        with opened as connection, connection.begin():
            yield connection
    except DBAPIError as error:
        raise SetupError(
            f"The database cannot be used ({type(error.orig).__name__}: {error.orig}).",
            mend="See that DOORSTEP_DATABASE_URL names one that is there and may be written.",
        ) from error
    finally:
        database.dispose()
