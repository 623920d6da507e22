"""Each shipped alert on a real installation: silent while all is well, true when its condition is, silent again.

Hours are not waited for: where a rule asks how long something has been waiting, its row is made that much older.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from house import namespaces
from installation import Installation, installed
from shopkeeper import IDA, JONAS, Customer, Order
from sqlalchemy import select, update

from doorstep.activities.ports import build_ports
from doorstep.domain.outcomes import TouchState
from doorstep.models.inbox import InboxEventRow
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.ledger_rows import ledger_row
from doorstep.models.tables import table
from doorstep.processes import free_ports
from doorstep.temporal_server import TemporalServer
from telemetry.evaluating import firing
from telemetry.scraping import Samples, parsed, told, value

pytestmark = pytest.mark.system

EVENTS, JOURNEYS, LEDGER = table(InboxEventRow), table(JourneyRow), table(LedgerRowModel)


def new_order(customer: Customer = IDA) -> Order:
    placed = datetime.now(UTC) - timedelta(hours=1)
    return Order(id=random.randrange(10**6, 10**9), customer=customer, placed=placed)


def scraped(here: Installation) -> Samples:
    answer = here.get("/metrics", "metrics")
    assert answer.status_code == 200
    assert [word for word in (*IDA.personal, *JONAS.personal) if word in answer.text] == []
    return parsed(answer.text)


def waits_for(here: Installation, alerts: set[str], seconds: float = 120) -> None:
    """Until exactly those alerts' conditions are true."""
    seen: list[set[str]] = []

    def look() -> bool:
        seen.append(firing(scraped(here)))
        return seen[-1] == alerts

    try:
        here.until(look, seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}: {seen[-1]}, not {alerts}") from None


def confirmed(here: Installation, order: Order) -> Callable[[], bool]:
    def look() -> bool:
        with here.database.reading() as connection:
            states = connection.execute(select(LEDGER.c.state).where(LEDGER.c.journey_id == order.journey))
            waits = connection.execute(select(JOURNEYS.c.next_due_at).where(JOURNEYS.c.id == order.journey))
            return "accepted" in states.scalars() and waits.scalar() is not None

    return look


def test_alerts_on_a_real_installation(
    temporal_server: TemporalServer, database_url: str, tmp_path: Path
) -> None:
    """Stuck tasks, ambiguous touches, undelivered rows, an overdue step, Temporal away."""
    packages = {
        "DOORSTEP_STORE_PACKAGES": "stuck_shop,impatient",
        "PYTHONPATH": str(Path(__file__).parent),
        "DOORSTEP_WORKER_METRICS": f"127.0.0.1:{free_ports(1)[0]}",
    }
    (namespace,) = asyncio.run(
        namespaces(temporal_server.address, 1)
    )  # others' stuck journeys are none of ours
    with installed(temporal_server.address, namespace, database_url, tmp_path / "data", **packages) as here:
        here.start("worker")
        here.start("api")
        fine = new_order()
        assert here.post(fine.placed_event()).json()["status"] == "accepted"
        here.until(confirmed(here, fine))
        waits_for(here, set())
        _counted(here, packages["DOORSTEP_WORKER_METRICS"])
        _overdue(here, fine)
        _ambiguous(here, fine)
        _stuck(here)
        _undelivered(here)


def _counted(here: Installation, worker: str) -> None:
    """What happened so far is in the counters of the process that did it: API and worker, the SDK's too."""
    import httpx

    api, work = scraped(here), parsed(httpx.get(f"http://{worker}/metrics", trust_env=False).text)
    assert value(api, "doorstep_webhooks_total", source="signed", answer="accepted") == 1
    assert (
        value(api, "doorstep_http_request_seconds_count", route="/webhooks/{connection}", status="200") == 1
    )
    assert value(api, "doorstep_journeys_started_total", type="standard.v1") == 1
    assert value(api, "doorstep_inbox_deliveries_total", result="delivered") >= 1
    assert value(api, "doorstep_journeys_open", type="standard.v1") == 1
    assert (
        value(work, "doorstep_touches_total", step="order-confirmation", outcome="sent", channel="email") == 1
    )
    assert value(work, "doorstep_decisions_total", verdict="send") >= 1
    assert value(work, "doorstep_provider_seconds_count", provider="outbox", answer="accepted") == 1
    assert value(work, "doorstep_touch_seconds_count", outcome="sent") == 1
    assert told(work, "temporal_workflow_task_execution_latency_seconds_count")
    assert told(work, "temporal_worker_task_slots_available")


