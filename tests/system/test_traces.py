"""One trace from a webhook, through inbox and journey, to the provider's call: by real processes, to a real OTLP
receiver."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from installation import installed
from shopkeeper import IDA, Order
from sqlalchemy import select

from doorstep.models.inbox import InboxEventRow
from doorstep.models.ledger import OutboxMessage
from doorstep.models.tables import table
from doorstep.temporal_server import TemporalServer
from telemetry.collector import Collected, Span, collecting

pytestmark = pytest.mark.system

WEBHOOK, SEND = "POST /webhooks/{connection}", "send email"


def path_to(collected: Collected, leaf: Span) -> list[str]:
    """The names from the root down to that span, by parent ids, within its trace. A parent may come after its child:
    each is sent once it has ended, and each process sends its own."""
    names, at = [leaf.name], leaf
    while at.parent:
        parent = (leaf.trace, at.parent)
        at = collected.until(lambda p=parent: [s for s in collected.spans if (s.trace, s.id) == p])[0]
        names.insert(0, at.name)
    return names


def test_one_trace_from_a_webhook_to_the_providers_call(
    temporal_server: TemporalServer, database_url: str, tmp_path: Path
) -> None:
    """API and worker are two processes and the journey is a third place; a span's parents lead from the provider's
    call back to the webhook. A later webhook's signal is linked to its own trace. Nothing personal is in any of it."""
    with (
        collecting() as collected,
        installed(
            temporal_server.address,
            temporal_server.namespace,
            database_url,
            tmp_path / "data",
            OTEL_EXPORTER_OTLP_ENDPOINT=collected.endpoint,
            OTEL_BSP_SCHEDULE_DELAY="200",
        ) as here,
    ):
        here.start("worker")
        here.start("api")
        order = Order(
            id=random.randrange(10**6, 10**9), customer=IDA, placed=datetime.now(UTC) - timedelta(hours=1)
        )
        assert here.post(order.placed_event()).json()["status"] == "accepted"
        collected.until(lambda: collected.named(SEND) and collected.named(WEBHOOK))
        (sent,), (webhook,) = collected.named(SEND), collected.named(WEBHOOK)
        assert path_to(collected, sent) == [
            WEBHOOK,
            "inbox deliver",
            "StartWorkflow:standard.v1",
            "StartActivity:touch",
            "RunActivity:touch",
            SEND,
        ]
        (begun,) = collected.named("RunWorkflow:standard.v1")
        assert path_to(collected, begun)[:3] == path_to(collected, sent)[:3]
        services = {span.name: span.service for span in collected.spans}
        assert services[WEBHOOK] == services["inbox deliver"] == "doorstep-api"
        assert services["RunWorkflow:standard.v1"] == services[SEND] == "doorstep-worker"
        assert sent.attributes["doorstep.touch"] == f"{order.journey}:order-confirmation"
        assert webhook.attributes["doorstep.answer"] == "accepted"
        rows = table(InboxEventRow)
        with here.database.reading() as connection:
            told = connection.execute(select(rows.c.trace_parent).where(rows.c.type == "order.placed"))
            assert told.scalar_one().split("-")[1] == webhook.trace
            assert len(connection.execute(select(table(OutboxMessage).c.id)).all()) == 1

        here.post(order.scan("in_transit", datetime.now(UTC)))
        signalled = collected.until(lambda: collected.named("SignalWorkflow:deliver"))[0]
        assert path_to(collected, signalled) == [WEBHOOK, "inbox deliver", "SignalWorkflow:deliver"]
        heard = collected.until(lambda: collected.named("HandleSignal:deliver"))[0]
        assert heard.trace == webhook.trace  # the journey's own story
        assert signalled.trace in heard.links
        here.stop("api")
        here.stop("worker")
        assert set(collected.paths) == {"/v1/traces"}
        everything = b"".join(collected.raw)
        assert [word for word in IDA.personal if word.encode() in everything] == []
        assert here.log("worker").count("Traceback") == 0
