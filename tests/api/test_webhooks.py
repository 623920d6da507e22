"""`POST /webhooks/{connection}` with real adapters and real signatures: what is refused, and what is kept."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from doorstep.api import problems
from doorstep.api.webhook_parts import WebhookDeps
from doorstep.api.webhooks import build_webhooks
from doorstep.domain.ids import journey_id, order_ref
from doorstep.ingest import Accepted, Writer
from doorstep.models import Database
from doorstep.models.stores import ConnectionRow, StoreRow
from doorstep.settings import Settings
from doorstep.sources.signed.adapter import secret_from, signed_headers
from ingest.telling import rows

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SECRET, OTHER = secret_from(b"a" * 32), secret_from(b"b" * 32)
SHOPIFY = "shpss_test"
ORDER = {
    "type": "order.placed",
    "id": "evt-1",
    "occurred_at": "2026-03-10T11:59:00Z",
    "order": "1001",
    "person": {"email": "ada@example.com", "first_name": "Ada"},
    "data": {
        "number": "#1001",
        "currency": "EUR",
        "total_minor": 1990,
        "lines": [{"id": "l1", "product": "p1", "title": "Fern", "quantity": 1, "price_minor": 1990}],
    },
}


class Woken:
    """Remembers whom it was told to tell."""

    def __init__(self) -> None:
        self.journeys: set[str] = set()

    def wake(self, told: Accepted) -> None:
        self.journeys |= told.journeys


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def deps(database: Database, tmp_path: Path, woken: Woken) -> Iterator[WebhookDeps]:
    with database.write() as session:
        session.add(StoreRow(id="shop", name="Shop", currency="EUR", created_at=NOW))
        session.flush()
        for name, source in (("own", "signed"), ("web", "shopify"), ("bare", "signed"), ("off", "signed")):
            disabled = NOW if name == "off" else None
            session.add(
                ConnectionRow(id=name, store_id="shop", source=source, created_at=NOW, disabled_at=disabled)
            )
    settings = Settings(data_dir=tmp_path, max_body_bytes=100_000)
    settings.keep_connection_secret("own", SECRET)
    settings.keep_connection_secret("web", SHOPIFY)
    writer = Writer(database).start()
    yield WebhookDeps(settings=settings, database=database, writer=writer, courier=woken, clock=lambda: NOW)
    writer.close()


@pytest.fixture
async def client(deps: WebhookDeps) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    app.include_router(build_webhooks(deps))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as made:
        yield made


async def send(
    client: httpx.AsyncClient,
    body: Any,
    *,
    to: str = "own",
    name: str = "msg_1",
    secret: str = SECRET,
    encode: Any = None,
    **headers: str,
) -> httpx.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = signed_headers(secret, name, NOW, raw)
    return await client.post(
        f"/webhooks/{to}", content=encode(raw) if encode else raw, headers={**signed, **headers}
    )


async def test_an_order_is_accepted_committed_and_its_journey_woken(
    client: httpx.AsyncClient, database: Database, woken: Woken
) -> None:
    answer = await send(client, ORDER)

    assert answer.status_code == 200
    told = answer.json()
    assert (told["status"], told["events"], told["id"][:4]) == ("accepted", 1, "whk_")
    assert woken.journeys == {journey_id(order_ref("shop", "1001"))}
    (kept,) = rows(database, "SELECT * FROM inbox_webhooks")
    assert (kept["id"], bytes(kept["body"])) == (told["id"], json.dumps(ORDER).encode())


async def test_a_retry_is_a_duplicate_and_wakes_nobody(client: httpx.AsyncClient, woken: Woken) -> None:
    await send(client, ORDER)
    woken.journeys.clear()

    answer = await send(client, ORDER)

    assert (answer.status_code, answer.json()["status"], answer.json()["events"]) == (200, "duplicate", 0)
    assert woken.journeys == set()


@pytest.mark.parametrize("connection", ["nobody", "off"])
async def test_an_unknown_or_disabled_connection_is_not_found(
    client: httpx.AsyncClient, connection: str
) -> None:
    answer = await send(client, ORDER, to=connection)

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_connection")


@pytest.mark.parametrize(("to", "secret"), [("own", OTHER), ("bare", SECRET)])
async def test_a_wrong_signature_and_a_connection_without_secret_are_refused(
    client: httpx.AsyncClient, database: Database, to: str, secret: str
) -> None:
    answer = await send(client, ORDER, to=to, secret=secret)

    assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
    assert rows(database, "SELECT * FROM inbox_webhooks") == []


async def test_during_a_rotation_old_and_new_secret_fit(client: httpx.AsyncClient, deps: WebhookDeps) -> None:
    deps.settings.keep_connection_secret("own", OTHER)

    assert (await send(client, ORDER, secret=OTHER)).status_code == 200
    assert (await send(client, ORDER, name="msg_2", secret=SECRET)).status_code == 200


async def test_what_is_no_json_is_refused(client: httpx.AsyncClient, database: Database) -> None:
    answer = await send(client, b"<xml/>")

    assert (answer.status_code, answer.json()["code"]) == (400, "not_json")
    assert rows(database, "SELECT * FROM inbox_webhooks") == []


async def test_signed_json_that_cannot_be_read_is_kept_in_quarantine(
    client: httpx.AsyncClient, database: Database
) -> None:
    for n, riddle in enumerate(([], {"events": "no list"}, {"type": "no.such"}, {**ORDER, "order": None}, 7)):
        answer = await send(client, riddle, name=f"msg_{n}")
        assert (answer.status_code, answer.json()["status"]) == (200, "quarantined"), riddle

    assert {r["status"] for r in rows(database, "SELECT status FROM inbox_webhooks")} == {"quarantined"}


async def test_too_large_a_body_is_refused_before_all_of_it_is_read(client: httpx.AsyncClient) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 10_000
            assert given < 1_000_000
            yield b"x" * 10_000

    announced = await client.post("/webhooks/own", content=b"x" * 100_001)
    streamed = await client.post("/webhooks/own", content=endless())

    assert (announced.status_code, streamed.status_code) == (413, 413)


@pytest.mark.parametrize(("name", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_a_compressed_body_is_read_whichever_form_was_signed(
    client: httpx.AsyncClient, database: Database, name: str, encode: Any
) -> None:
    by_proxy = await send(client, ORDER, encode=encode, **{"content-encoding": name})
    raw = json.dumps({**ORDER, "id": "evt-2", "order": "1002"}).encode()
    packed = encode(raw)
    # Standard Webhooks sign text; a sender that signs its compressed bytes is a Shopify-like one
    shopify = {
        "x-shopify-hmac-sha256": base64.b64encode(
            hmac.digest(SHOPIFY.encode(), packed, hashlib.sha256)
        ).decode(),
        "x-shopify-topic": "shop/update",
        "x-shopify-webhook-id": "1",
        "content-encoding": name,
    }
    by_sender = await client.post("/webhooks/web", content=packed, headers=shopify)

    assert by_proxy.json()["status"] == "accepted"
    assert by_sender.status_code == 200
    assert {bytes(r["body"]) for r in rows(database, "SELECT body FROM inbox_webhooks")} == {
        json.dumps(ORDER).encode(),
        raw,
    }


async def test_a_compressed_bomb_a_damaged_body_and_an_unknown_encoding_are_refused(
    client: httpx.AsyncClient,
) -> None:
    bomb = await send(
        client, ORDER, encode=lambda _raw: gzip.compress(b"0" * 5_000_000), **{"content-encoding": "gzip"}
    )
    damaged = await send(
        client, ORDER, encode=lambda raw: gzip.compress(raw)[:-9], **{"content-encoding": "gzip"}
    )
    unknown = await send(client, ORDER, **{"content-encoding": "br"})

    assert (bomb.status_code, damaged.status_code, unknown.status_code) == (413, 400, 415)


async def test_what_is_too_much_is_told_to_come_back(
    client: httpx.AsyncClient, deps: WebhookDeps, database: Database
) -> None:
    full = Writer(database, bound=0)
    deps.writer, held = full, deps.writer

    answer = await send(client, ORDER)

    deps.writer = held
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert int(answer.headers["retry-after"]) > 0


async def test_bodies_headers_and_persons_are_never_logged(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        await send(client, ORDER)
        await send(client, {**ORDER, "type": "ada@example.com"}, name="msg_2")
        await send(client, ORDER, name="msg_3", secret=OTHER)

    assert any(line["event"] == "webhook.quarantined" for line in lines)
    for personal in ("ada@example.com", "Ada", "whsec_", "v1,"):
        assert personal not in json.dumps(lines, default=str)


async def test_fifty_connections_sending_the_same_order_make_one_journey(
    client: httpx.AsyncClient, database: Database
) -> None:
    answers = await asyncio.gather(
        *(send(client, {**ORDER, "id": f"evt-{n}"}, name=f"msg_{n}") for n in range(50))
    )

    assert {a.status_code for a in answers} == {200}
    assert sum(a.json()["events"] for a in answers) == 1
    assert len(rows(database, "SELECT * FROM journeys")) == 1