def _overdue(here: Installation, order: Order) -> None:
    """No worker takes what is due."""
    here.stop("worker")
    this = JOURNEYS.c.id == order.journey
    with here.database.writing() as connection:
        due = connection.execute(select(JOURNEYS.c.next_due_at).where(this)).scalar_one()
        old = datetime.now(UTC) - timedelta(minutes=16)
        connection.execute(update(JOURNEYS).where(this).values(next_due_at=old))
    waits_for(here, {"DoorstepStepsOverdue"})
    with here.database.writing() as connection:
        connection.execute(update(JOURNEYS).where(this).values(next_due_at=due))
    here.start("worker")
    waits_for(here, set())


def _ambiguous(here: Installation, order: Order) -> None:
    """An attempt died while it called the provider: its row says `sending`, and nobody comes back to it."""
    ports = build_ports(here.settings, here.database)
    with here.database.reading() as connection:
        row = connection.execute(LEDGER.select().where(LEDGER.c.journey_id == order.journey)).first()
    assert row is not None
    was = ledger_row(row._asdict())
    dead = replace(
        was,
        state=TouchState.SENDING,
        sending_at=datetime.now(UTC) - timedelta(minutes=10),
        accepted_at=None,
        provider_message_id="",
    )
    for state, alerts in ((dead, {"DoorstepTouchesAmbiguous"}), (was, set())):
        with ports.store.locked(row.store_id, row.person_id) as tx:
            tx.save(state)
        waits_for(here, alerts)


def _stuck(here: Installation) -> None:
    """A journey's code raises: its workflow task fails again and again, and the server marks it."""
    order = new_order(JONAS)
    thorny = order.placed_event()
    assert b'"Plant care"' in thorny.content
    here.post(replace(thorny, content=thorny.content.replace(b'"Plant care"', b'"Thorns"')))
    waits_for(here, {"DoorstepJourneysStuck"}, seconds=180)
    assert value(scraped(here), "doorstep_journeys_open", type="thorny.v1") == 1
    _end(here, order)
    waits_for(here, set())


def _end(here: Installation, order: Order) -> None:
    import asyncio

    from temporalio.client import Client

    async def end() -> None:
        address, namespace = str(here.settings.temporal_address), here.settings.temporal_namespace
        client = await Client.connect(address, namespace=namespace)
        await client.get_workflow_handle(order.journey).terminate()

    asyncio.run(end())


def _undelivered(here: Installation) -> None:
    """Temporal is away: webhooks are kept, and wait. It comes back: they are delivered."""
    here.stop("api")
    here.stop("worker")
    nowhere = f"127.0.0.1:{free_ports(1)[0]}"
    here.start("api", DOORSTEP_TEMPORAL_ADDRESS=nowhere)
    assert here.post(new_order().placed_event()).json()["status"] == "accepted"
    waits_for(here, {"DoorstepTemporalAway"})
    with here.database.writing() as connection:
        pending = EVENTS.c.status == "pending"
        aged = update(EVENTS).where(pending).values(received_at=datetime.now(UTC) - timedelta(minutes=2))
        assert connection.execute(aged).rowcount >= 1
    waits_for(here, {"DoorstepTemporalAway", "DoorstepInboxUndelivered"})
    here.stop("api")
    here.start("api")
    here.start("worker")
    waits_for(here, set())
