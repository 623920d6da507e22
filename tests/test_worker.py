"""The worker: carries an order's journey to the outbox, keeps what it must apart, and ends when told."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import select, update
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.worker import Worker

import probes
from doorstep import worker
from doorstep.activities.ports import build_ports
from doorstep.contracts import JourneyStart, JourneyView
from doorstep.converter import data_converter
from doorstep.domain.events import Envelope
from doorstep.domain.facts import Line
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import Send, TouchState
from doorstep.errors import SetupError
from doorstep.models.base import Database
from doorstep.models.codec_json import to_json
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import LedgerRowModel, OutboxMessage
from doorstep.models.tables import table
from doorstep.settings import Settings
from doorstep.temporal_server import TemporalServer
from doorstep.touch import ledger
from doorstep.workflows.core import JourneyCore
from doorstep.workflows.standard_v1 import Standard
from servers import client_of
from shop import JOURNEY, LINES, NOON, ORDER, PERSON, STORE, a_request, open_shop


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data",
        database_url=database_url,
        task_queue=f"tests-{uuid.uuid4().hex[:8]}",
        settle_seconds=0.0,
        worker_concurrency=4,
    )


@pytest.fixture
def here(settings: Settings, temporal_server: TemporalServer) -> Settings:
    """The settings with the session's Temporal server."""
    return replace(
        settings,
        temporal_address=temporal_server.address,
        temporal_namespace=temporal_server.namespace,
    )


@pytest.fixture
async def client(temporal_server: TemporalServer) -> Client:
    return await client_of(
        temporal_server.address, namespace=temporal_server.namespace, data_converter=data_converter()
    )


def probing(client: Client, settings: Settings, function: Callable[..., Any], *found: type) -> Worker:
    threads = ThreadPoolExecutor(8)
    return worker.make_worker(client, settings, {kind.__name__: kind for kind in found}, [function], threads)


@activity.defn(name="touch")
def tell_context() -> str:
    return str(structlog.contextvars.get_contextvars())


async def until[T](look: Callable[[], Awaitable[T] | T], seconds: float = 90) -> T:
    """What `look` finds, as soon as it finds something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        found = await found if asyncio.iscoroutine(found) else found
        if found:
            return found  # type: ignore[return-value]
        await asyncio.sleep(0.05)
    raise AssertionError("nothing came in time")


# --- what may be registered --------------------------------------------------------------------------


def test_an_open_journey_without_code_keeps_the_worker_from_starting(database: Database) -> None:
    """Types and counts are named, and the nearest known type is offered; a closed one does not matter."""
    open_shop(database)
    worker.check_open_journeys(database, ["standard.v1"])
    with pytest.raises(SetupError, match=r"1 of type 'standard.v1'.*'standard.v2'"):
        worker.check_open_journeys(database, ["standard.v2"])
    with database.writing() as connection:
        connection.execute(update(table(JourneyRow)).values(status="closed"))
    worker.check_open_journeys(database, [])


async def test_run_refuses_before_it_takes_any_work(settings: Settings, database: Database) -> None:
    """The check comes before Temporal is even asked for: a worker that asked would wait for it for ever."""
    open_shop(database)
    with database.writing() as connection:
        connection.execute(update(table(JourneyRow)).values(type="bespoke.v7"))
    with pytest.raises(SetupError, match=r"bespoke\.v7"):
        await asyncio.wait_for(worker.run(settings, stop=asyncio.Event()), 20)


async def test_a_worker_without_temporal_says_so_and_waits(
    settings: Settings,
) -> None:
    """It does not die of it, and it can still be stopped."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    stop = asyncio.Event()
    with structlog.testing.capture_logs() as lines:
        running = asyncio.create_task(worker.run(replace(settings, temporal_address=address), stop=stop))
        await until(lambda: [line for line in lines if "cannot be reached" in line["event"]])
        stop.set()
        await asyncio.wait_for(running, 60)
    assert {line["address"] for line in lines if "address" in line} == {address}


# --- on a real server ----------------------------------------------------------------------------------


@pytest.mark.system
async def test_what_is_shared_with_the_sandbox_and_what_is_not(client: Client, here: Settings) -> None:
    """Types and the engine are the very same inside; a journey's own module is imported anew."""
    async with probing(client, here, tell_context, probes.Identity):
        ids = await client.execute_workflow(
            "identity.v1", id=str(uuid.uuid4()), task_queue=here.task_queue, result_type=list[int]
        )
    assert ids[2:] == [id(JourneyStart), id(JourneyCore)]
    assert ids[0] != id(probes.LOADED)
    assert ids[1] != id(Standard)


