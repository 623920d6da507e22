"""The schema: brought up in one go or not at all, and its differences named. On both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from doorstep.errors import SetupError
from doorstep.models.migrate import Standing, check, current, following, head, stand, upgrade


def run(url: str, *statements: str) -> None:
    """As somebody with a database shell would."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(exist_ok=True)
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_a_new_database_is_told_to_migrate_and_is_in_step_afterwards(empty_url: str) -> None:
    """After `upgrade` the tables are exactly those of the models."""
    assert "revision none" in check(empty_url)[0]
    assert upgrade(empty_url) == head()
    assert check(empty_url) == []


def test_upgrading_again_changes_nothing(tmp_path: Path) -> None:
    """`upgrade` of a database in step writes nothing."""
    path = tmp_path / "doorstep.db"
    upgrade(f"sqlite:///{path}")
    before = path.read_bytes()
    assert upgrade(f"sqlite:///{path}") == head()
    assert path.read_bytes() == before


def test_a_difference_is_named(empty_url: str) -> None:
    """`check` names the table and the column that differ."""
    upgrade(empty_url)
    run(empty_url, "ALTER TABLE tickets ADD COLUMN surprise TEXT", "DROP TABLE audit")
    told = "\n".join(check(empty_url))
    assert "surprise" in told
    assert "audit" in told


def test_a_failing_migration_leaves_nothing_behind(empty_url: str) -> None:
    """A migration that breaks half-way is rolled back whole."""
    run(empty_url, "CREATE TABLE tickets (mine TEXT)")
    with pytest.raises(SetupError, match="already exists"):
        upgrade(empty_url)
    assert tables(empty_url) == {"tickets"}


def test_two_migrations_at_once_queue(empty_url: str) -> None:
    """The second of two upgrades waits and finds everything done."""
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(upgrade, [empty_url] * 4)) == {head()}
    assert check(empty_url) == []


def test_tables_of_a_newer_release_are_left_as_they_are(empty_url: str) -> None:
    """An older release that is started again runs on what a newer one made, and does not touch it."""
    upgrade(empty_url)
    run(empty_url, "UPDATE alembic_version SET version_num = '9999'")
    before = tables(empty_url)
    assert upgrade(empty_url) == "9999"
    found = current(empty_url)
    assert (found.at, found.standing, found.serves) == ("9999", Standing.AHEAD, True)
    assert tables(empty_url) == before
    assert "9999" in check(empty_url)[0]


def test_a_newer_release_that_took_away_what_this_one_needs_is_refused(empty_url: str) -> None:
    """Its revision says since which one its tables serve."""
    upgrade(empty_url)
    run(empty_url, "UPDATE alembic_version SET version_num = '9999_since_9998'")
    with pytest.raises(SetupError, match=r"and not this one .* restore the backup"):
        upgrade(empty_url)
    assert not current(empty_url).serves


@pytest.mark.parametrize(
    ("at", "standing"),
    [
        ("", Standing.NEW),
        ("0001", Standing.BEHIND),
        (head(), Standing.IN_STEP),
        ("9998", Standing.AHEAD),
        (f"9998_since_{head()[:4]}", Standing.AHEAD),
        ("9998_since_0001", Standing.AHEAD),
        ("9998_since_9997", Standing.BEYOND),
    ],
)
def test_where_a_database_stands(at: str, standing: Standing) -> None:
    """Known revisions are this release's or older; what it does not know is newer."""
    found = stand(at)
    assert found.standing is standing
    assert found.serves == (standing in (Standing.IN_STEP, Standing.AHEAD))
    assert (found.mend == "") == (standing is Standing.IN_STEP)
    assert ("doorstep migrate" in found.mend) == (standing in (Standing.NEW, Standing.BEHIND))


def test_the_next_migration_inherits_since_when_tables_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one took away stays away."""
    monkeypatch.setattr("doorstep.models.migrate._revisions", lambda: ("0007", "0006"))
    assert following() == "0008"
    monkeypatch.setattr("doorstep.models.migrate._revisions", lambda: ("0008_since_0006", "0007"))
    assert following() == "0009_since_0006"
    assert stand("0009_since_0008").standing is Standing.AHEAD


def test_a_database_that_cannot_be_opened_is_one_sentence() -> None:
    """A place that cannot be written, or a server that is not there, is a `SetupError`, not a traceback."""
    with pytest.raises(SetupError, match="cannot be made"):
        upgrade("sqlite:////proc/nowhere/doorstep.db")
    with pytest.raises(SetupError, match="cannot be used"):
        upgrade("postgresql+psycopg://doorstep:hidden@127.0.0.1:1/doorstep")
