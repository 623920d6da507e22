"""A deployment while orders come in: two builds of the worker at once on one task queue, forwards, back and forwards
again. Nothing begins that one of them could not carry on; nothing is lost, said twice or stuck."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from builds import Deployment, build, edit
from shopkeeper import CLARA, IDA, JONAS, Order
from temporalio.api.enums.v1 import EventType

from doorstep.models.migrate import head
from doorstep.temporal_server import TemporalServer

pytestmark = pytest.mark.system

SETTLE = "            await asyncio.sleep(self._start.settle.total_seconds())\n"
PATCHED = f'{SETTLE}        if self.patched("one-timer-more"):\n            await asyncio.sleep(0.2)\n'
CONFIRMED = 'await self.send("order-confirmation", purpose=TOLD, prompted=True, priority=100)\n'
TWICE_GREETED = f'{CONFIRMED}        await self.send("community", purpose=TOLD, prompted=True)\n'
MIGRATION = """from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "9000", "{before}", None, None


def upgrade() -> None:
    op.add_column("orders", sa.Column("told_by", sa.String(), nullable=True))
"""
FAILED = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
MARKED = EventType.EVENT_TYPE_MARKER_RECORDED


@pytest.fixture
def deployment(temporal_server: TemporalServer, database_url: str, tmp_path: Path) -> Iterator[Deployment]:
    made = Deployment(folder=tmp_path, server=temporal_server, database_url=database_url)
    yield made
    made.close()


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """The build that runs."""
    return build(tmp_path / "older")


@pytest.fixture
def newer(tmp_path: Path, deployment: Deployment) -> Path:
    """The next: a `standard.v2`, and a change to shared code that alters commands, behind a patch."""
    made = build(tmp_path / "newer")
    edit(made, "workflows/core.py", SETTLE, PATCHED)
    with (made / "doorstep" / "workflows" / "patches.py").open("a") as patches:
        patches.write('\n\ndeclare_patch("one-timer-more")\n')
    deployment.run(made, "versions", "new", "standard")
    edit(made, "workflows/standard_v2.py", CONFIRMED, TWICE_GREETED)
    deployment.run(made, "versions", "publish", "standard", "--release", "the-next")
    add_a_column(made)
    return made


def add_a_column(made: Path) -> None:
    """A migration, as a release brings one: a column that the newer build fills in and the older does not know."""
    kept = made / "doorstep" / "migrations" / "versions" / "9000_orders_say_which_build.py"
    kept.write_text(MIGRATION.format(before=head()))
    number = '    number: str = ""\n'
    edit(made, "models/orders.py", number, f"{number}    told_by: str | None = None\n")
    edit(made, "ingest/order_rows.py", '"whole", "test",', '"whole", "told_by", "test",')
    seen = '"number": seen.number,\n            "person_id"'
    edit(made, "ingest/orders.py", seen, f'"told_by": "the newer build", {seen}')


class Day:
    """A deployment's orders, told as they come."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.orders: list[Order] = []

    async def orders_come(self, expected: str, count: int = 3) -> list[Order]:
        """So many new orders, each confirmed, each on a journey of the expected type."""
        people = (IDA, JONAS, CLARA)
        first = 71_000 + len(self.orders)
        fresh = [Order(id=first + n, customer=people[n % 3], placed=datetime.now(UTC)) for n in range(count)]
        await self.deployment.tell(*(order.placed_event() for order in fresh))
        self.orders += fresh
        await self.all(fresh, "order-confirmation")
        types = self.deployment.types()
        assert {types[order.journey] for order in fresh} == {expected}
        return fresh

    async def all(self, orders: list[Order], template: str) -> None:
        """Until each has sent that."""
        d = self.deployment
        await d.until(lambda: all(template in d.sent(o.journey) for o in orders), f"every {template}")

    async def parcels_move(self, orders: list[Order]) -> None:
        """A scan for each: the journey wakes, on whichever worker, and tells its customer."""
        await self.deployment.tell(*(order.scan("in_transit", datetime.now(UTC)) for order in orders))
        await self.all(orders, "shipped")

    async def all_end(self) -> None:
        """Every order is cancelled and refunded, and every journey ends."""
        d = self.deployment
        await d.tell(*(o.event("order.cancelled", datetime.now(UTC)) for o in self.orders))
        await self.all(self.orders, "order-cancelled")
        refund = {"amount_minor": 3500, "currency": "EUR"}
        await d.tell(
            *(o.event("order.refunded", datetime.now(UTC), subject="rf", data=refund) for o in self.orders)
        )
        ended = "SELECT count(*) FROM journeys WHERE status = 'closed'"
        await d.until(lambda: d.rows(ended)[0][0] == len(self.orders), "every journey ends")


