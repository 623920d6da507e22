"""`doorstep connections`: an address for each sender, and its secret where only its owner reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from doorstep import cli
from doorstep.doctor import State, providers
from doorstep.models import Database
from doorstep.models.stores import StoreRow
from doorstep.running import Running, the_only_one
from doorstep.settings import Settings

Run = Callable[..., Result]


@pytest.fixture
def run(database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    with database.write() as session:
        session.add(StoreRow(id="fern", name="Fern & Fable", created_at=datetime.now(UTC)))
    monkeypatch.setenv("DOORSTEP_DATABASE_URL", database_url)
    monkeypatch.setenv("DOORSTEP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DOORSTEP_PUBLIC_URL", "https://hooks.fern.example")
    return lambda *arguments, **more: CliRunner().invoke(cli.app, ["connections", *arguments], **more)


def test_a_connection_is_made_with_its_address_and_secret(run: Run, tmp_path: Path) -> None:
    """The address is what one gives the sender; the secret goes to the file and is shown nowhere."""
    made = run(
        "add", "fern-mail", "--source", "sendgrid", "--store", "fern", "--secret-stdin", input="the key\n"
    )
    assert made.exit_code == 0, made.output
    assert made.stdout.strip() == "https://hooks.fern.example/webhooks/fern-mail"
    assert json.loads((tmp_path / "secrets.json").read_text()) == {"fern-mail": ["the key"]}
    run("add", "fern-sms", "--source", "twilio", "--store", "fern")
    told = json.loads(run("list", "--json").stdout)
    assert [(one["id"], one["source"], one["secret"]) for one in told] == [
        ("fern-mail", "sendgrid", True),
        ("fern-sms", "twilio", False),
    ]
    assert "the key" not in run("list").output


def test_the_address_is_where_doorstep_runs_unless_it_has_one_of_its_own(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`up` may run on a port that this terminal does not know of."""

    def addresses() -> set[str]:
        return {one["url"] for one in json.loads(run("list", "--json").stdout)}

    add = ("add", "fern-mail", "--source", "sendgrid", "--store", "fern")
    settings = Settings(data_dir=tmp_path)
    with the_only_one(settings):
        Running(pid=1, api="http://127.0.0.1:8093", temporal="127.0.0.1:7233").note(settings)
        run(*add)
        assert addresses() == {"https://hooks.fern.example/webhooks/fern-mail"}
        monkeypatch.delenv("DOORSTEP_PUBLIC_URL")
        told = run("add", "fern-sms", "--source", "twilio", "--store", "fern").stdout
        assert told.strip() == "http://127.0.0.1:8093/webhooks/fern-sms"
        assert addresses() == {f"http://127.0.0.1:8093/webhooks/{name}" for name in ("fern-mail", "fern-sms")}
    assert addresses() == {f"{settings.base_url}/webhooks/{name}" for name in ("fern-mail", "fern-sms")}


def test_a_connection_without_a_secret_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twilio's is the account's token where that is set."""
    made = run("add", "fern-sms", "--source", "twilio", "--store", "fern")
    assert "DOORSTEP_CONNECTION_SECRET_FERN_SMS" in made.output
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "x")
    assert json.loads(run("list", "--json").stdout)[0]["secret"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "x", "--source", "sendgird", "--store", "fern"), "Did you mean 'sendgrid'?"),
        (("add", "x", "--source", "twilio", "--store", "ferm"), "Did you mean 'fern'?"),
        (("add", "Fern Mail", "--source", "twilio", "--store", "fern"), "lower-case"),
    ],
)
def test_a_mistake_changes_nothing_and_names_the_nearest(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    refused = run(*arguments)
    assert refused.exit_code != 0
    assert said in str(refused.exception) + refused.output
    assert json.loads(run("list", "--json").stdout) == []


def test_an_id_is_taken_once(run: Run) -> None:
    run("add", "fern-sms", "--source", "twilio", "--store", "fern")
    again = run("add", "fern-sms", "--source", "sendgrid", "--store", "fern")
    assert again.exit_code != 0
    assert json.loads(run("list", "--json").stdout)[0]["source"] == "twilio"


def test_the_doctor_says_who_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outbox alone is well; a provider that nobody's report can reach is worth knowing."""
    for name in ("SENDGRID_API_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    local = Settings(data_dir=tmp_path)
    assert (providers(local).state, "SENDGRID_API_KEY" in providers(local).found) == (State.OK, True)
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.x")
    assert (providers(local).state, "DOORSTEP_PUBLIC_URL" in providers(local).mend) == (State.WARN, True)
    public = Settings(data_dir=tmp_path, public_url="https://hooks.fern.example")
    assert (providers(public).state, providers(public).found.split(";")[0]) == (
        State.OK,
        "email goes out through SendGrid",
    )
