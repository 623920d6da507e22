"""Settings: defaults that work, a wrong value named with what is allowed, secrets that only their owner reads."""

from __future__ import annotations

import json
import re
import stat
from dataclasses import fields
from pathlib import Path

import pytest

from doorstep.errors import SetupError
from doorstep.settings import OTHER_KNOWN, RUNNING_FILE, Settings, load_settings


def test_nothing_set_is_one_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a variable everything is on loopback and below ./.doorstep."""
    monkeypatch.chdir(tmp_path)
    settings = load_settings({})
    assert settings.data_dir == tmp_path / ".doorstep"
    assert settings.database_url == f"sqlite:///{tmp_path}/.doorstep/doorstep.db"
    assert (settings.base_url, settings.temporal_target()) == ("http://127.0.0.1:8080", "127.0.0.1:7233")
    assert settings.warnings == ()
    assert not settings.outbox_open


def test_variables_are_read_and_arguments_go_before_them(tmp_path: Path) -> None:
    """Each variable sets its field; what the command line says goes before it."""
    environ = {
        "DOORSTEP_DATA_DIR": str(tmp_path),
        "DOORSTEP_STORE_PACKAGES": "acme.journeys, other",
        "DOORSTEP_SETTLE_SECONDS": "0.5",
        "DOORSTEP_PORT": "9000",
        "DOORSTEP_LOG_LEVEL": "debug",
        "DOORSTEP_OUTBOX_OPEN": "1",
    }
    settings = load_settings(environ, port=9001)
    assert settings.store_packages == ("acme.journeys", "other")
    assert (settings.settle_seconds, settings.port, settings.log_level) == (0.5, 9001, "DEBUG")
    assert settings.outbox_open


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DOORSTEP_PORT", "80000"),
        ("DOORSTEP_PORT", "eighty"),
        ("DOORSTEP_DATABASE_URL", "mysql://x/y"),
        ("DOORSTEP_TEMPORAL_ADDRESS", "https://temporal:7233"),
        ("DOORSTEP_STORE_PACKAGES", "acme-journeys"),
        ("DOORSTEP_SETTLE_SECONDS", "nan"),
        ("DOORSTEP_LOG_FORMAT", "yaml"),
        ("DOORSTEP_TASK_QUEUE", "a b"),
        ("DOORSTEP_OUTBOX_OPEN", "maybe"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(variable: str, value: str) -> None:
    """The error has the variable, what was given, and what it may be."""
    with pytest.raises(SetupError, match=variable) as refused:
        load_settings({variable: value})
    assert value.partition(":")[0] in refused.value.what


def test_a_databases_password_is_in_no_error_and_no_text_of_the_settings() -> None:
    """Nor in what a traceback would show of the settings."""
    with pytest.raises(SetupError, match="DOORSTEP_DATABASE_URL is 'postgres:…'") as refused:
        load_settings({"DOORSTEP_DATABASE_URL": "postgres://me:hunter22@db/x"})
    assert "hunter22" not in str(refused.value)
    assert refused.value.__cause__ is None
    held = load_settings({"DOORSTEP_DATABASE_URL": "postgresql+psycopg://me:hunter22@db/x"})
    assert "hunter22" not in repr(held)
    assert refused.value.mend.startswith("Allowed: ")


def test_a_misspelt_variable_is_a_warning_with_the_nearest() -> None:
    """An unknown DOORSTEP_ variable changes nothing and is told; a connection's secret is not unknown."""
    settings = load_settings(
        {"DOORSTEP_DATABSE_URL": "x", "DOORSTEP_CONNECTION_SECRET_SHOP": "s", "HOME": "/"}
    )
    (warning,) = settings.warnings
    assert "DOORSTEP_DATABSE_URL" in warning
    assert "Did you mean 'DOORSTEP_DATABASE_URL'?" in warning


def test_connection_secrets_come_from_variable_then_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest secret is first; a variable goes before the file; a stranger has none."""
    settings = Settings(data_dir=tmp_path)
    settings.keep_connection_secret("acme-shop", "old")
    settings.keep_connection_secret("acme-shop", "new")
    assert settings.connection_secrets("acme-shop") == ("new", "old")
    assert settings.connection_secrets("stranger") == ()
    monkeypatch.setenv("DOORSTEP_CONNECTION_SECRET_ACME_SHOP", "given, rotated")
    assert settings.connection_secrets("acme-shop") == ("given", "rotated")


def test_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    """Files with secrets are readable by nobody else, and the installation's key stays what it was."""
    settings = Settings(data_dir=tmp_path)
    settings.keep_connection_secret("shop", "s")
    key = settings.secret_key()
    assert len(key) == 64
    assert Settings(data_dir=tmp_path).secret_key() == key
    for name in ("secrets.json", "secret.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["{", "[]"])
def test_an_unreadable_secrets_file_is_named(tmp_path: Path, text: str) -> None:
    """A broken secrets file is an error, not an empty list: webhooks would all be refused."""
    (tmp_path / "secrets.json").write_text(text)
    with pytest.raises(SetupError, match=r"secrets\.json"):
        Settings(data_dir=tmp_path).connection_secrets("shop")


def test_what_runs_tells_where_temporal_is(tmp_path: Path) -> None:
    """A command in another terminal finds the embedded server; a named address goes before it."""
    (tmp_path / RUNNING_FILE).write_text(json.dumps({"temporal": "127.0.0.1:2345"}))
    assert Settings(data_dir=tmp_path).temporal_target() == "127.0.0.1:2345"
    assert Settings(data_dir=tmp_path, temporal_address="t:7233").temporal_target() == "t:7233"


def test_every_setting_is_in_the_operators_table() -> None:
    """With its name as it is set: `docs/operating.md` names all and no other."""
    text = (Path(__file__).parents[1] / "docs" / "operating.md").read_text()
    rows = [
        line.split("|")[1] for line in text.partition("\n## Settings")[2].splitlines() if line[:3] == "| `"
    ]
    told = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    known = {item.name.upper() for item in fields(Settings) if "kind" in item.metadata}
    others = {name.removeprefix("DOORSTEP_") for name in OTHER_KNOWN}
    assert sorted(told ^ (known | others)) == [], "these are to be added to (or taken from) the table"