def marks(events: list[Any]) -> int:
    """How many patches a history has taken."""
    told = [e.marker_recorded_event_attributes.marker_name for e in events if e.event_type == MARKED]
    return told.count("core_patch")


async def carried_by(deployment: Deployment, orders: list[Order]) -> set[int]:
    """The processes that took a task of one of their journeys."""
    histories = [await deployment.history(order.journey) for order in orders]
    started = [e.workflow_task_started_event_attributes.identity for events in histories for e in events]
    return {int(identity.partition("@")[0]) for identity in started if identity}


def takes_new_orders(deployment: Deployment, build: Path) -> list[str]:
    told = json.loads(deployment.run(build, "versions", "--json"))
    return [v["type"] for v in told["versions"] if v["takes_new_orders"]]


async def test_two_builds_at_once_forwards_back_and_forwards_again(
    deployment: Deployment, older: Path, newer: Path
) -> None:
    """New orders take the new version only once every worker has it; journeys go on on either build meanwhile, and
    all the same when the deployment is taken back half-way; afterwards an older build refuses to start. The tables are
    the newer build's from the start, and stay so on the way back."""
    day = Day(deployment)
    first, second = await asyncio.gather(
        deployment.worker(older, "older-1"), deployment.worker(older, "older-2")
    )
    await deployment.api(older, "api-older")
    began = await day.orders_come("standard.v1")

    # the tables first: who runs goes on, and is ready
    assert "revision 9000" in deployment.run(newer, "migrate")
    assert await deployment.database_part() == (200, "ok")
    began += await day.orders_come("standard.v1")

    # half-way: one worker of each build, and the newer API
    await deployment.end(second)
    new = await deployment.worker(newer, "newer-1")
    await deployment.api(newer, "api-newer")
    both = await day.orders_come("standard.v1", count=9)
    while not await carried_by(deployment, both) >= {
        first.pid,
        new.pid,
    }:  # which of two takes a task is chance
        both += await day.orders_come("standard.v1")
        assert len(both) <= 60, "both builds had their hands on them"
    await day.parcels_move([*began, *both[:3]])
    assert takes_new_orders(deployment, newer) == ["standard.v1"]

    # taken back: nothing of the newer build had begun, so the older one carries everything on
    await deployment.end(new)
    assert "Nothing is to be done" in deployment.run(older, "migrate"), "as before each start of an image"
    await deployment.api(older, "api-older-again")
    assert await deployment.database_part() == (200, "ok")
    await deployment.end(first)
    first = await deployment.worker(older, "older-again")
    await day.parcels_move(both[3:])
    taken_back = await day.orders_come("standard.v1")
    told = dict(map(tuple, deployment.rows("SELECT journey_id, told_by FROM orders")))
    assert {told[order.journey] for order in [*began, *taken_back]} == {None}
    assert {told[order.journey] for order in both} == {"the newer build"}

    # forwards again, to the end
    await deployment.worker(newer, "newer-2")
    await deployment.api(newer, "api-newer-again")
    await deployment.end(first)
    await deployment.until(lambda: takes_new_orders(deployment, newer) == ["standard.v2"], "everybody has it")
    await deployment.until(
        lambda: deployment.rows("SELECT name FROM patches WHERE name = 'one-timer-more'"), "the patch begins"
    )
    fresh = await day.orders_come("standard.v2")
    await day.all(fresh, "community")

    # too late to go back: the older build says so and takes nothing
    stale = deployment.spawn(older, "worker", "older-3")
    await asyncio.to_thread(stale.wait, 60)
    assert stale.returncode == 1
    assert "3 of type 'standard.v2'" in deployment.log("older-3").read_text()

    await day.parcels_move(fresh)
    await day.all_end()
    for order in day.orders:
        sent = deployment.sent(order.journey)
        assert len(sent) == len(set(sent)), f"{order.journey} said something twice: {sent}"
        assert {"order-confirmation", "order-cancelled", "refund-confirmation"} <= set(sent)
        events = await deployment.history(order.journey)
        assert [e for e in events if e.event_type == FAILED] == [], "no worker got what it could not carry on"
        assert marks(events) == (1 if order in fresh else 0)
