"""Which provider serves which channel: what the environment holds decides, and what is missing is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from doorstep.activities.ports import build_ports
from doorstep.channels.configured import senders, serving
from doorstep.domain.messages import Channel
from doorstep.errors import SetupError
from doorstep.models import Database
from doorstep.settings import Settings, load_settings

SECRETS = (
    "SENDGRID_API_KEY",
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_MESSAGING_SERVICE_SID",
    "TWILIO_FROM",
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def twilio(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        monkeypatch.setenv(name, "set")


def names(settings: Settings) -> dict[Channel, str]:
    made = senders(settings, lambda store: None, lambda store: "")  # type: ignore[arg-type, return-value]
    return {channel: sender.name for channel, sender in made.items()}


def test_without_credentials_the_outbox_stands_in_and_says_so(database: Database, tmp_path: Path) -> None:
    """Every channel is served by the outbox, and the sentence names the variable that would change it."""
    settings = Settings(data_dir=tmp_path)
    assert {s.name for s in build_ports(settings, database).senders.values()} == {"outbox"}
    assert [s.sentence for s in serving(settings)] == [
        "email stays in the outbox: SENDGRID_API_KEY is not set",
        "SMS stays in the outbox: TWILIO_ACCOUNT_SID is not set",
    ]


def test_each_provider_stands_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key sets up mail and leaves SMS in the outbox; a file holds a secret as well as a variable."""
    settings = Settings(data_dir=tmp_path)
    (tmp_path / "key").write_text("SG.key\n")
    monkeypatch.setenv("SENDGRID_API_KEY_FILE", str(tmp_path / "key"))
    assert names(settings) == {Channel.EMAIL: "sendgrid"}
    assert settings.provider_secret("SENDGRID_API_KEY") == "SG.key"
    twilio(monkeypatch, "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM")
    assert names(settings) == {Channel.EMAIL: "sendgrid", Channel.SMS: "twilio"}
    assert serving(settings)[1].sentence == "SMS goes out through Twilio"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (("TWILIO_ACCOUNT_SID",), "TWILIO_AUTH_TOKEN"),
        (("TWILIO_AUTH_TOKEN", "TWILIO_FROM"), "TWILIO_ACCOUNT_SID"),
        (("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"), "TWILIO_MESSAGING_SERVICE_SID"),
    ],
)
def test_half_a_provider_is_an_error_that_names_the_other_half(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: tuple[str, ...], wanted: str
) -> None:
    """Who means to send must not find the messages in the outbox a week later."""
    twilio(monkeypatch, *given)
    with pytest.raises(SetupError, match=wanted):
        serving(Settings(data_dir=tmp_path))


def test_a_secret_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(SetupError, match="SENDGRID_API_KEY_FILE"):
        serving(Settings(data_dir=tmp_path))


@pytest.mark.parametrize("url", ["http://api.sendgrid.com", "ftp://x", "https://user@host", "https://x/?a=b"])
def test_a_key_is_never_sent_in_the_clear(url: str) -> None:
    """Plain HTTP is for a simulator on this machine."""
    with pytest.raises(SetupError, match="DOORSTEP_SENDGRID_URL"):
        load_settings({"DOORSTEP_SENDGRID_URL": url})
    assert load_settings({"DOORSTEP_SENDGRID_URL": "http://127.0.0.1:9"}).sendgrid_url == "http://127.0.0.1:9"


def test_links_begin_where_the_public_reaches_us(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path, port=9000).links_url == "http://127.0.0.1:9000"
    assert Settings(data_dir=tmp_path, public_url="https://post.shop.example/").links_url == (
        "https://post.shop.example"
    )
