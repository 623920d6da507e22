"""Providers' webhooks at the endpoint: forms and batches, the address behind a proxy, the answer that Twilio reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI

from doorstep.api import problems
from doorstep.api.webhook_parts import WebhookDeps
from doorstep.api.webhooks import build_webhooks
from doorstep.ingest import Writer
from doorstep.models import Database
from doorstep.models.stores import ConnectionRow, StoreRow
from doorstep.settings import Settings
from ingest.telling import rows
from simulators.sendgrid import SendGrid, batch
from simulators.twilio import TOKEN, signed

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
PUBLIC = "https://hooks.shop.example/doorstep"
SMS = "/webhooks/sms"


@pytest.fixture
def vendor() -> SendGrid:
    return SendGrid()


@pytest.fixture
def deps(database: Database, tmp_path: Path, vendor: SendGrid) -> Iterator[WebhookDeps]:
    brand = {"support_email": "help@shop.example"}
    with database.write() as session:
        session.add(StoreRow(id="shop", name="Fern & Fable", currency="EUR", brand=brand, created_at=NOW))
        session.flush()
        for name, kind in (("mail", "sendgrid"), ("sms", "twilio")):
            session.add(ConnectionRow(id=name, store_id="shop", source=kind, created_at=NOW))
    settings = Settings(data_dir=tmp_path, public_url=PUBLIC)
    settings.keep_connection_secret("mail", vendor.public_key)
    settings.keep_connection_secret("sms", TOKEN)
    writer = Writer(database, secret=settings.secret_key).start()
    yield WebhookDeps(settings=settings, database=database, writer=writer, clock=lambda: NOW)
    writer.close()


@pytest.fixture
async def client(deps: WebhookDeps) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    app.include_router(build_webhooks(deps))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7:8080") as made:
        yield made


async def text(
    client: httpx.AsyncClient, body: str, address: str = PUBLIC + SMS, **more: str
) -> httpx.Response:
    form = {"MessageSid": "SM" + body.encode().hex()[:30], "From": "+4915112345678", "Body": body, **more}
    return await client.post(SMS, content=urlencode(form).encode(), headers=signed(address, form))


async def test_a_text_is_taken_as_a_form_and_answered_in_twiml(
    client: httpx.AsyncClient, database: Database
) -> None:
    """STOP is on the list once that is answered; HELP is answered with whom to write to."""
    stopped = await text(client, "Stop")
    assert (stopped.status_code, stopped.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert "<Message>" not in stopped.text
    assert [r["cause"] for r in rows(database, "SELECT cause FROM suppressions")] == ["stop"]
    helped = await text(client, "HELP")
    assert "<Message>Fern &amp; Fable: messages about your orders. Write to help@shop.example" in helped.text
    again = await text(client, "HELP")
    assert again.text == helped.text  # Twilio asks again when our answer got lost, and the person still waits


@pytest.mark.parametrize(
    "address",
    [
        "http://10.0.0.7:8080/webhooks/sms",
        "https://hooks.shop.example/webhooks/sms",
        PUBLIC + "/webhooks/other",
    ],
)
async def test_a_signature_for_another_address_is_refused(
    client: httpx.AsyncClient, database: Database, address: str
) -> None:
    """The public address counts, not what a proxy made of it; the answer says which setting to look at."""
    refused = await text(client, "STOP", address)
    assert refused.status_code == 401
    assert "DOORSTEP_PUBLIC_URL" in refused.text
    assert rows(database, "SELECT * FROM inbox_webhooks") == []


async def test_the_accounts_token_serves_a_connection_without_a_secret_of_its_own(
    client: httpx.AsyncClient, deps: WebhookDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sending needs it anyway, so it is not asked for twice."""
    assert deps.settings.secrets_file is not None
    deps.settings.secrets_file.unlink()
    assert (await text(client, "STOP")).status_code == 401
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    assert (await text(client, "STOP")).status_code == 200


async def test_the_query_is_signed_and_kept_for_a_redrive(
    client: httpx.AsyncClient, deps: WebhookDeps, database: Database
) -> None:
    """The touch stands in the address alone: it is kept with the webhook, and cannot be changed on the way."""
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    asked = f"{SMS}?touch=jny_a%3Ashipped"
    headers = signed(PUBLIC + asked, form)
    content = urlencode(form).encode()
    assert (
        await client.post(f"{SMS}?touch=jny_b%3Ashipped", content=content, headers=headers)
    ).status_code == 401
    assert (await client.post(asked, content=content, headers=headers)).status_code == 200
    (kept,) = rows(database, "SELECT headers FROM inbox_webhooks")
    assert "touch=jny_a%3Ashipped" in str(kept["headers"])


async def test_a_batch_is_split_and_kept_raw(
    client: httpx.AsyncClient, database: Database, vendor: SendGrid
) -> None:
    """CR LF and all; the same batch again is a duplicate, one byte less is refused."""
    body = batch({"event": "open", "sg_event_id": "1"}, {"event": "click", "sg_event_id": "2"})
    headers = vendor.signed(body, int(NOW.timestamp()))
    answers = [(await client.post("/webhooks/mail", content=body, headers=headers)).json() for _ in range(2)]
    assert [a["status"] for a in answers] == ["accepted", "duplicate"]
    assert (await client.post("/webhooks/mail", content=body.strip(), headers=headers)).status_code == 401
    (kept,) = rows(database, "SELECT body FROM inbox_webhooks")
    assert bytes(kept["body"]) == body
