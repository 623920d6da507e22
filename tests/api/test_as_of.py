"""The past over the API: what a journey knew, planned and had decided at an instant; and where it is not told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from temporalio.client import WorkflowHistory
from tests.planning.known import furnish
from tests.verifying.repository import HISTORIES

from api import desk
from doorstep.models.base import Database
from doorstep.rehearsal.premises import start_of
from doorstep.rehearsal.rebuild import from_file
from doorstep.workflows import registry

TOLD = from_file(HISTORIES / "a-part-goes-back.json")
START = start_of(TOLD)
JOURNEY, BEGUN = START.journey_id, START.placed.occurred_at
THEN = BEGUN + timedelta(days=8, hours=12)


@pytest.fixture
def kept(app: FastAPI, furnished: Database, gateway: desk.ToldGateway) -> None:
    """A journey of which everything is known by now, its history too."""
    registry.load(())
    gateway.kept = WorkflowHistory(JOURNEY, TOLD.events)
    furnish(furnished, gateway.kept)
    now = max(e.event_time.ToDatetime(UTC) for e in TOLD.events) + timedelta(days=1)
    app.state.services.clock = lambda: now


async def asked(
    agent: httpx.AsyncClient, what: str, at: datetime | None = None, **more: str
) -> dict[str, Any]:
    params = more | ({} if at is None else {"as_of": at.isoformat()})
    answer = await agent.get(f"/journeys/{JOURNEY}/{what}", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.usefixtures("kept")
async def test_a_plan_as_of_then_tells_what_was_known_then(agent: httpx.AsyncClient, app: FastAPI) -> None:
    """As documented, and only where the past is asked for."""
    told = await asked(agent, "plan", THEN)
    knew = told["knew"]
    assert knew["phase"] == "delivered"
    assert [p["status"] for p in knew["parcels"]] == ["delivered"]
    assert [s["status"] for s in knew["parcels"][0]["heard"]] == [
        "in_transit",
        "out_for_delivery",
        "delivered",
    ]
    assert (len(knew["returns"]), knew["refunds"]) == (1, [])
    assert {t["outcome"] for t in knew["touches"]} >= {"sent"}
    assert all(datetime.fromisoformat(t["at"]["utc"]) <= THEN for t in knew["touches"])
    document = app.openapi()
    schema = document["paths"]["/journeys/{ref}/plan"]["get"]["responses"]["200"]["content"][
        "application/json"
    ]
    Draft202012Validator({**schema["schema"], "components": document["components"]}).validate(told)
    assert (await asked(agent, "plan"))["knew"] is None


@pytest.mark.parametrize(
    ("method", "path", "params", "word"),
    [
        ("GET", "", {"as_of": "2026-12-01T00:00:00Z"}, "`/journeys/{ref}/plan?as_of=`"),
        ("GET", "/explain", {"stp": "care-guide"}, "Did you mean 'step'?"),
        ("GET", "/plan", {"asof": "2026-12-01T00:00:00Z"}, "Did you mean 'as_of'?"),
        ("GET", "/plan", {"assume": "nothing", "live": "1"}, "`live` is asked of"),
        ("POST", "/actions/pause", {"dry_run": "1"}, "It has none."),
    ],
)
async def test_a_parameter_that_a_route_does_not_have_is_refused(
    agent: httpx.AsyncClient, furnished: Database, method: str, path: str, params: dict[str, str], word: str
) -> None:
    """It was ignored: `as_of` was answered with now. Fields that a body does not have are refused in the same way."""
    address = f"/journeys/{desk.JOURNEY}{path}"
    answer = await agent.request(method, address, params=params, json={"reason": "A reason"})
    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, "invalid")
    assert word in told["detail"] + told["mend"]
    assert told["errors"][0]["at"].startswith("query.")


async def test_who_has_no_key_learns_no_parameters(client: Any) -> None:
    answer = await client(None).get(f"/journeys/{desk.JOURNEY}", params={"as_of": "now"})
    assert answer.status_code == 401
    assert "as_of" not in answer.text


async def test_a_parameters_name_is_repeated_only_where_it_is_one(agent: httpx.AsyncClient) -> None:
    answer = await agent.get("/journeys", params={"somebody@mail.example": "1"})
    assert answer.status_code == 422
    assert "somebody" not in answer.json()["detail"] + answer.json()["mend"]


@pytest.mark.usefixtures("kept")
async def test_explain_as_of_then_tells_what_had_been_decided_by_then(
    agent: httpx.AsyncClient, gateway: desk.ToldGateway
) -> None:
    """And what was coming; with Temporal away what the tables tell of then, and that the rest cannot be told."""
    told = await asked(agent, "explain", THEN)
    assert datetime.fromisoformat(told["as_of"]["utc"]) == THEN
    steps = {s["step"] for s in told["steps"]}
    assert "return-requested" in steps
    assert not steps & {"return-received", "partial-refund"}
    assert "check-in" in {t["step"] for t in told["ahead"]}
    assert (await asked(agent, "explain"))["as_of"] is None
    gateway.kept = None
    away = await asked(agent, "explain", THEN)
    assert [s["key"] for s in away["steps"]] == [s["key"] for s in told["steps"]]
    assert (away["ahead"], away["waits"]) == ([], [])
    assert "cannot be told" in away["note"]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("days", [-1, 500])
async def test_explain_as_of_no_instant_of_its_past_is_refused(agent: httpx.AsyncClient, days: int) -> None:
    params = {"as_of": (BEGUN + timedelta(days=days)).isoformat()}
    answer = await agent.get(f"/journeys/{JOURNEY}/explain", params=params)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("what", ["plan", "explain"])
async def test_an_instant_without_a_zone_is_taken_in_utc_as_on_the_command_line(
    agent: httpx.AsyncClient, what: str
) -> None:
    naive = THEN.replace(tzinfo=None).isoformat()
    answer = await agent.get(f"/journeys/{JOURNEY}/{what}", params={"as_of": naive})
    assert answer.status_code == 200, answer.text
    assert answer.json() | {"elapsed_ms": 0} == await asked(agent, what, THEN) | {"elapsed_ms": 0}
    assert THEN.isoformat() in answer.text.replace("Z", "+00:00")


@pytest.mark.parametrize("what", ["plan", "explain"])
@pytest.mark.parametrize("as_of", ["", "foo", "2026-03-31T10:00 02:00"])
async def test_what_is_no_instant_is_told_the_form_of_one(
    agent: httpx.AsyncClient, furnished: Database, what: str, as_of: str
) -> None:
    """A bare + in an address is a blank."""
    answer = await agent.get(f"/journeys/{desk.JOURNEY}/{what}", params={"as_of": as_of})
    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, "invalid")
    assert "Give a moment such as 2026-03-31T10:00:00Z (UTC) or" in told["mend"]
    assert "%2B" in told["errors"][0]["problem"]


async def test_a_parameter_that_is_given_twice_is_refused(
    agent: httpx.AsyncClient, furnished: Database
) -> None:
    """The last was taken in silence."""
    address = f"/journeys/{desk.JOURNEY}/plan"
    answer = await agent.get(f"{address}?as_of=2026-12-01T00:00:00Z&as_of=2026-12-02T00:00:00Z")
    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, "invalid")
    assert told["detail"] == "Given more than once: `as_of`; nothing was done."
    assert told["errors"] == [{"at": "query.as_of", "problem": "Give it once."}]


@pytest.mark.parametrize(
    ("method", "path", "word"),
    [
        ("GET", "/plan?assume=arives", "Did you mean 'arrives'? There are: nothing, arrives."),
        ("POST", "/actions/paus", "Did you mean 'pause'? There are: pause,"),
        ("GET", "/pln", "Did you mean '/journeys/{ref}/plan'?"),
        ("GET", "/explian", "Did you mean '/journeys/{ref}/explain'?"),
        ("POST", "/action/resume", "Did you mean '/journeys/{ref}/actions/resume'?"),
    ],
)
async def test_a_misspelt_verb_or_assumption_is_offered_the_nearest(
    agent: httpx.AsyncClient, furnished: Database, method: str, path: str, word: str
) -> None:
    answer = await agent.request(method, f"/journeys/{desk.JOURNEY}{path}", json={"reason": "A reason"})
    assert answer.status_code in (404, 422)
    assert word in answer.json()["mend"], answer.text
