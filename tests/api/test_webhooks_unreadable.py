"""Webhooks while a file with secrets cannot be read: to be sent again, and the log names the file."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from api.test_webhooks import ORDER, OTHER, client, deps, send, woken
from doorstep.api.webhook_parts import WebhookDeps
from doorstep.models import Database
from ingest.telling import rows

__all__ = ["client", "deps", "woken"]


@pytest.mark.parametrize("broken", ["folder", "not JSON"])
async def test_a_webhook_is_sent_again_and_the_log_names_the_file(
    client: httpx.AsyncClient,
    deps: WebhookDeps,
    database: Database,
    broken: str,
) -> None:
    """Not the caller, who learns nothing of this machine; once it is mended the same webhook is taken."""
    file = deps.settings.secrets_file
    assert file is not None
    kept = file.read_text()
    file.unlink()
    file.mkdir() if broken == "folder" else file.write_text("{")
    with capture_logs() as lines:
        answer = await send(client, ORDER)
    assert (answer.status_code, answer.json()["code"]) == (503, "secrets_unreadable")
    assert int(answer.headers["retry-after"]) > 0
    assert str(file.parent) not in answer.text
    (line,) = [line for line in lines if line["event"] == "api.secrets_unreadable"]
    assert line["log_level"] == "error"
    assert str(file) in line["error"]
    assert line["mend"]
    assert rows(database, "SELECT * FROM inbox_webhooks") == []
    _mended(file, kept)
    assert (await send(client, ORDER)).status_code == 200


async def test_secrets_that_were_read_before_go_on_until_they_do_not_fit(
    client: httpx.AsyncClient,
    deps: WebhookDeps,
) -> None:
    """A signature that none of them made may be of a newer one in the file: that cannot be told, so it is no 401."""
    assert (await send(client, ORDER)).status_code == 200
    assert deps.settings.secrets_file is not None
    deps.settings.secrets_file.unlink()
    deps.settings.secrets_file.mkdir()
    assert (await send(client, ORDER, name="msg_2")).status_code == 200
    assert (await send(client, ORDER, name="msg_3", secret=OTHER)).status_code == 503


def _mended(file: Path, kept: str) -> None:
    file.rmdir() if file.is_dir() else file.unlink()
    file.write_text(kept)
