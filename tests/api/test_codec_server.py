"""The codec server opens what we sealed, for holders of a key and pages of the UI, and for nobody else."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from temporalio.api.common.v1 import Payload

from api import desk
from api.conftest import Client
from doorstep.api.app import create_app
from doorstep.api.codec import COOKIE, _cookie
from doorstep.codec import Codec, draw_key, key_ring, read_keys
from doorstep.errors import SetupError
from doorstep.models import keys
from doorstep.models.base import Database
from doorstep.server_config import Ports, write_ui_config
from doorstep.settings import Settings

UI = "http://127.0.0.1:8233"
WORDS = b'"jny_1 waits"'
#: what the UI's script sends with every request
ASKED = {"Content-Type": "application/json", "X-Namespace": "default", "Origin": UI}


@pytest.fixture
def app(furnished: Database, gateway: desk.ToldGateway, tmp_path: Path) -> FastAPI:
    """An API with a codec key, to whose codec server one UI may talk."""
    (tmp_path / "codec.keys").write_text(draw_key(desk.NOW.date()) + "\n")
    settings = Settings(data_dir=tmp_path, ui_origins=(UI,))
    return create_app(settings, database=furnished, gateway=gateway, clock=lambda: desk.NOW)


async def sealed(app: FastAPI) -> dict[str, Any]:
    """`Payloads` with one sealed payload and one that is not, as the UI sends them."""
    codec = Codec(key_ring(app.state.services.settings))
    plain = Payload(metadata={"encoding": b"json/plain"}, data=WORDS)
    (made,) = await codec.encode([plain])
    return {"payloads": [as_json(made), as_json(plain)]}


def as_json(payload: Payload) -> dict[str, Any]:
    """Proto3 JSON: every bytes field in base64."""
    metadata = {k: base64.b64encode(v).decode() for k, v in payload.metadata.items()}
    return {"metadata": metadata, "data": base64.b64encode(payload.data).decode()}


def words(answer: httpx.Response) -> list[bytes]:
    return [base64.b64decode(payload["data"]) for payload in answer.json()["payloads"]]


async def test_what_was_sealed_is_opened_for_a_key_of_support(app: FastAPI, client: Client) -> None:
    """As the UI and the command line ask, with the answer that their parsers read; what is not sealed passes."""
    agent = client()
    answer = await agent.post("/codec/decode?preserveStorageRefs=true", json=await sealed(app), headers=ASKED)
    assert answer.status_code == 200
    assert words(answer) == [WORDS, WORDS]
    encoding = answer.json()["payloads"][0]["metadata"]["encoding"]
    assert base64.b64decode(encoding) == b"json/plain"
    assert answer.headers["access-control-allow-origin"] == UI
    assert answer.headers["access-control-allow-credentials"] == "true"
    again = await agent.post("/codec/encode", json=answer.json(), headers=ASKED)
    assert WORDS not in words(again)
    assert words(await agent.post("/codec/decode", json=again.json(), headers=ASKED)) == [WORDS, WORDS]


async def test_nobody_else_is_answered(app: FastAPI, client: Client) -> None:
    """No key, a wrong one, one of a store's scope: and the UI can read why."""
    body = await sealed(app)
    for asking, status in ((client(None), 401), (client(("store",)), 403)):
        answer = await asking.post("/codec/decode", json=body, headers=ASKED)
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == UI
        assert base64.b64encode(WORDS).decode() not in answer.text


async def test_only_the_uis_origin_may_read_and_only_these_addresses(client: Client) -> None:
    """The preflight that a browser sends before; another origin, and another address, get no leave."""
    wants = {
        "Origin": UI,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-namespace",
    }
    bare = client(None)
    allowed = await bare.options("/codec/decode", headers=wants)
    assert allowed.status_code == 204
    told = allowed.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "content-type", "x-namespace"} <= set(told)
    foreign = await bare.options("/codec/decode", headers={**wants, "Origin": "https://evil.example"})
    assert foreign.status_code == 403
    elsewhere = await bare.options("/journeys", headers=wants)
    for refused in (foreign, elsewhere):
        assert not [name for name in refused.headers if name.startswith("access-control")]


