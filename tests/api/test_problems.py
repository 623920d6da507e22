"""Every error is problem+json with a code, a way out, and nothing of what was sent or what is inside."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import IntegrityError, OperationalError

from api import desk
from api.conftest import Client
from doorstep.api.problems import MEDIA_TYPE, Problem
from doorstep.errors import DoorstepError
from doorstep.models.base import Database


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == MEDIA_TYPE
    body: dict[str, Any] = answer.json()
    Problem.model_validate(body)
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"/problems/{code}"
    assert body["title"]
    assert body["detail"]
    assert body["mend"]
    assert body["instance"] == f"urn:doorstep:request:{answer.headers['x-request-id']}"
    return body


async def test_no_such_address_offers_the_nearest(agent: httpx.AsyncClient) -> None:
    assert (
        "/journeys/search" in is_problem(await agent.get("/journeys/serch/x"), 404, "no_such_route")["mend"]
    )


async def test_the_wrong_method_names_the_right_ones(agent: httpx.AsyncClient) -> None:
    answer = await agent.delete("/journeys")
    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("said", ["1003", "ada@example.org", "JNY_ONE"])
async def test_what_names_no_journey_is_to_be_looked_up(agent: httpx.AsyncClient, said: str) -> None:
    """The answer was a pattern, and that the documentation shows the shape."""
    for address in (f"/journeys/{said}/plan", f"/journeys/{said}"):
        answer = await agent.get(address)
        body = is_problem(answer, 422, "invalid")
        assert "look it up with POST /journeys/search" in body["mend"]
        assert "pattern" not in answer.text
        assert said not in answer.text.replace(address, "")


async def test_what_does_not_fit_is_named_and_not_repeated(agent: httpx.AsyncClient) -> None:
    answer = await agent.post("/journeys/search", json={"email": desk.EMAIL, "limit": desk.PHONE})
    problem = is_problem(answer, 422, "invalid")
    assert problem["errors"][0]["at"] == "body.limit"
    assert desk.EMAIL not in answer.text
    assert desk.PHONE not in answer.text


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"{'a': 1}", b'{"name": "'])
async def test_a_body_that_is_no_json_says_so(agent: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await agent.post("/journeys/search", content=body, headers=headers)
    assert answer.status_code == 400
    is_problem(answer, 400, answer.json()["code"])


async def test_a_body_that_is_too_large_is_refused(agent: httpx.AsyncClient) -> None:
    is_problem(await agent.post("/journeys/search", json={"name": "x" * 70_000}), 413, "payload_too_large")


async def test_an_email_in_an_address_reaches_no_log(
    client: Client, app: FastAPI, logged: list[dict[str, Any]]
) -> None:
    # Someone will do this one day. (Asked without the client, which would itself note the address.)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as bare:
        answer = await bare.get(f"/journeys/{desk.EMAIL}", params={"email": desk.EMAIL})
        await bare.get(f"/{desk.EMAIL}")
    assert desk.EMAIL not in answer.text
    assert [line["route"] for line in logged if line.get("event") == "api.request"] == [
        "/journeys/{ref}",
        "(none)",
    ]


async def test_a_surprise_shows_an_incident_that_is_in_the_log_and_nothing_else(
    agent: httpx.AsyncClient, app: FastAPI, logged: list[dict[str, Any]]
) -> None:
    async def broken() -> None:
        raise RuntimeError(f"secret path /etc/x and {desk.EMAIL}")

    app.add_api_route("/broken", broken)
    answer = await agent.get("/broken")
    problem = is_problem(answer, 500, "internal")
    assert "secret" not in answer.text
    line = next(line for line in logged if line.get("event") == "api.unexpected")
    assert problem["instance"].endswith(line["request_id"])
    assert line["error"] == "RuntimeError"
    assert any("test_problems.py" in place for place in line["at"])


class Loud(DoorstepError):
    """Of status 500: its words are for operators."""


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (
            OperationalError("SELECT", {"email": desk.EMAIL}, Exception(desk.EMAIL)),
            503,
            "database_unavailable",
        ),
        (IntegrityError("INSERT", {"email": desk.EMAIL}, Exception(desk.EMAIL)), 500, "internal"),
        (Loud("The file /etc/secret is wrong."), 500, "internal"),
    ],
)
async def test_what_a_database_or_a_setting_says_stays_inside(
    agent: httpx.AsyncClient, app: FastAPI, error: Exception, status: int, code: str
) -> None:
    async def broken() -> None:
        raise error

    app.add_api_route("/broken", broken)
    answer = await agent.get("/broken")
    is_problem(answer, status, code)
    assert desk.EMAIL not in answer.text
    assert "/etc" not in answer.text


async def test_reads_answer_503_when_the_database_is_gone(
    agent: httpx.AsyncClient, furnished: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise OperationalError("BEGIN", {}, Exception("gone"))

    monkeypatch.setattr(furnished, "read", gone)
    answer = await agent.get(f"/journeys/{desk.JOURNEY}")
    is_problem(answer, 503, "database_unavailable")
    assert answer.headers["retry-after"] == "5"


async def test_the_type_of_a_problem_leads_to_what_it_means(agent: httpx.AsyncClient) -> None:
    problem = is_problem(await agent.get("/journeys/jny_nobodys"), 404, "not_found")
    explained = await agent.get(problem["type"])
    assert explained.status_code == 200
    assert explained.json()["mend"]
    assert "not_found" in is_problem(await agent.get("/problems/not_fund"), 404, "not_found")["detail"]


async def test_every_answer_has_an_id_and_one_log_line(
    agent: httpx.AsyncClient, logged: list[dict[str, Any]]
) -> None:
    answer = await agent.get(f"/journeys/{desk.JOURNEY}")
    lines = [line for line in logged if line.get("event") == "api.request"]
    assert len(lines) == 1
    assert lines[0]["request_id"] == answer.headers["x-request-id"]
    assert (lines[0]["route"], lines[0]["ref"], lines[0]["status"]) == ("/journeys/{ref}", desk.JOURNEY, 200)
