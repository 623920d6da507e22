"""A fresh, migrated database for each test, on SQLite and on PostgreSQL: one `database` test is two tests.

SQLite: migrated once per session, then copied. PostgreSQL: one server per session, started by us on loopback
(`DOORSTEP_TEST_POSTGRES` names another where databases may be created,
`postgresql+psycopg://postgres@127.0.0.1:5432/postgres`), migrated once and emptied after each test: a new database
each time would take ten times as long. Where PostgreSQL is not installed the run says so in its last lines.

System tests (`tests/system`) drive whole deployments and choose for themselves: they run on SQLite unless they ask
for `postgres`.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlmodel import SQLModel

from doorstep.models.base import Database
from doorstep.models.migrate import head, upgrade
from doorstep.postgres_server import PostgresServer, find_binaries

GIVEN = os.environ.pop("DOORSTEP_TEST_POSTGRES", "")  # a setting of the tests, which Doorstep need not know
SEVERAL = 60
"""Connections that a test may hold at once."""
HAVE_POSTGRES = bool(GIVEN) or find_binaries() is not None
WITHOUT = (
    "PostgreSQL is not installed: database tests ran on SQLite only (`make tools` installs it on Debian)."
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whoever uses a database runs once per database."""
    if "backend" in metafunc.fixturenames and "system" not in metafunc.definition.path.parts:
        backends = ["sqlite", "postgres"] if HAVE_POSTGRES else ["sqlite"]
        metafunc.parametrize("backend", backends, indirect=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The very last line, which a log's tail shows."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not HAVE_POSTGRES and reporter is not None:
        reporter.write_line(WITHOUT)


class Postgres:
    """A server's address, and databases on it."""

    def __init__(self, url: str) -> None:
        self._server = make_url(url)
        self.admin = psycopg.connect(_dsn(url), autocommit=True)

    def url(self, name: str) -> str:
        return self._server.set(database=name).render_as_string(hide_password=False)

    def create(self, prefix: str, template: str = "template1") -> str:
        """A new database of a name of its own; its URL."""
        name = f"{prefix}_{uuid.uuid4().hex[:8]}"
        self.admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self.url(name)

    def drop(self, url: str) -> None:
        self.admin.execute(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)'.encode())

    def rows(self, name: str, query: str) -> list[Any]:
        """What a query answers in one of its databases."""
        with psycopg.connect(_dsn(self.url(name)), autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def empty(self, url: str, emptying: bytes) -> None:
        """Ends whoever is still connected, and deletes every row."""
        database = make_url(url).database
        self.admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
        )
        with psycopg.connect(_dsn(url), autocommit=True) as connection:
            connection.execute(emptying)


def only_reads_now(url: str, on: bool) -> None:
    """Whether connections opened from now on only read, as those to a standby do."""
    name = make_url(url).database
    plain = Database(f"{url}?options=-c%20default_transaction_read_only%3Doff")
    with plain.writing() as connection:
        connection.execute(
            text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {"on" if on else "off"}')
        )
    plain.dispose()


def _dsn(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def emptying() -> bytes:
    """Deletes every row of every table and starts the counters anew: in one message, without asking the foreign
    keys row by row."""
    tables = [table.name for table in SQLModel.metadata.sorted_tables]
    deletes = "".join(f'DELETE FROM "{name}";' for name in tables)
    restart = "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence;"
    return f"BEGIN; SET LOCAL session_replication_role = replica; {deletes} {restart} COMMIT;".encode()


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgres`: what this test's database is."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's PostgreSQL server. Skips where there is none, which the run's last lines say."""
    if not HAVE_POSTGRES:
        pytest.skip(WITHOUT)
    if GIVEN:
        yield Postgres(GIVEN)
        return
    with PostgresServer() as server:
        there = Postgres(server.url())
        yield there
        there.admin.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a migrated SQLite file that nobody writes to."""
    url = f"sqlite:///{tmp_path_factory.mktemp('database') / 'template.db'}"
    upgrade(url)
    return url


@pytest.fixture(scope="session")
def migrated_there(postgres: Postgres) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database, which each test leaves empty."""
    url = postgres.create("doorstep_tests")
    upgrade(url)
    yield url
    postgres.drop(url)


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database of this test's own."""
    if backend == "sqlite":
        path = tmp_path / "doorstep.db"
        shutil.copy(make_url(request.getfixturevalue("migrated")).database or "", path)
        yield f"sqlite:///{path}"
        return
    there: Postgres = request.getfixturevalue("postgres")
    url: str = request.getfixturevalue("migrated_there")
    yield url
    there.empty(url, emptying())


@pytest.fixture
def put_at(database_url: str) -> Iterator[Callable[[str], None]]:
    """`put_at("0006")`: the test's database says that it is at that revision, whatever its tables are. Put back
    afterwards: on PostgreSQL the next test has the same one."""
    engine = create_engine(database_url)

    def put(revision: str) -> None:
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": revision})

    yield put
    put(head())
    engine.dispose()


@pytest.fixture
def empty_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without a table, for tests of migrations."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'doorstep.db'}"
        return
    there: Postgres = request.getfixturevalue("postgres")
    url = there.create("doorstep_empty")
    yield url
    there.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """That database, opened."""
    opened = Database(database_url, pool_size=SEVERAL)
    yield opened
    opened.dispose()