@pytest.mark.system
@pytest.mark.parametrize(
    ("kind", "name", "refused"),
    [(probes.Impure, "impure.v1", "random"), (probes.Dated, "dated.v1", "time.strftime() without a moment")],
)
async def test_clock_and_chance_in_a_journey_are_caught(
    client: Client, here: Settings, kind: type, name: str, refused: str
) -> None:
    """The sandbox refuses them: the task fails and waits for a fixed deploy, the journey is unharmed."""
    async with probing(client, here, tell_context, kind):
        handle = await client.start_workflow(name, id=str(uuid.uuid4()), task_queue=here.task_queue)

        async def failed() -> str:
            history = await handle.fetch_history()
            kind = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
            return "".join(
                e.workflow_task_failed_event_attributes.failure.message
                for e in history.events
                if e.event_type == kind
            )

        assert refused in await until(failed)
        await handle.terminate()


@pytest.mark.system
async def test_every_line_of_an_activity_names_its_journey(client: Client, here: Settings) -> None:
    """What an activity's thread logs carries journey, type, activity and attempt."""
    journey = str(uuid.uuid4())
    async with probing(client, here, tell_context, probes.Asking):
        told = await client.execute_workflow(
            "asking.v1", id=journey, task_queue=here.task_queue, result_type=str
        )
    assert f"'journey_id': '{journey}'" in told
    assert "'workflow_type': 'asking.v1'" in told
    assert "'activity': 'touch'" in told


def a_start(journey: str) -> JourneyStart:
    placed_at = datetime.now(UTC)
    placed = Envelope(
        id="evt_1", fact_key="order.placed", type="order.placed", occurred_at=placed_at, received_at=placed_at,
        connection="test", order_ref=ORDER, person_ref=PERSON,
        data={"lines": to_json(tuple[Line, ...], LINES), "total_minor": 7700, "currency": "EUR"},
    )  # fmt: skip
    return JourneyStart(
        journey_id=journey, store_id=STORE, order_ref=ORDER, person_ref=PERSON, placed=placed,
        zone="Europe/Berlin",
    )  # fmt: skip


def messages(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(select(table(OutboxMessage).c.template)).scalars())


def row(database: Database) -> JourneyRow:
    with database.read() as session:
        found = session.get(JourneyRow, JOURNEY)
        assert found is not None
        return found


@pytest.mark.system
async def test_an_order_reaches_the_outbox_and_the_tables(
    client: Client, here: Settings, database: Database
) -> None:
    """A started journey confirms the order through the outbox, tells support where it stands, and the worker stops."""
    open_shop(database)
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(here, stop=stop))
    handle = await client.start_workflow(
        "standard.v1", a_start(JOURNEY), id=JOURNEY, task_queue=here.task_queue
    )
    try:
        await until(lambda: messages(database) or (running.done() and running.result()))
        assert messages(database) == ["order-confirmation"]
        shown = await until(lambda: row(database).waits and row(database))
        assert (shown.status, shown.phase) == ("open", "on its way")
        view = await handle.query("state", result_type=JourneyView)
        assert view.phase == shown.phase
    finally:
        await handle.terminate()
        stop.set()
        started = time.monotonic()
        await asyncio.wait_for(running, 60)
    assert time.monotonic() - started < 30


@pytest.mark.system
async def test_a_worker_settles_what_dead_ones_left(here: Settings, database: Database) -> None:
    """A touch in `sending` whose journey has closed, and of which the outbox knows nothing, becomes unknown."""
    open_shop(database)
    row = ledger.decided(ledger.fresh(a_request()), Send(channel=Channel.EMAIL), NOON)
    with build_ports(here, database).store.locked(STORE, PERSON) as tx:
        tx.save(replace(row, state=TouchState.SENDING, sending_at=NOON, attempts=1))
    with database.writing() as connection:
        connection.execute(update(table(JourneyRow)).values(status="closed"))

    def state() -> str:
        with database.reading() as connection:
            return str(connection.execute(select(table(LedgerRowModel).c.state)).scalar_one())

    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(here, stop=stop))
    try:
        await until(lambda: state() == "unknown")
    finally:
        stop.set()
        await asyncio.wait_for(running, 60)


@pytest.mark.system
def test_sigterm_ends_a_worker_gracefully(here: Settings) -> None:
    """The process says that it stops, and exits with 0."""
    env = os.environ | {
        "DOORSTEP_DATA_DIR": str(here.data_dir),
        "DOORSTEP_DATABASE_URL": here.database_url,
        "DOORSTEP_TEMPORAL_ADDRESS": str(here.temporal_address),
        "DOORSTEP_TEMPORAL_NAMESPACE": here.temporal_namespace,
        "DOORSTEP_TASK_QUEUE": here.task_queue,
        "DOORSTEP_LOG_FORMAT": "json",
    }
    log = here.data_dir / "worker.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, "-m", "doorstep", "worker"], env=env, stderr=out)
    try:
        end = time.monotonic() + 90
        while "worker started" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()
    assert "worker stopped" in log.read_text()
