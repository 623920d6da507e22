"""The plan, over the API, against what then really happens: one house on the real server, seen from outside."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
from house import House
from shopkeeper import IDA, Order, catalogue, morning_zone
from timekeeping import at

from conftest import Houses
from doorstep.models.reading.clock import Clock
from doorstep.rehearsal import plan as planning

pytestmark = pytest.mark.system

ROOMY = {"caps": [{"limit": 1, "hours": 20}, {"limit": 8, "hours": 168}]}
TIGHT = {"caps": [{"limit": 1, "hours": 20}, {"limit": 3, "hours": 168}]}


async def planned(house: House, journey: str, **query: Any) -> dict[str, Any]:
    return dict(await house.get(f"/journeys/{journey}/plan", **query))


async def ordered(house: House, number: int) -> Order:
    order = Order(id=number, customer=IDA, placed=house.now())
    await house.tell(catalogue(), order.placed_event())
    await house.pass_time(seconds=3)
    return order


def coming(plan: dict[str, Any]) -> list[tuple[str, datetime]]:
    return [(t["key"].partition(":")[2], at(t["when"])) for t in plan["touches"] if t["outcome"] == "sent"]


async def happened(house: House, journey: str, after: datetime) -> list[tuple[str, datetime]]:
    steps = (await house.journey(journey))["steps"]
    sent = [(s["key"].partition(":")[2], at(s["sent"])) for s in steps if s["outcome"] == "sent"]
    return sorted((s for s in sent if s[1] > after), key=lambda s: s[1])


def alike(planned: list[tuple[str, datetime]], real: list[tuple[str, datetime]]) -> None:
    assert [name for name, _ in planned] == [name for name, _ in real]
    assert all(abs(p[1] - r[1]) < timedelta(minutes=2) for p, r in zip(planned, real, strict=True))


@pytest.mark.parametrize("policy", [ROOMY, TIGHT], ids=["roomy", "tight"])
async def test_the_plan_is_what_then_happens(houses: Houses, policy: dict[str, Any]) -> None:
    """From the day after delivery to the close, with no worker running while it is made: each message of the plan
    comes when it said, by the channel it said, none else does, and the journey ends when and as it said."""
    house = await houses(policy=policy)
    order = await ordered(house, 46001)
    for day, what in ((1, "in_transit"), (4, "delivered")):
        await house.until(order.placed + timedelta(days=day))
        await house.tell(order.scan(what, house.now()))
        await house.pass_time(seconds=3)
    await house.pass_time(hours=1)
    made_at = house.now()
    await house.stop_worker()
    plan = await planned(house, order.journey)
    await house.start_worker()
    assert plan["rebuilt"], plan["note"]
    assert len(coming(plan)) >= 6
    for touch in plan["touches"]:
        assert bool(touch["stops"]) == (touch["outcome"] == "sent")
        assert touch["outcome"] != "sent" or touch["channel"] == "email"
    review = next(t for t in plan["touches"] if t["step"] == "review-request")
    assert "The customer leaves a review." in review["stops"]
    assert any("withdrawn" in said for said in review["stops"])

    await house.until(order.placed + timedelta(days=91))
    alike(coming(plan), await happened(house, order.journey, made_at))
    closed = await house.journey(order.journey)
    assert closed["status"] == "closed"
    assert closed["outcome"] == plan["outcome"]
    assert abs(at(closed["closed"]) - at(plan["ends"])) < timedelta(minutes=2)

    again = await planned(house, order.journey, as_of=made_at.isoformat())
    assert coming(again) == coming(plan)  # what is known now changes nothing about then
    assert (await planned(house, order.journey))["touches"] == []


async def test_a_parcel_that_arrives_when_its_carrier_says(house: House) -> None:
    """Under `nothing` the parcel never comes; under `arrives` the plan goes on from the carrier's estimate, and names
    it."""
    order = await ordered(house, 46002)
    await house.until(order.placed + timedelta(days=1))
    expected = (order.placed + timedelta(days=3)).replace(microsecond=0)
    await house.tell(order.scan("in_transit", house.now(), expected_at=expected.isoformat()))
    await house.pass_time(seconds=3)
    never = await planned(house, order.journey)
    assert "never-arrived" in [t["step"] for t in never["touches"]]
    assert never["outcome"] == "never_arrived"
    comes = await planned(house, order.journey, assume="arrives")
    steps = [t["step"] for t in comes["touches"]]
    assert "never-arrived" not in steps
    assert "review-request" in steps
    local = Clock(morning_zone(order.placed)).words(expected)
    assert any(f"arrives on {local}, as its carrier says" in said for said in comes["assumed"])
    delivered = next(t for t in comes["touches"] if t["step"] == "delivered")
    assert expected <= at(delivered["when"]) < expected + timedelta(hours=14)
    before = await house.journey(order.journey)
    assert [t["step"] for t in (await planned(house, order.journey))["touches"]] == [
        t["step"] for t in never["touches"]
    ]
    assert (await house.journey(order.journey))["steps"] == before["steps"]  # asking changes nothing


async def test_bad_questions_and_versions_that_are_gone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instant outside the journey's past is refused with what would do; where this release has no code of the
    version, the recorded facts are told, and that it is so."""
    order = await ordered(house, 46003)
    for wrong in (house.now() + timedelta(days=1), order.placed - timedelta(days=1)):
        answer = await house.http.get(f"/journeys/{order.journey}/plan", params={"as_of": wrong.isoformat()})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")
    answer = await house.http.get(f"/journeys/{order.journey}/plan", params={"assume": "luck"})
    assert answer.status_code == 422

    def without_code(*args: Any, **options: Any) -> Any:
        return whole(args[0], {}, **options)

    whole = planning.rebuild
    monkeypatch.setattr(planning, "rebuild", without_code)
    plan = await planned(house, order.journey)
    assert plan["rebuilt"] is False
    assert "standard.v1" in plan["note"]
    assert plan["touches"] == []
    recorded = [w["name"] for w in (await house.journey(order.journey))["waits"]]
    assert [w["name"] for w in plan["waits"]] == recorded


async def test_the_command_line_tells_the_same_in_a_hundred_columns(house: House) -> None:
    """`doorstep plan` by order number: readable, and the same as JSON."""
    order = await ordered(house, 46004)
    settings = house.settings
    env = {k: v for k, v in os.environ.items() if not k.startswith("DOORSTEP_")} | {
        "DOORSTEP_DATABASE_URL": settings.database_url,
        "DOORSTEP_DATA_DIR": str(settings.data_dir),
        "DOORSTEP_TEMPORAL_ADDRESS": settings.temporal_address or "",
        "DOORSTEP_TEMPORAL_NAMESPACE": settings.temporal_namespace,
    }

    async def said(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "doorstep", "plan", order.number, *more]
        return await asyncio.to_thread(
            subprocess.run, command, env=env, capture_output=True, text=True, timeout=60
        )

    text = await said()
    assert text.returncode == 0, text.stderr
    assert max(len(line) for line in text.stdout.splitlines()) <= 100
    for word in ("To come", "→", "reassurance", "never-arrived", "Nothing more happens.", "Ends"):
        assert word in text.stdout
    told = json.loads((await said("--json")).stdout)
    assert [t["step"] for t in told["touches"] if t["outcome"] == "sent"][:2] == ["reassurance", "education"]
    wrong = await said("--assume", "arives")
    assert wrong.returncode == 1
    assert "Did you mean 'arrives'" in wrong.stderr
