"""What must be true after all those deaths, read from the tables and from Temporal's own histories."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select
from temporalio.client import Client, WorkflowExecutionStatus
from tests.system.kills.house import Lane
from tests.system.kills.orders import Order
from tests.system.kills.story import CARED, STEPS

from doorstep.contracts import JourneyStart
from doorstep.converter import data_converter
from doorstep.domain.events import Envelope
from doorstep.models.inbox import InboxEventRow, InboxStatus
from doorstep.models.journeys import ActionRow, JourneyRow
from doorstep.models.ledger import DecisionRow, LedgerRowModel, OutboxMessage
from doorstep.models.tables import table
from servers import client_of

MARKETING = (CARED,)


def ledger(lane: Lane) -> dict[str, str]:
    """Touch key → state."""
    rows = table(LedgerRowModel)
    with lane.database.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(select(rows.c.key, rows.c.state))}


def decided(lane: Lane) -> dict[str, float]:
    """Touch key → when the gate first decided on it, in seconds since 1970."""
    rows = table(DecisionRow)
    with lane.database.reading() as connection:
        told = connection.execute(select(rows.c.key, func.min(rows.c.at)).group_by(rows.c.key))
        return {key: at.timestamp() for key, at in told}


def log(lane: Lane) -> dict[str, list[Any]]:
    """Touch key → when the provider took a message under it (as the messages say), by the provider's own log."""
    rows = table(OutboxMessage)
    found: dict[str, list[Any]] = {}
    with lane.database.reading() as connection:
        for key, at in connection.execute(select(rows.c.key, rows.c.sent_at).order_by(rows.c.sent_at)):
            found.setdefault(key, []).append(at)
    return found


def actions(lane: Lane) -> dict[str, str]:
    """Journey → the state of the (one) action asked of it."""
    rows = table(ActionRow)
    with lane.database.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(select(rows.c.journey_id, rows.c.status))}


def journeys(lane: Lane) -> dict[str, str]:
    """Journey → status."""
    rows = table(JourneyRow)
    with lane.database.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(select(rows.c.id, rows.c.status))}


async def over(lane: Lane, orders: Iterable[Order], seconds: float = 200) -> None:
    """Waits until every one of these journeys is over: an attempt that lost its touch to another asks again after a
    minute, so two deaths in a row may take that long twice."""
    wanted = {order.journey for order in orders}

    def all_closed() -> bool:
        status = journeys(lane)
        return all(status.get(journey) == "closed" for journey in wanted)

    try:
        await lane.until(all_closed, "every journey is over", seconds)
    except AssertionError as error:
        status, states = journeys(lane), ledger(lane)
        left = [o for o in orders if status.get(o.journey) != "closed"]
        told = [f"{o.name} {status.get(o.journey)} {[states.get(o.key(s)) for s in STEPS]}" for o in left]
        raise AssertionError(f"{error}: {told}") from None
    await lane.until(
        lambda: not _unnoted(lane), "every event is noted as told: by the sweep, where a mark was lost"
    )


def sent_wrong(
    lane: Lane, orders: Iterable[Order], twice: Iterable[str] = (), ends: tuple[str, ...] = ()
) -> list[str]:
    """What is wrong with ledger and provider's log: `accepted ⊆ log ⊆ accepted ∪ unknown`, nothing twice (but
    transactional touches in `twice`, of which the provider cannot be asked), no touch missing, strange or still
    under way. `ends`: states in which a touch may have ended besides."""
    states, sent = ledger(lane), log(lane)
    accepted = {key for key, state in states.items() if state == "accepted"}
    unknown = {key for key, state in states.items() if state == "unknown"}
    wrong = [f"accepted, but the provider has none: {key}" for key in accepted - sent.keys()]
    wrong += [
        f"the provider has it, but the ledger says {states.get(k)}: {k}"
        for k in sent.keys() - accepted - unknown
    ]
    wrong += [f"sent {len(at)} times: {key}" for key, at in sent.items() if len(at) > 1 and key not in twice]
    expected = {order.key(step) for order in orders for step in STEPS}
    wrong += [f"no such touch was asked for: {key}" for key in states.keys() - expected]
    wrong += [f"lost: {key}" for key in expected - states.keys()]
    wrong += [
        f"{state}: {key}" for key, state in states.items() if state not in ("accepted", "unknown", *ends)
    ]
    marketing = tuple(f":{step}" for step in MARKETING)
    return wrong + [f"transactional, yet unknown: {key}" for key in unknown if not key.endswith(marketing)]


def _unnoted(lane: Lane) -> bool:
    """Whether any event of the inbox still waits."""
    rows = table(InboxEventRow)
    waits = select(rows.c.id).where(rows.c.status == InboxStatus.PENDING.value).limit(1)
    with lane.database.reading() as connection:
        return connection.execute(waits).first() is not None


async def heard_wrong(lane: Lane, orders: Iterable[Order]) -> list[str]:
    """What is wrong with journeys: one run per order, ended well, and every event of the inbox in it."""
    orders = list(orders)
    client = await client_of(
        lane.server.address, namespace=lane.server.namespace, data_converter=data_converter()
    )
    wrong = []
    for order in orders:
        status = await _ended(client, order)
        if status is not WorkflowExecutionStatus.COMPLETED:
            wrong.append(f"{order.name} ended {status}")
        heard, events = await _heard(client, order), _events(lane, order)
        wrong += [f"{order.name} never heard {event}" for event in events.keys() - heard.keys()]
        # told, and the journey over before that could be noted: kept
        noted = ("delivered", "kept")
        wrong += [
            f"{order.name}: {event} is {status}" for event, status in events.items() if status not in noted
        ]
        if len(events) != 2:
            wrong.append(f"{order.name} has {len(events)} events in the inbox")
    runs = Counter([run.id async for run in client.list_workflows(f"TaskQueue = '{lane.queue}'")])
    wrong += [f"{n} runs of {journey}" for journey, n in runs.items() if n > 1]
    wrong += [f"nobody's journey: {journey}" for journey in runs.keys() - {o.journey for o in orders}]
    return wrong


async def _ended(client: Client, order: Order) -> WorkflowExecutionStatus | None:
    """How its journey ended. A worker that died after the last word was written had yet to say so: another does."""
    for _ in range(120):
        described = await client.get_workflow_handle(order.journey).describe()
        if described.status is not WorkflowExecutionStatus.RUNNING:
            break
        await asyncio.sleep(0.5)
    return described.status


def _events(lane: Lane, order: Order) -> dict[str, str]:
    rows = table(InboxEventRow)
    asked = select(rows.c.id, rows.c.status).where(rows.c.order_ref == order.ref)
    with lane.database.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(asked)}


async def _heard(client: Client, order: Order) -> Counter[str]:
    """Event ids in the journey's own history, with how often each came."""
    heard: Counter[str] = Counter()
    async for event in client.get_workflow_handle(order.journey).fetch_history_events():
        if event.HasField("workflow_execution_started_event_attributes"):
            given = event.workflow_execution_started_event_attributes.input.payloads
            (start,) = await client.data_converter.decode(given, [JourneyStart])
            heard.update(e.id for e in (start.placed, *start.events))
        elif event.HasField("workflow_execution_signaled_event_attributes"):
            given = event.workflow_execution_signaled_event_attributes.input.payloads
            (envelopes,) = await client.data_converter.decode(given, [list[Envelope]])
            heard.update(e.id for e in envelopes)
    return heard
