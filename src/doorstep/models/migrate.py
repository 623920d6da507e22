"""The database's schema, brought to what this release needs, and whether it is there.

The steps themselves are in `doorstep.migrations`, with the rule that every one of them keeps: the release before goes
on running on the new tables. Every one runs in one transaction with the whole upgrade, so a killed migration leaves
the database as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
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
_SINCE = re.compile(r"_since_(\d{4})$")


class Standing(StrEnum):
    """How a database's tables stand to this release."""

    NEW = "new"
    """None of ours."""
    BEHIND = "behind"
    """An older release's."""
    IN_STEP = "in_step"
    AHEAD = "ahead"
    """A newer release's, on which this one runs all the same."""
    BEYOND = "beyond"
    """A newer release's, which say that they took away what this one needs."""


@dataclass(frozen=True, slots=True)
class Stand:
    """A database's revision against this release's: `found` ends a sentence that begins with "The database is", `mend`
    is what to do about it (empty when there is nothing to)."""

    at: str
    standing: Standing
    found: str
    mend: str = ""

    @property
    def serves(self) -> bool:
        """Whether this release runs on it."""
        return self.standing in (Standing.IN_STEP, Standing.AHEAD)


def stand(at: str) -> Stand:
    """How a database at that revision stands to this release.

    A revision that this release does not know is a newer one's. Its tables serve this release too (the rule of
    `doorstep.migrations`), unless its name says since which revision only: `0008_since_0006`.
    """
    known = _revisions()
    needed = known[0]
    if at == needed:
        return Stand(at, Standing.IN_STEP, f"at revision {at}")
    if not at or at in known:
        found = f"at revision {at or 'none'}, this release needs {needed}"
        return Stand(at, Standing.BEHIND if at else Standing.NEW, found, "Run `doorstep migrate`.")
    since = _since(at)
    if since > needed[:4]:
        found = f"at revision {at} of a newer release, which serves releases since {since} and not this one ({needed})"
        mend = "Run the release that made it, or restore the backup from before."
        return Stand(at, Standing.BEYOND, found, mend)
    found = f"at revision {at} of a newer release, which serves this one ({needed}) too"
    return Stand(at, Standing.AHEAD, found, "Bring this release up to the newer one; the tables stay.")


def config() -> Config:
    """Alembic's configuration; there is no alembic.ini."""
    made = Config()
    made.set_main_option("script_location", str(HOME))
    made.set_main_option("path_separator", "os")
    return made


def head() -> str:
    """The revision this release needs."""
    return _revisions()[0]


def following() -> str:
    """What the next migration is called: since when its tables serve is what the last one said, if it did."""
    since = _since(head())
    return f"{int(head()[:4]) + 1:04d}" + (f"_since_{since}" if since else "")


def current(database_url: str) -> Stand:
    """Where the database stands. Raises `SetupError` when it cannot be opened."""
    with _connection(database_url) as connection:
        return stand(revision_of(connection))


def upgrade(database_url: str) -> str:
    """Bring the database to this release's schema; answers the revision. Two at once queue. Tables of a newer release
    that serve this one stay as they are.

    Raises `SetupError` when the database cannot be opened or written, or a newer release took away what this one needs.
    """
    with _connection(database_url, write=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        before = stand(revision_of(connection))
        if before.standing is Standing.BEYOND:
            raise SetupError(f"The database is {before.found}.", mend=before.mend)
        if before.serves:
            return before.at
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
        return revision_of(connection)


def check(database_url: str) -> list[str]:
    """What differs between the database and the tables of this release, one line each; empty: in step."""
    with _connection(database_url) as connection:
        found = stand(revision_of(connection))
        if found.standing is not Standing.IN_STEP:
            return [f"The database is {found.found}."]
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [_described(change) for change in compare_metadata(context, SQLModel.metadata)]


def revise(database_url: str, message: str, revision: str) -> None:
    """Write the next migration from the difference between that (migrated) database and the tables."""
    with _connection(database_url) as connection:
        settings = config()
        settings.attributes["connection"] = connection
        command.revision(settings, message=message, autogenerate=True, rev_id=revision)


def revision_of(connection: Connection) -> str:
    """The revision the database is at; empty for a new one."""
    return MigrationContext.configure(connection).get_current_revision() or ""


@cache
def _revisions() -> tuple[str, ...]:
    """What this release knows, the newest first. They are files of ours, and `/readyz` asks at every probe."""
    return tuple(script.revision for script in ScriptDirectory.from_config(config()).walk_revisions())


def _since(revision: str) -> str:
    """The number of the oldest revision whose releases its tables serve, where its name says so; else empty."""
    said = _SINCE.search(revision)
    return said[1] if said else ""


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
