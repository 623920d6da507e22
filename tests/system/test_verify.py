"""`doorstep verify --from-server`: the live journeys of an installation, on the real server, sealed by its codec
key."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from house import House
from shopkeeper import IDA, Order, catalogue
from tests.verifying.repository import Repository
from timekeeping import at

from conftest import Houses
from doorstep.codec import draw_key
from doorstep.gateway.archive import unpacked
from doorstep.maintenance.archiving import archive_some
from doorstep.models.archive import kept_history

pytestmark = pytest.mark.system


VERIFY = ("verify", "--seeds", "0")
SEALED = base64.b64encode(b"binary/encrypted").decode()


def opened(text: str) -> str:
    """What of a history's payloads can be read without a key."""
    return b" ".join(map(base64.b64decode, re.findall('"data":"([^"]*)"', text))).decode(errors="replace")


async def doorstep(
    house: House, repository: Repository, *arguments: str, **changed: str
) -> subprocess.CompletedProcess[str]:
    settings = house.settings
    more = {
        "DOORSTEP_DATABASE_URL": settings.database_url,
        "DOORSTEP_DATA_DIR": str(settings.data_dir),
        "DOORSTEP_TEMPORAL_ADDRESS": settings.temporal_address or "",
        "DOORSTEP_TEMPORAL_NAMESPACE": settings.temporal_namespace,
    }
    more["DOORSTEP_CODEC_KEYS"] = os.environ["DOORSTEP_CODEC_KEYS"]
    return await asyncio.to_thread(repository.run, *arguments, **more | changed)


async def test_live_journeys_are_verified_from_the_server(
    houses: Houses, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Two orders on their way: another wording of what is ahead changes both, the same code neither; recorded to files
    they tell the same. The files are sealed as the histories were, and need the key."""
    monkeypatch.setenv("DOORSTEP_CODEC_KEYS", draw_key(datetime.now(UTC).date()))
    house: House = await houses()
    repository = Repository(tmp_path_factory.mktemp("repository"))
    orders = [Order(id=47001 + n, customer=IDA, placed=house.now()) for n in range(2)]
    await house.tell(catalogue(), *(order.placed_event() for order in orders))
    await house.pass_time(seconds=3)
    await house.until(orders[0].placed + timedelta(days=1))
    await house.stop_worker()

    safe = await doorstep(house, repository, "verify", "base", "same")
    assert safe.returncode == 0, safe.stdout + safe.stderr
    assert "2 journeys, from base to same" in safe.stdout

    changed = await doorstep(house, repository, *VERIFY, "base", "words", "--from-server", "--json")
    assert changed.returncode == 1, changed.stderr
    told: dict[str, Any] = json.loads(changed.stdout)
    assert {j["id"] for j in told["journeys"]} == {order.journey for order in orders}
    assert all(named(j) == {("re-worded", "care-guide")} for j in told["journeys"])

    folder = repository.folder.parent / "recorded"
    kept = await doorstep(house, repository, "versions", "record", str(folder), "--live")
    assert kept.returncode == 0, kept.stderr
    texts = await asyncio.to_thread(lambda: [file.read_text() for file in folder.glob("*.json")])
    assert len(texts) == 2
    assert all(SEALED in text and "order-confirmation" not in opened(text) for text in texts)
    again = await doorstep(house, repository, *VERIFY, "base", "words", "--histories", str(folder), "--json")
    assert [named(j) for j in json.loads(again.stdout)["journeys"]] == [{("re-worded", "care-guide")}] * 2
    without = await doorstep(
        house, repository, *VERIFY, "base", "words", "--histories", str(folder), DOORSTEP_CODEC_KEYS=""
    )
    assert without.returncode == 2
    assert "which is not here" in without.stderr
    assert "Traceback" not in without.stderr

    # One of them ends: it is verified when asked for, by what each revision asks for on the way.
    await house.start_worker()
    await house.tell(orders[1].refunded(house.now()))
    await house.pass_time(seconds=3)
    await house.stop_worker()
    both = await doorstep(house, repository, *VERIFY, "base", "words", "--ended", "--json")
    assert both.returncode == 1, both.stderr
    found = {j["id"]: (j["step"] == "ended", j["verdict"]) for j in json.loads(both.stdout)["journeys"]}
    assert found == {orders[0].journey: (False, "changes"), orders[1].journey: (True, "same")}
    await house.start_worker()
    await one_is_kept_sealed_and_read_back(house, repository, orders[0])


async def one_is_kept_sealed_and_read_back(house: House, repository: Repository, order: Order) -> None:
    """It closes and its history is kept: sealed as it was. Where Temporal knows nothing of it any more, a plan as of
    its past is still made from it, as before, and verify reads it."""
    # On a busy machine it started some seconds after it was placed.
    started = at((await house.journey(order.journey))["started"])
    then = (started + timedelta(seconds=1)).isoformat()  # past by the real clock too
    before = await house.get(f"/journeys/{order.journey}/plan", as_of=then)
    assert (await house.act(order.journey, "cancel")).status_code == 200
    done = await archive_some(house.client, house.database, house.now() + timedelta(minutes=10), "", 20)
    assert done.counts == {"archived": 2}  # the one that ended before, too
    with house.database.reading() as connection:
        row = kept_history(connection, order.journey)
    assert row is not None
    kept = unpacked(row)
    assert kept is not None
    assert SEALED in kept.to_json()
    assert "order-confirmation" not in opened(kept.to_json())

    ask = ("plan", order.journey, "--as-of", then, "--json")
    again = await doorstep(house, repository, *ask, **FORGOTTEN)
    assert again.returncode == 0, again.stderr
    plan = json.loads(again.stdout)
    assert plan["rebuilt"]
    assert len(coming(plan)) > 3
    assert coming(plan) == coming(before)
    folder = repository.folder.parent / "kept"
    this = ("versions", "record", str(folder), "--journey", order.journey)
    recorded = await doorstep(house, repository, *this, **FORGOTTEN)
    assert recorded.returncode == 0, recorded.stderr
    same = await doorstep(house, repository, *VERIFY, "base", "same", "--histories", str(folder), "--json")
    assert [j["verdict"] for j in json.loads(same.stdout)["journeys"]] == ["same"]


FORGOTTEN = {"DOORSTEP_TEMPORAL_NAMESPACE": "temporal-system"}
"""Of a Temporal that knows none of our journeys: as ours, once retention has passed."""


def coming(plan: dict[str, Any]) -> list[tuple[str, str]]:
    return [(touch["key"], touch["when"]["utc"]) for touch in plan["touches"]]


def named(journey: dict[str, Any]) -> set[tuple[str, str]]:
    return {(d["change"], d["name"].partition(":")[0]) for d in journey["differences"]}
