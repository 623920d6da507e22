"""What an agent may do to a living journey, over the API: done, refused, or truly not done."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from house import House
from shopkeeper import CLARA, IDA, JONAS, Customer, Order
from timekeeping import at

from conftest import Houses

pytestmark = pytest.mark.system

ROOMY = {"caps": [{"limit": 9, "hours": 1}]}


async def ordered(house: House, number: int, customer: Customer = IDA) -> str:
    """A new order's journey."""
    order = Order(id=number, customer=customer, placed=house.now())
    await house.tell(order.placed_event())
    await house.pass_time(seconds=3)
    return order.journey


async def test_each_way_to_catch_up_after_a_pause(houses: Houses) -> None:
    """Nothing goes while paused. Resumed with `skip` what fell due is let go, with `send_still_useful` it goes at
    most one an hour, with `shift` the rest moves by the pause."""
    house = await houses(policy=ROOMY)
    ways = {"skip": IDA, "send_still_useful": JONAS, "shift": CLARA}
    journeys = {way: await ordered(house, 45001 + n, ways[way]) for n, way in enumerate(ways)}
    began = house.now()
    before = {way: {w["name"]: at(w["until"]) for w in (await house.journey(j))["waits"] if w["until"]}
              for way, j in journeys.items()}  # fmt: skip
    for journey in journeys.values():
        assert (await house.act(journey, "pause")).status_code == 200
        assert (await house.act(journey, "pause")).status_code == 409
    await house.until(began + timedelta(days=2, hours=3))
    assert await house.sent() == ["order-confirmation"] * 3
    for way, journey in journeys.items():
        answer = await house.act(journey, "resume", catch_up=way)
        assert answer.status_code == 200, answer.text
        assert (await house.act(journey, "resume")).status_code == 409
    paused_for = house.now() - began
    resumed = house.now()
    await house.pass_time(hours=2)

    skipped = await house.steps(journeys["skip"])
    assert {n: s["reason"] for n, s in skipped.items() if s["outcome"] == "skipped"} == {
        "reassurance": "stale", "education": "stale",
    }  # fmt: skip
    useful = await house.outbox(journeys["send_still_useful"])
    assert [m["template"] for m in useful] == ["order-confirmation", "reassurance", "education"]
    first, second = (datetime.fromisoformat(m["sent_at"]) for m in useful[1:])
    assert first - resumed < timedelta(minutes=1)
    assert second - first >= timedelta(hours=1)
    waits = {
        w["name"]: at(w["until"]) for w in (await house.journey(journeys["shift"]))["waits"] if w["until"]
    }
    moved = waits["reassurance"] - before["shift"]["reassurance"]
    assert abs(moved - paused_for) < timedelta(minutes=2)
    seen = await house.journey(journeys["skip"])
    assert [(a["kind"], a["status"]) for a in sorted(seen["actions"], key=lambda a: a["created_at"])] == [
        ("pause", "applied"), ("pause", "refused"), ("resume", "applied"), ("resume", "refused"),
    ]  # fmt: skip


async def test_skip_send_now_and_cancel(house: House) -> None:
    """A waiting touch goes at once, a future one never comes, and what cannot be done is refused with what could;
    cancelled, the journey ends; over, nothing can be steered. Each is on record with who and why."""
    journey = await ordered(house, 45011)
    refused = await house.act(journey, "send-now", step="check-in")
    assert (refused.status_code, refused.json()["code"]) == (409, "action_refused")
    assert "reassurance" in refused.json()["waiting"]

    assert (await house.act(journey, "send-now", step="reassurance")).status_code == 200
    assert await house.sent() == ["order-confirmation", "reassurance"]
    assert (await house.act(journey, "skip", step="reassurance")).status_code == 409
    assert (await house.act(journey, "skip", step="community")).status_code == 200
    assert (await house.act(journey, "skip", step="education")).status_code == 200
    await house.pass_time(days=5)
    assert await house.sent() == ["order-confirmation", "reassurance"]
    steps = await house.steps(journey)
    assert {n: steps[n]["outcome"] for n in ("education", "community")} == {
        "education": "cancelled", "community": "cancelled",
    }  # fmt: skip

    assert (await house.act(journey, "cancel")).status_code == 200
    seen = await house.journey(journey)
    assert (seen["status"], seen["exit_cause"], seen["waits"]) == ("closed", "cancelled_by_agent", [])
    over = await house.act(journey, "pause")
    assert (over.status_code, over.json()["code"]) == (409, "journey_closed")
    assert all(a["actor"].startswith("key:") and a["reason"] == "a test says so" for a in seen["actions"])
    assert audited(house, journey) == {"send_now", "skip", "cancel"}


def audited(house: House, journey: str) -> set[str]:
    """The kinds of actions of that journey in the audit log."""
    with house.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT action, subject, detail FROM audit").all()
    kinds = ("pause", "resume", "skip", "send_now", "cancel")
    return {k for row in rows if journey in str(row) for k in kinds if k in f"{row[0]} {row[2]}"}


async def test_without_a_worker_reads_answer_and_an_action_truly_changes_nothing(house: House) -> None:
    """An action and a live query say 503 in time; tables answer; and when a worker comes back the
    action that reached it late is found withdrawn, the journey unpaused and going on."""
    journey = await ordered(house, 45021)
    await house.stop_worker()

    async def in_time(method: str, path: str, **more: Any) -> Any:
        began = time.monotonic()
        answer = await house.http.request(method, path, **more)
        assert answer.status_code == 503, answer.text
        assert (
            time.monotonic() - began < 20
        )  # five, of which tests/api/test_actions.py says: that is what is set
        return answer.json()

    told, asked = await asyncio.gather(
        in_time("POST", f"/journeys/{journey}/actions/pause", json={"reason": "a test"}),
        in_time("GET", f"/journeys/{journey}", params={"live": 1}),
    )
    assert "nothing was changed" in told["detail"] + asked["detail"]
    seen = await house.journey(journey)
    assert (seen["status"], seen["paused"]) == ("open", False)
    assert len((await house.get("/journeys"))["journeys"]) == 1
    assert (await house.http.post("/journeys/search", json={"email": IDA.email})).json()["found"]

    await house.start_worker()
    await house.settled()
    await house.pass_time(days=1, hours=3)
    live = await house.journey(journey, live=1)
    assert (live["live"]["paused"], live["paused"], live["differences"]) == (False, False, [])
    assert [(a["id"], a["status"]) for a in live["actions"]] == [(told["action_id"], "withdrawn")]
    assert await house.sent() == ["order-confirmation", "reassurance"]