async def test_a_browser_is_let_in_by_a_cookie_for_a_key(
    app: FastAPI, client: Client, furnished: Database
) -> None:
    """Strictly same-site, out of scripts' reach, for these addresses; forged, out of date or revoked it opens
    nothing."""
    row, key = keys.create(furnished, name="k", scopes=("support",), now=desk.NOW)
    browser, body = client(None), await sealed(app)
    assert "API key" in (await browser.get("/codec")).text
    refused = await browser.post("/codec/session", data={"key": "dsk_no_no"})
    assert (refused.status_code, COOKIE in browser.cookies) == (401, False)
    taken = await browser.post("/codec/session", data={"key": key})
    assert taken.status_code == 303
    assert {"HttpOnly", "SameSite=strict", "Path=/codec"} <= set(taken.headers["set-cookie"].split("; "))
    assert key not in taken.headers["set-cookie"]
    assert words(await browser.post("/codec/decode", json=body, headers=ASKED)) == [WORDS, WORDS]
    assert (await browser.get("/journeys")).status_code == 401

    good = browser.cookies[COOKIE]
    past = _cookie(app.state.services, row.id, int(time.time()) - 1)
    for wrong in (past, good[:-1] + ("0" if good[-1] != "0" else "1"), "x", f"{row.id}.9999999999."):
        answer = await client(None).post(
            "/codec/decode", json=body, headers={**ASKED, "Cookie": f"{COOKIE}={wrong}"}
        )
        assert answer.status_code == 401, wrong
    keys.revoke(furnished, row.id, now=desk.NOW)
    assert (await browser.post("/codec/decode", json=body, headers=ASKED)).status_code == 401


async def test_what_cannot_be_opened_is_a_400_that_says_why(app: FastAPI, client: Client) -> None:
    """As the protocol wants it: not JSON, no payloads, and a key that is not here, by its id."""
    agent = client()
    for content in (b"{", b"7", b'{"payloads": 3}', b'{"payloads": [{"data": 7}]}'):
        answer = await agent.post("/codec/decode", content=content, headers=ASKED)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_input"), content
    other = Codec(key_ring(Settings(data_dir=Path("/nonexistent"))))
    other.ring._keys = read_keys("elsewhere:" + "A" * 43 + "=")
    (strange,) = await other.encode([Payload(data=b"x")])
    answer = await agent.post("/codec/decode", json={"payloads": [as_json(strange)]}, headers=ASKED)
    assert (answer.status_code, answer.json()["code"]) == (400, "codec_key_missing")
    assert "'elsewhere'" in answer.json()["detail"]


async def test_a_long_history_fits(app: FastAPI, client: Client) -> None:
    """More than other addresses take."""
    body = await sealed(app)
    answer = await client().post("/codec/decode", json={"payloads": body["payloads"] * 400}, headers=ASKED)
    assert answer.status_code == 200
    assert len(answer.json()["payloads"]) == 800


def test_the_ui_is_told_where_payloads_are_opened(tmp_path: Path) -> None:
    """When a key is set: with the cookie, without a token it has not got. Else nothing of it."""
    ports = Ports.pick()
    folder = write_ui_config(tmp_path, ports, namespace="default", codec="http://127.0.0.1:8080/codec")
    told = json.loads((folder / "doorstep.yaml").read_text())
    assert told["codec"] == {
        "endpoint": "http://127.0.0.1:8080/codec",
        "passAccessToken": False,
        "includeCredentials": True,
    }
    write_ui_config(tmp_path, ports, namespace="default")
    assert "codec" not in json.loads((folder / "doorstep.yaml").read_text())


def test_an_api_with_a_key_that_cannot_be_read_does_not_start(tmp_path: Path) -> None:
    """Said at the start, without the key."""
    (tmp_path / "codec.keys").write_text("k1:notakey-secret\n")
    with pytest.raises(SetupError, match="'k1'") as refused:
        create_app(Settings(data_dir=tmp_path))
    assert "notakey" not in str(refused.value)
