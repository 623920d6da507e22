"""What a deployer writes into `.env` or `./config` arrives in the containers: settings made from what compose gives
worker and API are whole, with everything set and with nothing."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from composing import GIVEN, ROOT, services_of

from doorstep.channels.configured import SERVICE, serving
from doorstep.codec import draw_key, key_ring
from doorstep.settings import OTHER_KNOWN, Settings, load_settings
from doorstep.telemetry import tracing

pytestmark = pytest.mark.system

OURS = ("worker-1", "worker-2", "api")
MOUNT = "/etc/doorstep"
VENDORS = {
    "SENDGRID_API_KEY": "SG.key",
    "TWILIO_ACCOUNT_SID": "AC0",
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_MESSAGING_SERVICE_SID": "MG0",
    "TWILIO_FROM": "+15005550006",
}
FULL = {
    **GIVEN,
    **VENDORS,
    "DOORSTEP_MAIL_FROM": "post@shop.example",
    "DOORSTEP_PUBLIC_URL": "https://hooks.shop.example",
    "DOORSTEP_SENDGRID_URL": "https://api.eu.sendgrid.com",
    "DOORSTEP_EMAIL_PER_SECOND": "5",
    "DOORSTEP_RATE_PAGES": "60",
    "DOORSTEP_KEEP_RAW_DAYS": "90",
    "DOORSTEP_STORE_PACKAGES": "acme",
    "DOORSTEP_UI_ORIGINS": "http://127.0.0.1:8233",
    "DOORSTEP_WORKER_METRICS": "0.0.0.0:9464",
    "DOORSTEP_CONNECTION_SECRET_FERN_MAIL": "MFkw",
    "DOORSTEP_CODEC_KEYS": draw_key(date(2026, 2, 2)),
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
    "OTEL_TRACES_SAMPLER": "always_off",
}
#: what the file itself decides, whatever `.env` says
FIXED = {
    *("DOORSTEP_DATABASE_URL", "DOORSTEP_TEMPORAL_ADDRESS", "DOORSTEP_TEMPORAL_NAMESPACE"),
    *("DOORSTEP_SECRETS_FILE", "DOORSTEP_CODEC_KEYS_FILE", "DOORSTEP_LOG_FORMAT"),
    *("DOORSTEP_HOST", "DOORSTEP_PORT"),
}


def inside(service: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch, folder: Path) -> Settings:
    """The settings as that container would make them: its environment is ours for the rest of the test, and where it
    sees the mount we see the folder that is mounted."""
    (mount,) = [volume for volume in service["volumes"] if f":{MOUNT}" in str(volume)]
    shown = Path(str(mount).partition(":")[0])
    held = shown if shown.is_absolute() else folder / shown
    for name in list(os.environ):
        if name.startswith(("DOORSTEP_", "OTEL_", "SENDGRID_", "TWILIO_", "TEMPORAL_")):
            monkeypatch.delenv(name)
    for name, value in service["environment"].items():
        if name not in ("PATH", "PYTHONPATH", "HOME"):
            monkeypatch.setenv(name, str(value).replace(MOUNT, str(held)))
    return load_settings(data_dir=folder / "data")


@pytest.mark.parametrize("name", OURS)
def test_with_a_full_env_the_settings_are_complete(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both providers serve, keys and secrets come from variable and file, traces are sent, and no name is unknown."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "codec.keys").write_text(draw_key(date(2026, 1, 1)) + "\n")
    (config / "secrets.json").write_text(json.dumps({"fern-shop": ["shpss"]}))
    settings = inside(services_of(tmp_path, FULL)[name], monkeypatch, tmp_path)
    assert settings.warnings == ()
    assert [(s.provider, s.missing) for s in serving(settings)] == [("sendgrid", ""), ("twilio", "")]
    assert [settings.provider_secret(vendor) for vendor in VENDORS] == list(VENDORS.values())
    assert [key[:9] for key in key_ring(settings).ids] == ["k20260202", "k20260101"]
    assert settings.connection_secrets("fern-shop") == ("shpss",)
    assert settings.connection_secrets("fern-mail") == ("MFkw",)
    assert (settings.mail_from, settings.rate_pages) == ("post@shop.example", 60)
    assert tracing.wanted()


@pytest.mark.parametrize("sender", ["TWILIO_FROM", SERVICE])
def test_one_twilio_sender_is_enough(sender: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The other arrives empty, which is as if it were not set."""
    other = {"TWILIO_FROM", SERVICE} - {sender}
    given = {name: value for name, value in FULL.items() if name not in other}
    settings = inside(services_of(tmp_path, given)["worker-1"], monkeypatch, tmp_path)
    assert [s.provider for s in serving(settings)] == ["sendgrid", "twilio"]


@pytest.mark.parametrize("name", OURS)
def test_with_the_least_env_and_no_config_it_starts(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The outbox stands in, nothing is sealed, no connection has a secret: no error, no warning."""
    settings = inside(services_of(tmp_path, GIVEN)[name], monkeypatch, tmp_path)
    assert settings.warnings == ()
    assert [s.provider for s in serving(settings)] == ["outbox", "outbox"]
    assert key_ring(settings).ids == ()
    assert settings.connection_secrets("fern-mail") == ()
    assert settings.secret_key() == b"a-key"
    assert (settings.mail_from, settings.store_packages, settings.ui_origins) == (None, (), ())
    assert not tracing.wanted()


def test_every_setting_of_the_table_can_be_set_in_env(tmp_path: Path) -> None:
    """But for what the file decides itself, and what a container has no use for."""
    tools = {"DOORSTEP_CACHE", "DOORSTEP_PYTHON", "DOORSTEP_TEMPORAL_CLI"}
    known = {f"DOORSTEP_{item.name.upper()}" for item in fields(Settings) if "kind" in item.metadata}
    names = sorted((known | set(OTHER_KNOWN)) - FIXED - tools)
    given = GIVEN | {name: f"of-{name.lower()}" for name in names}
    services = services_of(tmp_path, given)
    for name in OURS:
        environment = services[name]["environment"]
        assert {setting: environment.get(setting) for setting in names} == {n: given[n] for n in names}


@pytest.mark.parametrize("name", OURS)
def test_every_file_that_the_comments_name_is_one_that_is_read(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file in `./config` that no setting points to would be believed in and never opened."""
    text = (ROOT / "docker-compose.yml").read_text()
    comments = " ".join(line.partition("#")[2] for line in text.splitlines())
    told = set(re.findall(r"(?<![\w./-])(?:config/|/etc/doorstep/)?([\w-]+\.(?:json|keys?|pem))\b", comments))
    settings = inside(services_of(tmp_path, GIVEN)[name], monkeypatch, tmp_path)
    read = {settings.secrets_file, settings.codec_keys_file}
    assert told == {"secrets.json", "codec.keys"}
    assert {tmp_path / "config" / file for file in told} == read
