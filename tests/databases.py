"""A fresh, migrated database for each test: migrated once per session, then copied (which is fast).

SQLite on file, unless `DOORSTEP_TEST_POSTGRES` names a PostgreSQL server where databases may be created
(`postgresql+psycopg://postgres@127.0.0.1:54329/postgres`): then the same tests run there.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from doorstep.models.base import Database
from doorstep.models.migrate import upgrade

POSTGRES = os.environ.get("DOORSTEP_TEST_POSTGRES", "")
SEVERAL = 60
"""Connections that a test may hold at once."""


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a migrated database that nobody writes to."""
    if POSTGRES:
        name = f"doorstep_template_{uuid.uuid4().hex[:8]}"
        _on_postgres(f'CREATE DATABASE "{name}"')
        url = _postgres_url(name)
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('database') / 'template.db'}"
    upgrade(url)
    yield url
    if POSTGRES:
        _on_postgres(f'DROP DATABASE "{name}"')


@pytest.fixture
def database_url(migrated: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database of this test's own."""
    if POSTGRES:
        name = f"doorstep_test_{uuid.uuid4().hex[:8]}"
        _on_postgres(f'CREATE DATABASE "{name}" TEMPLATE "{make_url(migrated).database}"')
        yield _postgres_url(name)
        _on_postgres(f'DROP DATABASE "{name}" WITH (FORCE)')
    else:
        path = tmp_path / "doorstep.db"
        shutil.copy(make_url(migrated).database or "", path)
        yield f"sqlite:///{path}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """That database, opened."""
    opened = Database(database_url, pool_size=SEVERAL)
    yield opened
    opened.dispose()


def _postgres_url(name: str) -> str:
    return make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)


def _on_postgres(statement: str) -> None:
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
