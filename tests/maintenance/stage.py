"""Closed journeys, many at once, and workflows of theirs on the real server."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import shop
from doorstep.models.archive import HistoryArchiveRow
from doorstep.models.base import Database
from doorstep.models.inbox import InboxEventRow, InboxWebhookRow
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import OutboxMessage
from doorstep.models.orders import OrderRow
from doorstep.models.tables import table


@workflow.defn(name="standard.v1")
class Short:
    """Ends at once, or (`open`) waits for ever."""

    @workflow.run
    async def run(self, how: str) -> str:
        await workflow.wait_condition(lambda: how != "open")
        return how


async def run_workflows(client: Client, journeys: list[str], how: str = "ended") -> None:
    """One workflow per journey, ended when this returns (or open)."""
    queue = f"short-{uuid4().hex[:8]}"
    at_most = asyncio.Semaphore(16)

    async def one(journey: str) -> None:
        async with at_most:
            started = await client.start_workflow("standard.v1", how, id=journey, task_queue=queue)
            if how != "open":
                await started.result()

    async with Worker(
        client, task_queue=queue, workflows=[Short], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        await asyncio.gather(*(one(journey) for journey in journeys))


def add_journeys(database: Database, count: int, closed_at: datetime | None, name: str = "") -> list[str]:
    """That many orders of the shop's person, with journeys closed at that instant (None: open)."""
    name = name or uuid4().hex[:8]
    made = [(f"ord_{name}{n}", f"jny_{name}{n}") for n in range(count)]
    with database.writing() as connection:
        order = connection.execute(select(table(OrderRow)).where(table(OrderRow).c.id == shop.ORDER)).one()
        journey = connection.execute(
            select(table(JourneyRow)).where(table(JourneyRow).c.id == shop.JOURNEY)
        ).one()
        state = {"status": "open" if closed_at is None else "closed", "closed_at": closed_at}
        for ref, journey_id in made:
            connection.execute(
                insert(table(OrderRow)).values(
                    order._asdict() | {"id": ref, "external_id": ref, "journey_id": journey_id}
                )
            )
            connection.execute(
                insert(table(JourneyRow)).values(
                    journey._asdict() | {"id": journey_id, "order_ref": ref, "archived_at": None} | state
                )
            )
    return [journey_id for _, journey_id in made]


def kept(database: Database) -> dict[str, Any]:
    """Journey → its row in the archive."""
    rows = table(HistoryArchiveRow)
    with database.reading() as connection:
        return {row.journey_id: row for row in connection.execute(select(rows))}


def add_webhook(database: Database, id_: str, at: datetime, status: str = "read") -> str:
    """A webhook of the shop with a body that is somebody's."""
    shop.add(
        database,
        InboxWebhookRow(
            id=id_,
            store_id=shop.STORE,
            connection_id="c",
            external_id=id_,
            headers={"x-shop": "ada"},
            body=b'{"email": "ada@example.org"}',
            received_at=at,
            status=status,
        ),
    )
    return id_


def add_event(database: Database, id_: str, webhook: str, at: datetime, **more: Any) -> str:
    """An event read from it."""
    given = {"order_ref": None, "person_id": None, "status": "delivered"} | more
    shop.add(
        database,
        InboxEventRow(
            id=id_,
            webhook_id=webhook,
            store_id=shop.STORE,
            connection_id="c",
            external_id=id_,
            fact_key=id_,
            type="shipment.delivered",
            occurred_at=at,
            received_at=at,
            due_at=at + timedelta(seconds=5),
            **given,
        ),
    )
    return id_


def add_message(database: Database, id_: str, at: datetime, journey: str) -> str:
    """A message in the outbox."""
    shop.add(
        database,
        OutboxMessage(
            id=id_,
            store_id=shop.STORE,
            key=f"{journey}:{id_}",
            fence=1,
            journey_id=journey,
            order_ref=shop.ORDER,
            channel="email",
            purpose="marketing",
            to_address=shop.EMAIL,
            subject="For Ada",
            html="<p>Ada</p>",
            text="Ada",
            template="care-guide",
            template_digest="d",
            digest="d",
            sent_at=at,
        ),
    )
    return id_
