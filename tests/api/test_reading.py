"""GET /journeys/{ref}: everything an agent needs, from the tables alone."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api import desk
from api.conftest import Client
from doorstep.api import journeys
from doorstep.contracts import JourneyView
from doorstep.domain.customers import UNDATED
from doorstep.domain.outcomes import Outcome, OutcomeKind
from doorstep.models.base import Database
from doorstep.models.journeys import JourneyRow
from doorstep.models.people import ConsentRow
from doorstep.workflows import registry


async def test_an_order_and_its_journey_answer_the_same(agent: httpx.AsyncClient) -> None:
    by_journey = await agent.get(f"/journeys/{desk.JOURNEY}")
    by_order = await agent.get(f"/journeys/{desk.ORDER}")
    assert by_journey.status_code == 200
    assert by_journey.json() == by_order.json()


async def test_lines_say_what_is_kept_refunded_and_returned(agent: httpx.AsyncClient) -> None:
    order = (await agent.get(f"/journeys/{desk.JOURNEY}")).json()["order"]
    shoe, sock = order["lines"]
    assert (shoe["title"], shoe["quantity"], shoe["kept"], shoe["refunded"]) == ("Trail shoe", 2, 2, 0)
    assert (sock["title"], sock["quantity"], sock["kept"], sock["refunded"]) == ("Wool sock", 3, 2, 1)
    assert order["kept_minor"] == 2 * 5000 + 2 * 900


async def test_every_step_has_its_outcome_its_reason_and_its_rules(agent: httpx.AsyncClient) -> None:
    steps = {s["step"]: s for s in (await agent.get(f"/journeys/{desk.JOURNEY}")).json()["steps"]}
    assert steps["order-confirmation"]["outcome"] == "sent"
    assert "delivered" in steps["order-confirmation"]["sentence"]
    assert steps["cross-sell"]["outcome"] == "skipped"
    assert "not agreed to marketing" in steps["cross-sell"]["sentence"]
    assert steps["cross-sell"]["next"] is None
    waiting = steps["review-request"]
    assert waiting["outcome"] == "deferred"
    assert [(r["rule"], r["verdict"]) for r in waiting["decisions"][0]["rules"]] == [
        ("consent", "pass"),
        ("frequency", "defer"),
    ]
    assert waiting["decisions"][0]["rules"][1]["facts"] == {"sent": 1, "limit": 1}


async def test_times_are_told_by_the_persons_own_clock_too(agent: httpx.AsyncClient) -> None:
    found = (await agent.get(f"/journeys/{desk.JOURNEY}")).json()
    upcoming = found["waits"][0]
    assert upcoming["name"] == "care-guide"  # soonest first
    assert upcoming["until"]["utc"] == "2026-03-12T12:00:00Z"
    assert upcoming["until"]["local"] == "2026-03-12T08:00:00-04:00"  # New York, already on summer time
    assert "Thu 12 Mar 2026, 08:00" in upcoming["sentence"]


async def test_where_is_my_order_is_answered_ready_to_read_out(agent: httpx.AsyncClient) -> None:
    answer = (await agent.get(f"/journeys/{desk.JOURNEY}")).json()["wismo"]
    assert answer.startswith("Order #1042, placed on Sun 1 Mar 2026, travels in one parcel.")
    assert "DHL, 0034" in answer
    assert "expected on Wed 11 Mar 2026" in answer
    assert "should have reported by" in answer  # the carrier has been silent for three hours too long
    assert "Not part of it any more: 1 × Wool sock." in answer
    assert desk.FIRST not in answer


async def test_what_is_held_stuck_or_in_quarantine_is_shown(agent: httpx.AsyncClient) -> None:
    troubles = (await agent.get(f"/journeys/{desk.JOURNEY}")).json()["troubles"]
    assert {(t["kind"], t["id"]) for t in troubles} == {
        ("held", "evt_held"),
        ("undelivered", "evt_stuck"),
        ("quarantined", "whk_1"),
    }


async def test_addresses_are_masked(agent: httpx.AsyncClient) -> None:
    answer = await agent.get(f"/journeys/{desk.JOURNEY}")
    assert answer.json()["person"]["email"] == "z•••@mail.example"
    assert desk.EMAIL not in answer.text
    assert desk.PHONE not in answer.text


async def test_tickets_points_and_consents_are_there(agent: httpx.AsyncClient) -> None:
    found = (await agent.get(f"/journeys/{desk.JOURNEY}")).json()
    assert found["tickets"][0]["reason"] == "never-arrived"
    assert found["points"][0]["points"] == 127
    assert found["person"]["consents"][0]["granted"] is True


async def test_a_consent_that_nobody_dated_has_no_instant(
    agent: httpx.AsyncClient, furnished: Database
) -> None:
    """In the table it stands before every other word; told is when it was heard. Of others both."""
    held = {"store_id": desk.MINE, "person_id": desk.PERSON, "purpose": "marketing", "source": "shopify"}
    heard, said = desk.PLACED + timedelta(days=2), desk.PLACED + timedelta(days=1)
    with furnished.write() as session:
        session.add(ConsentRow(**held, channel="sms", granted=True, at=UNDATED, heard_at=heard))
        session.add(ConsentRow(**held, channel="email", granted=False, at=said, heard_at=heard))
    email, sms = (await agent.get(f"/journeys/{desk.JOURNEY}")).json()["person"]["consents"]
    assert sms["at"] is None
    assert datetime.fromisoformat(sms["heard"]["utc"]) == heard
    assert [datetime.fromisoformat(email[name]["utc"]) for name in ("at", "heard")] == [said, heard]


async def test_an_exchange_is_shown_with_the_order_whose_journey_it_joined(
    agent: httpx.AsyncClient, furnished: Database
) -> None:
    ref = "ord_exchange234567abcdefghij"
    with furnished.write() as session:
        session.add(
            desk.order(
                ref, desk.MINE, "5002", "#1043", desk.PERSON, parent_ref=desk.ORDER, journey_id=desk.JOURNEY
            )
        )
    found = (await agent.get(f"/journeys/{ref}")).json()
    assert found["id"] == desk.JOURNEY
    assert [other["number"] for other in found["other_orders"]] == ["#1043"]
    assert "The exchange, order #1043" in found["wismo"]


async def test_another_stores_journey_does_not_exist_for_a_stores_key(client: Client) -> None:
    mine = client(store=desk.MINE)
    assert (await mine.get(f"/journeys/{desk.JOURNEY}")).status_code == 200
    theirs = await mine.get(f"/journeys/{desk.OTHER_JOURNEY}")
    nobodys = await mine.get("/journeys/jny_nobodys")
    assert theirs.status_code == nobodys.status_code == 404
    same = ("type", "title", "status", "code", "detail", "mend")
    assert [theirs.json()[k] for k in same] == [nobodys.json()[k] for k in same]


def the_view(**changes: Any) -> JourneyView:
    """As a workflow answers: what has ended. Of the review request, which the ledger has deferred, it says nothing."""
    steps = {
        f"{desk.JOURNEY}:order-confirmation": Outcome(kind=OutcomeKind.SENT),
        f"{desk.JOURNEY}:cross-sell": Outcome(kind=OutcomeKind.SKIPPED),
    }
    view = JourneyView(
        journey_id=desk.JOURNEY, phase="in transit", paused=False, waits=desk.WAITS, steps=steps
    )
    return replace(view, **changes)


async def test_live_and_tables_agree_when_they_do(
    agent: httpx.AsyncClient, gateway: desk.ToldGateway
) -> None:
    gateway.view = the_view()
    found = (await agent.get(f"/journeys/{desk.JOURNEY}", params={"live": "1"})).json()
    assert found["live"]["phase"] == "in transit"
    assert found["differences"] == []


async def test_live_marks_what_differs(agent: httpx.AsyncClient, gateway: desk.ToldGateway) -> None:
    moved = replace(desk.WAITS[1], until=desk.NOW + timedelta(days=3))
    gateway.view = the_view(phase="delivered", paused=True, waits=(moved,))
    found = (await agent.get(f"/journeys/{desk.JOURNEY}", params={"live": "1"})).json()
    assert {d["field"] for d in found["differences"]} == {
        "phase",
        "paused",
        "waits.touch:care-guide",
        "waits.event:order.delivered",
    }
    phase = next(d for d in found["differences"] if d["field"] == "phase")
    assert (phase["live"], phase["table"]) == ("delivered", "in transit")


async def test_live_without_a_worker_is_503_in_time(
    agent: httpx.AsyncClient, gateway: desk.ToldGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the five seconds that callers are promised, of which this is a part."""
    assert journeys.LIVE_SECONDS < 4.5
    monkeypatch.setattr(journeys, "LIVE_SECONDS", 0.2)
    gateway.hangs = True
    began = time.monotonic()
    answer = await agent.get(f"/journeys/{desk.JOURNEY}", params={"live": "1"})
    assert time.monotonic() - began < 15
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "Retry-After" in answer.headers
    assert (await agent.get(f"/journeys/{desk.JOURNEY}")).status_code == 200


