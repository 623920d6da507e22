"""Why a message went, did not, or waits: over the API and at the terminal, on the real server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest
from house import House
from shopkeeper import IDA, Order, catalogue
from timekeeping import at

pytestmark = pytest.mark.system


async def ordered(house: House, number: int) -> Order:
    order = Order(id=number, customer=IDA, placed=house.now())
    await house.tell(catalogue(), order.placed_event())
    await house.pass_time(seconds=3)
    return order


async def test_what_waits_is_explained_by_the_gate_itself(house: House) -> None:
    """Over the API and at the terminal: behind each message that waits the gate's answer at its next moment, over the
    facts of now, with what would stop it. Once consent is gone the answer is another; no worker runs."""
    order = await ordered(house, 46103)
    await house.stop_worker()
    told = await house.get(f"/journeys/{order.journey}/explain", step="reassurance")
    assert [w["name"] for w in told["waits"]] == ["reassurance"]
    [ahead] = told["ahead"]
    assert ahead["outcome"] == "sent"
    assert at(ahead["when"]) > house.now()
    assert {"consent", "frequency", "quiet_hours"} <= {r["rule"] for r in ahead["rules"]}
    assert any("withdrawn" in said for said in ahead["stops"])
    everything = await house.get(f"/journeys/{order.journey}/explain")
    assert [s["step"] for s in everything["steps"]] == ["order-confirmation"]
    assert everything["steps"][0]["decisions"][0]["rules"]
    assert everything["note"] == ""

    text = await said(house, order, "reassurance")
    assert "If nothing else happens: Goes by email on" in text
    assert "What would stop it:" in text
    assert "pass  consent" in text
    assert max(map(len, text.splitlines())) <= 100

    await house.post(order.of_person("consent.withdrawn", house.now(), data={"channel": "email"}))
    [now] = (await house.get(f"/journeys/{order.journey}/explain", step="reassurance"))["ahead"]
    assert (now["outcome"], now["reason"]) == ("skipped", "not_consented")
    assert now["stops"] == []
    await house.start_worker()


async def said(house: House, order: Order, step: str) -> str:
    """`doorstep explain ORDER STEP`."""
    settings = house.settings
    env = {k: v for k, v in os.environ.items() if not k.startswith("DOORSTEP_")} | {
        "DOORSTEP_DATABASE_URL": settings.database_url,
        "DOORSTEP_DATA_DIR": str(settings.data_dir),
        "DOORSTEP_TEMPORAL_ADDRESS": settings.temporal_address or "",
        "DOORSTEP_TEMPORAL_NAMESPACE": settings.temporal_namespace,
    }
    command = [sys.executable, "-m", "doorstep", "explain", order.number, step]
    done = await asyncio.to_thread(
        subprocess.run, command, env=env, capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


async def test_a_mistyped_step_is_offered_its_nearest(house: House) -> None:
    order = await ordered(house, 46104)
    answered = await house.http.get(f"/journeys/{order.journey}/explain", params={"step": "reasurance"})
    assert answered.status_code == 404
    assert "Did you mean 'reassurance'?" in answered.text
    assert answered.json()["type"].endswith("step_not_found")
