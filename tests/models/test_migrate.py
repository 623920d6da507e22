"""The schema: brought up in one go or not at all, and its differences named."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from doorstep.errors import SetupError
from doorstep.models.migrate import check, current, head, upgrade


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "doorstep.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_a_new_database_is_told_to_migrate_and_is_in_step_afterwards(url: str) -> None:
    """After `upgrade` the tables are exactly those of the models."""
    assert "revision 'none'" in check(url)[0]
    assert upgrade(url) == head()
    assert check(url) == []


def test_a_migrated_database_on_the_configured_backend_is_in_step(database_url: str) -> None:
    """The same holds on whatever backend the tests run on."""
    assert check(database_url) == []


def test_upgrading_again_changes_nothing(url: str, path: Path) -> None:
    """`upgrade` of a database in step writes nothing."""
    upgrade(url)
    before = path.read_bytes()
    assert upgrade(url) == head()
    assert path.read_bytes() == before


def test_a_difference_is_named(url: str, path: Path) -> None:
    """`check` names the table and the column that differ."""
    upgrade(url)
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE tickets ADD COLUMN surprise TEXT")
        connection.execute("DROP TABLE audit")
    told = "\n".join(check(url))
    assert "surprise" in told
    assert "audit" in told


def test_a_failing_migration_leaves_nothing_behind(url: str, path: Path) -> None:
    """A migration that breaks half-way is rolled back whole."""
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE tickets (mine TEXT)")
    with pytest.raises(SetupError, match="already exists"):
        upgrade(url)
    with sqlite3.connect(path) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    assert names == {"tickets"}


def test_two_migrations_at_once_queue(url: str) -> None:
    """The second of two upgrades waits and finds everything done."""
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(upgrade, [url] * 4)) == {head()}
    assert check(url) == []


def test_a_database_from_a_newer_release_is_refused(url: str, path: Path) -> None:
    """An older release does not touch what a newer one made."""
    upgrade(url)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SetupError, match="9999"):
        upgrade(url)
    assert current(url) == "9999"


def test_a_database_that_cannot_be_opened_is_one_sentence() -> None:
    """A place that cannot be written is a `SetupError`, not a traceback."""
    with pytest.raises(SetupError, match="cannot be made"):
        upgrade("sqlite:////proc/nowhere/doorstep.db")