async def test_a_closed_journey_says_how_it_ended(agent: httpx.AsyncClient, furnished: Database) -> None:
    with furnished.write() as session:
        row = session.get(JourneyRow, desk.JOURNEY)
        assert row is not None
        row.status, row.outcome, row.exit_cause, row.waits = "closed", "exited", "order_cancelled", []
        session.add(row)
    headline = (await agent.get(f"/journeys/{desk.JOURNEY}")).json()["headline"]
    assert headline == "The journey is over: exited, because of order cancelled."


async def test_twenty_reads_at_once_are_all_answered(agent: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(agent.get(f"/journeys/{desk.JOURNEY}") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize(("days", "side"), [(1, "lies in the future"), (-30, "before this journey began")])
async def test_a_plan_as_of_no_instant_of_its_past_is_told_which_would_do(
    agent: httpx.AsyncClient, days: int, side: str
) -> None:
    as_of = (desk.NOW + timedelta(days=days)).isoformat()
    answer = await agent.get(f"/journeys/{desk.JOURNEY}/plan", params={"as_of": as_of})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")
    assert side in answer.json()["detail"]
    assert "by the customer's clock" in answer.json()["detail"]
    assert "from 2026-03-01T07:00:00-05:00 to 2026-03-10T08:00:00-04:00" in answer.json()["mend"]


async def test_explain_knows_the_steps_of_a_journey_of_the_shops_own(
    agent: httpx.AsyncClient,
    app: FastAPI,
    furnished: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also in a process that has made no plan yet, and so has met no store package."""
    (tmp_path / "toyshop_v1.py").write_text(
        "from doorstep import Journey, journey\n\n\n"
        "@journey('toy', version=1)\nclass Toy(Journey):\n"
        "    async def run(self):\n        await self.send('how-to-play')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "toyshop_v1", raising=False)
    registry.load(())  # else ours would be registered in what is taken back after the test, once for good
    monkeypatch.setattr(registry, "_JOURNEYS", dict(registry.journeys()))
    settings = replace(app.state.services.settings, store_packages=("toyshop_v1",))
    monkeypatch.setattr(app.state.services, "settings", settings)
    with furnished.write() as session:
        row = session.get(JourneyRow, desk.JOURNEY)
        assert row is not None
        row.type = "toy.v1"
        session.add(row)
    answer = await agent.get(f"/journeys/{desk.JOURNEY}/explain", params={"step": "how-to-paly"})
    assert (answer.status_code, answer.json()["code"]) == (404, "step_not_found")
    assert "Did you mean 'how-to-play'?" in answer.json()["detail"]
