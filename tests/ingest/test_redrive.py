"""Quarantined webhooks are read again from their bytes, as often as one likes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from sqlmodel import select

from doorstep.errors import NotFound, Unreadable
from doorstep.ingest import redrive
from doorstep.models import Database
from doorstep.models.people import ConsentRow
from doorstep.sources.base import Headers, Reading, SourceContext
from ingest.telling import ADA, event, hours, open_shop, order, rows, take, told, value, whole


@dataclass
class Adapter:
    """An adapter that reads what it is told to, or cannot."""

    name: str = "shopify"
    reading: Reading | None = None
    bodies: list[bytes] = field(default_factory=list)

    def verify(
        self, headers: Headers, body: bytes, secrets: Sequence[str], received_at: datetime
    ) -> None: ...

    def delivery_id(self, headers: Headers, body: bytes) -> str:
        return "w"

    def topic(self, headers: Headers) -> str:
        return ""

    def read(self, headers: Headers, body: bytes, context: SourceContext) -> Reading:
        self.bodies.append(body)
        if self.reading is None:
            raise Unreadable("Still a riddle.")
        return self.reading


@pytest.fixture(autouse=True)
def _shop(database: Database) -> None:
    open_shop(database)
    take(database, whole(order()), "w1")
    take(database, Reading(problems=("A riddle.",)), "w2", hours(3))


def test_what_can_be_read_today_goes_on_its_way(database: Database) -> None:
    adapter = Adapter(reading=told(event("insert.scanned", hours(2))))

    done = redrive(database, hours(5), sources=lambda _name: adapter)

    assert (done.webhooks, done.mended, done.events) == (1, 1, 1)
    assert adapter.bodies == [b"{}"]
    (row,) = rows(database, "SELECT * FROM inbox_webhooks WHERE external_id = 'w2'")
    assert (row["status"], value(row["problems"])) == ("read", [])
    assert row["redriven_at"] is not None


def test_a_redrive_may_be_run_twice(database: Database) -> None:
    adapter = Adapter(reading=told(event("insert.scanned", hours(2))))
    webhook = rows(database, "SELECT id FROM inbox_webhooks WHERE external_id = 'w2'")[0]["id"]
    redrive(database, hours(5), webhook, sources=lambda _name: adapter)

    again = redrive(database, hours(6), webhook, sources=lambda _name: adapter)

    assert (again.webhooks, again.events) == (1, 0)
    assert len(rows(database, "SELECT * FROM inbox_events WHERE type = 'insert.scanned'")) == 1


def test_what_a_redrive_reads_is_known_from_then_on(database: Database) -> None:
    """A withdrawal that could not be read when it came."""
    word = {"channel": "email", "purpose": "marketing"}
    out = told(event("consent.withdrawn", hours(2), None, person=ADA, data=word))

    redrive(database, hours(5), sources=lambda _name: Adapter(reading=out))

    with database.read() as session:
        kept = session.execute(select(ConsentRow)).scalars().one()
    assert (kept.at, kept.heard_at) == (hours(2), hours(5))


def test_what_is_still_a_riddle_stays_in_quarantine_with_todays_reason(database: Database) -> None:
    done = redrive(database, hours(5), sources=lambda _name: Adapter())

    assert list(done.still.values()) == [("Still a riddle.",)]
    assert (
        rows(database, "SELECT status FROM inbox_webhooks WHERE external_id = 'w2'")[0]["status"]
        == "quarantined"
    )


def test_an_event_that_delivery_gave_up_on_is_put_back_on_its_way(database: Database) -> None:
    reading = told(event("insert.scanned", hours(2)))
    take(database, Reading(events=reading.events, problems=("A part.",)), "w3", hours(3))
    with database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE inbox_events SET status='kept', attempts=6, error='refused' WHERE type='insert.scanned'"
        )

    done = redrive(database, hours(5), sources=lambda _name: Adapter(reading=reading))

    assert done.requeued == 1
    (row,) = rows(database, "SELECT * FROM inbox_events WHERE type='insert.scanned'")
    assert (row["status"], row["attempts"], row["error"]) == ("pending", 0, "")


def test_an_erased_webhook_is_left_alone(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE inbox_webhooks SET status='erased' WHERE external_id='w2'")
    webhook = rows(database, "SELECT id FROM inbox_webhooks WHERE external_id = 'w2'")[0]["id"]

    assert redrive(database, hours(5), webhook, sources=lambda _name: Adapter()).webhooks == 0


def test_an_unknown_webhook_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound):
        redrive(database, hours(5), "whk_none")
