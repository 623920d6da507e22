"""The ground of every table: aware UTC instants, one way to open the database, two kinds of transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Engine, Integer, create_engine, text, types
from sqlalchemy.engine import Connection, make_url
from sqlmodel import Field, Session, SQLModel

from doorstep.errors import SetupError, Unavailable
from doorstep.models import sqlite
from doorstep.models.postgres import Limits, ask_the_idle, connect_args
from doorstep.models.sqlite import BUSY_SECONDS
from doorstep.models.trouble import only_reads
from doorstep.settings import Settings

# Every constraint has a name, so that a later migration can drop it (SQLite would leave them nameless).
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(types.TypeDecorator[datetime]):
    """An aware UTC instant. SQLite forgets zones, so they are put back; a naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive instant must not reach the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Minor(types.TypeDecorator[int]):
    """An amount in minor units. PostgreSQL's plain integer has 32 bits and could not keep an order of 21.5 million
    rupiah; SQLite's has 64."""

    impl = BigInteger().with_variant(Integer(), "sqlite")
    cache_ok = True


def minor() -> Any:
    """A column of an amount in minor units, 0 where none was told."""
    return Field(default=0, sa_type=Minor)


def instant(*, index: bool = False, nullable: bool = False, default: Any = ...) -> Any:
    """A column of aware UTC instants."""
    if nullable and default is ...:
        default = None
    return Field(default=default, sa_type=UtcDateTime, index=index, nullable=nullable)


class Database:
    """One database. `read()` and `write()` are transactions; a write on SQLite takes the write lock at its
    start (`BEGIN IMMEDIATE`), so that two writers queue instead of failing half-way."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        limits: Limits | None = None,
        serving: bool = False,
        behind: bool = False,
    ) -> None:
        """`url` is an SQLAlchemy URL; `pool_size` connections are kept, up to twice as many opened in a rush;
        `limits` bound what is waited for on PostgreSQL. On SQLite `serving` is for a process that runs for long,
        `behind` for one that lets others, who answer somebody, write first. Raises `SetupError` for a URL that
        cannot be used."""
        limits = limits or Limits()
        try:
            parsed = make_url(url)
        except Exception as error:
            raise SetupError(
                "DOORSTEP_DATABASE_URL is no database URL.",
                mend="Use sqlite:///path/to/file.db or postgresql+psycopg://user@host/name.",
            ) from error
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite and parsed.database and parsed.database != ":memory:":
            _make_room(Path(parsed.database).parent)
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": pool_size}
        options["pool_timeout"] = 30 if self.is_sqlite else limits.wait
        options["hide_parameters"] = True  # they are personal data, and errors are logged
        if not self.is_sqlite:
            options["connect_args"] = connect_args(limits, parsed)
        self._writer = threading.Lock()
        self._checkpointer: sqlite.Checkpointer | None = None
        self._kept: sqlite.Writer | None = None
        self.engine: Engine = create_engine(parsed, **options)
        # PostgreSQL shows each statement what is committed by then, in a transaction or not: reads do without its
        # two trips to the server
        self._reader = (
            self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        )
        if not self.is_sqlite:
            ask_the_idle(self.engine)  # a server restarts or fails over; connections to it are replaced
        self._behind, self._left = behind, 0.0
        if self.is_sqlite:
            asks = sqlite.BEHIND_ASKS_SECONDS if behind else sqlite.FIRST_ASKS_SECONDS
            sqlite.tame(self.engine, checkpoints_aside=serving, ask_again=asks)
            on_file = bool(parsed.database) and parsed.database != ":memory:"
            if serving and on_file:
                self._kept = sqlite.Writer(self.engine)
                self._checkpointer = sqlite.Checkpointer(Path(str(parsed.database)), behind=behind).start()

    @classmethod
    def of(
        cls,
        settings: Settings,
        *,
        pool_size: int | None = None,
        serving: bool = False,
        behind: bool = False,
    ) -> Database:
        """The deployment's database, within its limits; `pool_size` for commands that need one or two."""
        size, limits = pool_size or settings.database_pool, Limits.of(settings)
        return cls(settings.database_url, pool_size=size, limits=limits, serving=serving, behind=behind)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Nothing is written. Each statement sees what is committed by then."""
        with self.reading() as connection, Session(bind=connection, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Commits when the block ends well, rolls back otherwise."""
        with self.writing() as connection, Session(bind=connection, autoflush=False) as session:
            yield session
            session.flush()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """`read()` without the ORM's session on top: for hot paths."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def scanning(self) -> Iterator[Connection]:
        """`reading()` for rows that are streamed (`yield_per`): PostgreSQL's cursors live in a transaction."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """`write()` without the ORM's session on top. Raises `Unavailable` when the turn does not come."""
        with self._turn():
            if self._kept is not None:
                with self._kept.transaction() as connection:
                    yield connection
                return
            with self.engine.connect() as plain:
                connection = plain.execution_options(doorstep_immediate=True)
                try:
                    with connection.begin():
                        yield connection
                except Exception as error:
                    if only_reads(error):
                        plain.invalidate(error)
                    raise

    def takes_writes(self) -> bool:
        """Whether the server writes as well as it reads: after a failover a name may lead to a standby for a while.
        Raises what the database raises when it is out of reach."""
        if self.is_sqlite:
            return True
        with self.reading() as connection:
            writes = bool(connection.execute(text("SHOW transaction_read_only")).scalar_one() == "off")
            if not writes:
                connection.invalidate()
            return writes

    @contextmanager
    def still(self) -> Iterator[None]:
        """No thread of this process holds SQLite's write lock during the block, so that what stops the whole
        process for a moment stops no other. Raises `Unavailable` when the turn does not come."""
        with self._turn():
            yield

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite has one writer; its own waiting is sleeping and trying again. Threads of one process queue
        here instead and are woken at once; between processes SQLite's waiting remains, and one that is behind leaves
        a gap for the others."""
        if not self.is_sqlite:
            yield
            return
        if not self._writer.acquire(timeout=BUSY_SECONDS):
            raise Unavailable("The database is busy.", mend="Try again; see what holds a transaction open.")
        try:
            if self._behind and (rest := self._left + sqlite.GAP_SECONDS - time.monotonic()) > 0:
                time.sleep(rest)
            yield
        finally:
            self._left = time.monotonic()
            self._writer.release()

    def dispose(self) -> None:
        """Close every pooled connection."""
        if self._checkpointer is not None:
            self._checkpointer.stop()
        if self._kept is not None and self._writer.acquire(
            timeout=1
        ):  # not from under a thread that is cut off
            try:
                self._kept.close()
            finally:
                self._writer.release()
        self.engine.dispose()


def _make_room(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"The database's folder {folder} cannot be made ({error.strerror}).",
            mend="Name a place that can be written in DOORSTEP_DATABASE_URL or DOORSTEP_DATA_DIR.",
        ) from error
