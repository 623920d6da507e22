"""The documentation: complete, true, and nothing that follows it can break the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from api import desk
from doorstep.api.codes import CODES
from doorstep.api.schemas import examples

#: others document theirs; these are ours
OURS = ("journeys", "actions", "people", "health")


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if operation.get("tags", [""])[0] in OURS:
                yield method, path, operation


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"request {media}", content
    for status, response in operation["responses"].items():
        for media, content in response.get("content", {}).items():
            yield f"{status} {media}", content


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    checked = 0
    for method, path, operation in operations(document):
        for where, content in contents(operation):
            schema = {**content["schema"], "components": document["components"]}
            named = {n: e["value"] for n, e in content.get("examples", {}).items()}
            if "example" in content:
                named["example"] = content["example"]
            for name, value in named.items():
                errors = list(Draft202012Validator(schema).iter_errors(value))
                assert not errors, f"{method} {path} {where} {name}: {errors[0].message}"
                checked += 1
    assert checked > 60


def test_every_operation_is_documented_whole(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation.get("summary"), where
        assert operation.get("description"), where
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), f"{where} {parameter['name']}"
        for place, content in contents(operation):
            if "html" not in place:
                assert content.get("examples") or content.get("example"), f"{where} {place} has no example"
                assert content["schema"], f"{where} {place} has no schema"
        if operation["tags"][0] in ("journeys", "actions"):
            assert operation["security"] == [{"key": []}], where
            assert {"401", "403", "500", "503"} <= set(operation["responses"]), where


def test_every_code_has_words_and_a_documented_status() -> None:
    for code, known in CODES.items():
        assert known.title, code
        assert known.meaning.endswith("."), code
        assert known.mend.endswith("."), code
        assert 400 <= known.status < 600, code


async def test_the_pages_need_nothing_from_elsewhere(agent: httpx.AsyncClient) -> None:
    for path in ("/", "/docs"):
        answer = await agent.get(path)
        assert answer.status_code == 200
        assert "https://" not in answer.text
    assert (await agent.get("/openapi.json")).json()["info"]["title"] == "Doorstep"


async def test_what_is_answered_is_what_is_documented(
    agent: httpx.AsyncClient, document: dict[str, Any]
) -> None:
    asked = {
        "/journeys": await agent.get("/journeys"),
        "/journeys/{ref}": await agent.get(f"/journeys/{desk.JOURNEY}"),
        "/journeys/search": await agent.post("/journeys/search", json={"name": "zeb"}),
        "/healthz": await agent.get("/healthz"),
        "/readyz": await agent.get("/readyz"),
    }
    for path, answer in asked.items():
        assert answer.status_code == 200
        operation = next(iter(document["paths"][path].values()))
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
FIELDS = st.sampled_from(
    ["order_number", "email", "phone", "name", "store", "limit", "reason", "step", "occurrence", "catch_up"]
)
BODIES = JSON | st.dictionaries(FIELDS, TEXT | st.integers() | JSON, max_size=5)
PARAMETERS = st.dictionaries(
    st.sampled_from(
        [
            "store",
            "status",
            "phase",
            "type",
            "paused",
            "due_before",
            "started_after",
            "person",
            "limit",
            "cursor",
            "live",
            "as_of",
            "assume",
            "step",
        ]
    ),
    TEXT | st.datetimes().map(lambda d: d.isoformat() + "Z") | st.integers().map(str),
    max_size=4,
)
PATHS = st.sampled_from(
    [
        ("GET", "/journeys"),
        ("GET", "/journeys/{}"),
        ("GET", f"/journeys/{desk.JOURNEY}"),
        ("GET", f"/journeys/{desk.JOURNEY}/plan"),
        ("GET", f"/journeys/{desk.JOURNEY}/explain"),
        ("POST", "/journeys/search"),
        ("POST", f"/journeys/{desk.JOURNEY}/actions/{{}}"),
        ("POST", f"/journeys/{desk.JOURNEY}/actions/skip"),
        ("GET", f"/journeys/{desk.JOURNEY}/actions/{{}}"),
        ("GET", "/u/{}"),
        ("POST", "/u/{}"),
        ("GET", "/problems/{}"),
        ("GET", "/outbox/{}"),
        ("GET", "/outbox.json"),
    ]
)


async def test_nothing_that_can_be_sent_breaks_it(agent: httpx.AsyncClient) -> None:
    import asyncio

    @settings(
        max_examples=250,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    @given(where=PATHS, part=TEXT, params=PARAMETERS, body=BODIES)
    def sent(where: tuple[str, str], part: str, params: dict[str, str], body: Any) -> None:
        method, path = where
        address = path.replace("{}", httpx.QueryParams({"x": part}).__str__()[2:] or "x")
        content = json.dumps(body).encode() if method == "POST" else None
        headers = {"Content-Type": "application/json"}
        request = agent.request(method, address, params=params, content=content, headers=headers)
        answer = asyncio.run_coroutine_threadsafe(request, loop).result(20)
        # 503 is right here and there: no worker runs
        assert answer.status_code != 500, f"{method} {address} {params} {body}: {answer.text}"
        if answer.status_code >= 400:
            assert answer.json()["code"] in CODES or answer.json()["code"].startswith("http_")

    loop = asyncio.get_running_loop()
    await asyncio.to_thread(sent)


def test_examples_hold_nobody_real() -> None:
    told = json.dumps(
        [examples.raw(e["value"]) for named in (examples.DETAIL, examples.FOUND) for e in named.values()]
    )
    assert "example" in told
    assert "@gmail" not in told
