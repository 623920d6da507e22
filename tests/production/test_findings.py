"""Findings that need no deployment: clocks, addresses, and the database's own limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import make_url

from doorstep import doctor
from doorstep.codec import draw_key
from doorstep.models.base import Database
from doorstep.production import edges, setup, storage
from doorstep.production.findings import Level, clock
from doorstep.settings import Settings


@pytest.mark.parametrize(
    ("ahead", "uncertain", "level"),
    [
        (0.0, 0.001, Level.OK),
        (0.4, 0.0, Level.OK),
        (2.0, 1.9, Level.OK),  # a slow answer proves nothing against the clock
        (-0.9, 0.1, Level.WARN),
        (6.0, 0.5, Level.FAIL),
        (-120.0, 0.5, Level.FAIL),
    ],
)
def test_clocks(ahead: float, uncertain: float, level: Level) -> None:
    """Half a second is worth a word, five are a fault; how long the answer took is allowed for."""
    assert clock("x", ahead, uncertain).level is level


@pytest.mark.parametrize(
    ("base", "level"),
    [
        ("https://post.shop.example", Level.OK),
        ("http://post.shop.example", Level.WARN),
        ("http://127.0.0.1:8080", Level.FAIL),
        ("https://localhost", Level.FAIL),
    ],
)
def test_public_addresses(base: str, level: Level) -> None:
    """Links in messages must lead customers somewhere."""
    assert edges._public(base).level is level


def test_the_database_on_either_backend(database: Database, database_url: str, tmp_path: Path) -> None:
    """PostgreSQL: version, clock, connections and waits are told; SQLite: that it is for one machine."""
    settings = Settings(data_dir=tmp_path, database_url=database_url)
    found = {finding.name: finding for finding in storage.database(settings)}
    if make_url(database_url).get_backend_name() == "sqlite":
        assert found["database"].level is Level.WARN
        return
    assert {finding.level for finding in found.values()} == {Level.OK}, found
    assert set(found) == {"database", "database clock", "database connections", "database waits"}
    greedy = replace(settings, database_pool=9_000, database_lock_seconds=0.0)
    found = {finding.name: finding for finding in storage.database(greedy)}
    assert found["database connections"].level is Level.WARN
    assert "lock_timeout" in found["database waits"].found


def test_the_tables_of_a_newer_release_are_a_warning(
    database_url: str, put_at: Callable[[str], None], tmp_path: Path
) -> None:
    """They serve; those that do not are a failure, and so are tables not migrated."""
    settings = Settings(data_dir=tmp_path, database_url=database_url)
    put_at("9999")
    found = {finding.name: finding for finding in storage.database(settings)}
    assert found["database"].level is Level.WARN
    assert "9999 of a newer release" in found["database"].found
    assert "Bring this release up" in found["database"].mend
    assert doctor.database(settings).state is doctor.State.WARN
    for at, said in (("0004", "doorstep migrate"), ("9999_since_9998", "backup")):
        put_at(at)
        (refused,) = storage.database(settings)
        assert refused.level is Level.FAIL
        assert said in refused.mend
        assert doctor.database(settings).state is doctor.State.MISSING


def test_a_deployment_without_a_key_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor draws none: a key that only this process has would hide that there is none."""
    monkeypatch.delenv("DOORSTEP_SECRET_KEY", raising=False)
    settings = Settings(data_dir=tmp_path)
    (missing,) = setup.installation_key(settings)
    assert missing.level is Level.FAIL
    assert not (tmp_path / "secret.key").exists()
    settings.secret_key()
    (there,) = setup.installation_key(settings)
    assert there.level is Level.OK


def test_payloads_without_a_key_are_worth_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a fault: nothing personal reaches Temporal in the first place."""
    monkeypatch.delenv("DOORSTEP_CODEC_KEYS", raising=False)
    (none,) = setup.codec(Settings(data_dir=tmp_path))
    assert none.level is Level.WARN
    monkeypatch.setenv("DOORSTEP_CODEC_KEYS", draw_key(date(2026, 1, 1)))
    (some,) = setup.codec(Settings(data_dir=tmp_path))
    assert some.level is Level.OK
