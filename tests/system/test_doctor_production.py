"""`doorstep doctor --production` on a real installation: what works is ok, what is broken is named with its mend."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from installation import Installation, installed
from shopkeeper import SHOPIFY, SIGNED
from temporalio.client import Client
from typer.testing import CliRunner

from doorstep import cli
from doorstep.cli import base
from doorstep.codec import draw_key
from doorstep.maintenance.schedules import look, schedule_id
from doorstep.processes import free_ports
from doorstep.temporal_namespace import ensure_namespace
from doorstep.temporal_server import TemporalServer
from doorstep.workflows.maintenance import Job
from simulators.sendgrid import SendGrid
from simulators.twilio import NUMBER, SID, TOKEN, Twilio

pytestmark = pytest.mark.system

Vendors = tuple[SendGrid, Twilio]


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    with SendGrid() as mail, Twilio() as sms:
        yield mail, sms


@pytest.fixture
def here(
    temporal_server: TemporalServer, database_url: str, tmp_path: Path, vendors: Vendors
) -> Iterator[Installation]:
    """API and worker in a namespace of their own that keeps histories for three days, with both providers."""
    namespace = f"doctor-{uuid.uuid4().hex[:8]}"
    asyncio.run(_register(temporal_server.address, namespace))
    mail, sms = vendors
    environment = {
        "SENDGRID_API_KEY": mail.api_key,
        "DOORSTEP_SENDGRID_URL": mail.url,
        "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_FROM": NUMBER,
        "DOORSTEP_TWILIO_URL": sms.url,
        "DOORSTEP_MAIL_FROM": "shop@example.com",
        "DOORSTEP_SECRET_KEY": "a key of the tests",
        "DOORSTEP_CODEC_KEYS": draw_key(datetime.now(UTC).date()),
    }
    with installed(
        temporal_server.address, namespace, database_url, tmp_path / "data", **environment
    ) as made:
        made.start("worker")
        made.start("api")
        yield made


async def _register(address: str, namespace: str) -> None:
    await ensure_namespace(await Client.connect(address, namespace=namespace), timedelta(days=3))


def examined(
    here: Installation, *, apart: bool = False, **more: str
) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and the findings by name. `apart`: by a process of its own, as an operator asks, which takes as long
    to start as to look."""
    arguments, env = ["doctor", "--production", "--json"], {**os.environ, **here.env, **more}
    if apart:
        command = [sys.executable, "-m", "doorstep", *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)
        code, said = done.returncode, done.stdout
    else:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(os, "environ", env)
            patched.setattr(base.logs, "configure", lambda *_: None)
            told_here = CliRunner().invoke(cli.app, arguments)
        assert told_here.exception is None or isinstance(told_here.exception, SystemExit), told_here.exception
        code, said = told_here.exit_code, told_here.stdout
    told = json.loads(said)
    assert told["healthy"] == (code == 0)
    return code, {check["name"]: check for check in told["checks"]}


def levels(checks: dict[str, dict[str, Any]], level: str) -> set[str]:
    return {name for name, check in checks.items() if check["level"] == level}


def in_temporal(here: Installation, ask: Any) -> Any:
    async def asked() -> Any:
        address, namespace = str(here.settings.temporal_address), here.settings.temporal_namespace
        return await ask(await Client.connect(address, namespace=namespace))

    return asyncio.run(asked())


def ran_once(here: Installation) -> bool:
    async def ask(client: Client) -> bool:
        seen = await look(client, here.settings)
        return all(one is not None and one.last is not None for one in seen.values())

    return bool(in_temporal(here, ask))


def test_a_deployment_part_by_part(here: Installation, vendors: Vendors) -> None:
    """One that works, but for its loopback address; then one thing after another is broken and named."""
    here.until(lambda: ran_once(here))
    code, checks = examined(here, apart=True)
    assert levels(checks, "fail") == {"public address"}, checks  # nobody outside reaches 127.0.0.1
    one_each = {"workers", "workers' activities", "maintenance workers"}
    assert levels(checks, "warn") == one_each | {"database"}, checks  # of which there should be two; SQLite
    assert code == 1
    assert {"temporal clock", "search", "round trip", "retention", "codec keys", "api"} <= levels(
        checks, "ok"
    )
    assert {f"webhooks {SHOPIFY}", f"webhooks {SIGNED}"} <= levels(checks, "ok")
    assert {"provider of email", "provider of sms"} <= levels(checks, "ok")
    assert {f"schedule {job.value}" for job in Job if job is not Job.PROBE} <= levels(checks, "ok")
    assert "archived every hour" in checks["retention"]["found"]
    assert all(check["mend"] for check in checks.values() if check["level"] != "ok")
    _broken(here, vendors)
    _stopped(here)


def _broken(here: Installation, vendors: Vendors) -> None:
    """Credentials, secrets, a pause that lets histories be forgotten, a mistyped setting; then no codec key."""
    mail, sms = vendors
    sms.status = "suspended"
    secrets = here.settings.secrets_file
    assert secrets is not None
    kept = json.loads(secrets.read_text())
    secrets.write_text(json.dumps({SIGNED: kept[SIGNED]}))

    async def pause(client: Client) -> None:
        await client.get_schedule_handle(schedule_id(here.settings, Job.ARCHIVE)).pause()

    in_temporal(here, pause)
    wrong = {
        "SENDGRID_API_KEY": "SG.of-another",
        "DOORSTEP_PUBLIC_ULR": "https://x",
    }
    code, checks = examined(here, **wrong)
    assert code == 1
    assert levels(checks, "fail") == {
        "public address", "provider of email", "provider of sms", f"webhooks {SHOPIFY}", "retention",
    }, checks  # fmt: skip
    assert {"schedule archive", "settings"} <= levels(checks, "warn")
    assert "DOORSTEP_PUBLIC_URL" in checks["settings"]["found"]
    assert "SENDGRID_API_KEY" in checks["provider of email"]["mend"]
    assert "suspended" in checks["provider of sms"]["found"]
    assert "SG.of-another" not in json.dumps(checks)
    assert TOKEN not in json.dumps(checks)
    mail.scopes = ["stats.read"]
    _, checks = examined(here, TWILIO_ACCOUNT_SID="", TWILIO_AUTH_TOKEN="", TWILIO_FROM="")
    assert "may not send" in checks["provider of email"]["found"]
    assert checks["provider of sms"]["level"] == "warn"
    secrets.write_text(json.dumps(kept))
    # what one side seals the other cannot open: only a workflow that goes there and back shows it
    code, checks = examined(here, DOORSTEP_CODEC_KEYS="")
    assert code == 1
    assert "round trip" in levels(checks, "fail"), checks


def _stopped(here: Installation) -> None:
    """No worker, no API; then another Temporal, and a namespace that is not there."""
    here.stop("worker")
    here.stop("api")
    _, checks = examined(here)
    assert {"round trip", "api"} <= levels(checks, "fail")
    assert checks["search"]["level"] == "ok"
    _, checks = examined(here, DOORSTEP_TEMPORAL_NAMESPACE="nobodys")
    assert "nobodys" in checks["temporal"]["found"]
    nowhere = f"127.0.0.1:{free_ports(1)[0]}"
    _, checks = examined(here, DOORSTEP_TEMPORAL_ADDRESS=nowhere)
    assert nowhere in checks["temporal"]["found"]
    empty = replace(here.settings, data_dir=here.settings.data_dir / "none")
    _, checks = examined(here, DOORSTEP_DATABASE_URL=f"sqlite:///{empty.data_dir}/none.db")
    assert "doorstep migrate" in checks["database"]["mend"]
