"""What SQLite needs so that several busy processes share one file without making each other wait.

Measured with webhooks at 200 a second beside a worker that sends, on two cores (`python -m bench webhooks`): with
SQLite's own waiting and checkpoints a webhook's 99th percentile was 470 ms, most of it asleep for a lock that was free.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

log = structlog.get_logger(__name__)

BUSY_SECONDS = 20
_BEGIN_WRITING = "BEGIN IMMEDIATE"
FIRST_ASKS_SECONDS = 0.0004
BEHIND_ASKS_SECONDS = 0.002
"""How often a process asks for the write lock while another holds it: who asks more often goes first."""
GAP_SECONDS = 0.001
"""A process behind the others leaves the lock alone for so long after its own writing. Whoever waits has asked for it
by then; without the gap the next of its own threads was there first, again and again, until none was left."""
WAL_BYTES = 4 * 1024 * 1024
"""A write-ahead log this large is worth copying into the file (SQLite's own measure)."""
LONG_WAL_BYTES = 512 * 1024 * 1024
"""At this length writers are held for the last of the copying, so that the log begins anew: 50 to 160 ms here.
Ordinarily a lull does it; without one the log would grow as long as people keep ordering."""
SAFETY_PAGES = 400_000
"""Should the checkpointing thread have died, a commit does it after all: at some 1.6 GB."""
LOOK_SECONDS = 1.0
LULL_SECONDS = 2.0
"""Nobody has written for so long: copying now disturbs nobody, and the next commit begins the log anew."""
BUSY_SECONDS_APART = 20.0
"""How often it is copied while people keep writing: each flush of the disk makes commits wait (some 100 ms here), and
one of much takes little longer than one of little. 200 webhooks a second write some 20 MB of log a second."""
BEHIND_TIMES_APART = 4
"""A process behind the others copies so much later: it is there for when the first one is not."""
HOLD_MILLISECONDS = 50


def tame(engine: Engine, *, checkpoints_aside: bool, ask_again: float) -> None:
    """WAL, foreign keys, our own BEGIN. `checkpoints_aside`: a `Checkpointer` does what a commit would; `ask_again`
    as for `begin_writing`."""

    @event.listens_for(engine, "connect")
    def _connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None  # we say BEGIN ourselves
        cursor = dbapi_connection.cursor()
        _insist(cursor, "PRAGMA journal_mode=WAL", FIRST_ASKS_SECONDS)
        for pragma in (
            "synchronous=NORMAL",
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is freed is overwritten: an erased address must not stay in the file
            *((f"wal_autocheckpoint={SAFETY_PAGES}",) if checkpoints_aside else ()),
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("doorstep_writer", False):
            cursor = connection.connection.cursor()
            _insist(cursor, _BEGIN_WRITING, ask_again)
            cursor.close()
        elif options.get("doorstep_immediate", False):
            begin_writing(connection.connection.dbapi_connection, ask_again)
        else:
            connection.exec_driver_sql("BEGIN")


class Writer:
    """The connection by which all threads of a process write, one after the other. What a transaction has around its
    statements (a connection from the pool and its options, SQLite's waiting turned off and on again) takes half of an
    empty one's time, and others wait for the lock meanwhile."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commits when the block ends well, rolls back otherwise. One thread at a time, which the caller sees to."""
        connection = self._kept or self._open()
        try:
            with connection.begin():
                yield connection
        except (SQLAlchemyError, sqlite3.Error):
            self.close()  # nobody knows what state it is in
            raise
        except BaseException:
            dbapi: Any = connection.connection.dbapi_connection
            if dbapi.in_transaction:  # interrupted as it began: it would keep everybody out
                self.close()
            raise

    def close(self) -> None:
        """Gives the connection up; the next transaction opens another."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    def _open(self) -> Connection:
        kept = self._engine.connect().execution_options(doorstep_writer=True)
        dbapi: Any = kept.connection.dbapi_connection
        # whoever holds the write lock waits for nobody, and for the lock we wait ourselves (`begin_writing` says why)
        dbapi.execute("PRAGMA busy_timeout=0")
        kept.detach()  # it never returns to the pool, where connections wait for the file
        self._kept = kept
        return kept


def begin_writing(held: Any, ask_again: float = FIRST_ASKS_SECONDS) -> None:
    """Takes the write lock. SQLite's own waiting sleeps ever longer (1, 2, 5 … 100 ms) while whoever comes later
    gets in before: a webhook then waits half a second behind a busy worker. So we ask often, every `ask_again`
    seconds. Raises `sqlite3.OperationalError` after `BUSY_SECONDS`."""
    cursor = held.cursor()
    try:
        cursor.execute("PRAGMA busy_timeout=0")
        _insist(cursor, _BEGIN_WRITING, ask_again)
    finally:
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        cursor.close()


def _insist(cursor: Any, statement: str, ask_again: float) -> None:
    """Executes it, again and again while somebody holds the file. For what SQLite itself does not wait for, too: of
    several that open a new file at once, all but the first were told that it is locked."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(ask_again)


class Checkpointer:
    """Copies the write-ahead log into the database file, in a thread of its own.

    Whoever commits past `WAL_BYTES` would do it otherwise, and wait for the disk twice (up to a quarter of a second
    here) with a store's webhook in hand. PASSIVE, so that it waits for nobody and nobody for it; two processes that
    both do it do no harm.
    """

    def __init__(self, database: Path, *, behind: bool = False) -> None:
        """`behind`: another process does it first, as long as it lives."""
        self._database, self._log = database, database.with_name(database.name + "-wal")
        self._patience = BEHIND_TIMES_APART if behind else 1
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="doorstep-checkpoints", daemon=True)

    def start(self) -> Checkpointer:
        """Starts the thread; answers itself."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends the thread; waits for a checkpoint under way."""
        self._ended.set()
        self._thread.join(10)

    def _run(self) -> None:
        done, last = 0, time.monotonic()
        while not self._ended.wait(LOOK_SECONDS):
            try:
                seen = self._log.stat()
                if seen.st_size < WAL_BYTES or seen.st_mtime_ns == done:
                    continue  # it stays large, and is written anew
                lull = time.time() - seen.st_mtime >= LULL_SECONDS * self._patience
                if lull or time.monotonic() - last >= BUSY_SECONDS_APART * self._patience:
                    self._checkpoint()
                    done, last = seen.st_mtime_ns, time.monotonic()
            except FileNotFoundError:
                continue  # nothing was written yet
            except (OSError, sqlite3.Error) as error:
                log.warning("checkpoint failed", error=type(error).__name__)

    def _checkpoint(self) -> None:
        with closing(sqlite3.connect(self._database, timeout=0)) as connection:
            connection.execute("PRAGMA synchronous=NORMAL")
            (page,) = connection.execute("PRAGMA page_size").fetchone()
            _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages * page >= LONG_WAL_BYTES:
                connection.execute(f"PRAGMA busy_timeout={HOLD_MILLISECONDS}")  # for a gap between writers
                connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
