"""Purge by retention: what is old goes, what somebody may still need stays, and a missed day is made up for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

import shop
from doorstep.errors import SetupError
from doorstep.ingest.redrive import redrive
from doorstep.maintenance.jobs import PART, Jobs
from doorstep.models.base import Database
from doorstep.models.inbox import InboxEventRow, InboxWebhookRow
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import OutboxMessage
from doorstep.models.tables import table
from doorstep.settings import load_settings
from doorstep.workflows.maintenance import Job, Round
from maintenance.stage import add_event, add_message, add_webhook

NOW = datetime(2026, 11, 1, 3, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=121), NOW - timedelta(days=119)
ANCIENT = NOW - timedelta(days=181)

pytestmark = pytest.mark.system  # `jobs` has a client of the real server


@pytest.fixture
def purge(jobs: Jobs) -> Jobs:
    jobs.clock = lambda: NOW
    return jobs


def bodies(database: Database) -> dict[str, tuple[bytes, str]]:
    rows = table(InboxWebhookRow)
    with database.reading() as connection:
        found = connection.execute(select(rows.c.id, rows.c.body, rows.c.status, rows.c.headers))
        for row in found:
            assert bool(row.headers) == bool(row.body)
        found = connection.execute(select(rows.c.id, rows.c.body, rows.c.status))
        return {row.id: (row.body, row.status) for row in found}


def events(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(connection.execute(select(table(InboxEventRow).c.id)).scalars())


def close(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(update(table(JourneyRow)).values(status="closed", closed_at=NOW))


async def test_old_bodies_go_and_rows_stay(purge: Jobs, database: Database) -> None:
    """A webhook past its days loses body and headers; its row still tells a duplicate. A younger one stays whole."""
    close(database)
    add_event(database, "evt_old", add_webhook(database, "old", OLD), OLD, order_ref=shop.ORDER)
    add_webhook(database, "young", YOUNG)
    add_webhook(database, "stuck", OLD, status="quarantined")
    done = await purge.maintain(Round(job=Job.PURGE))
    assert done.counts == {"webhooks": 2}
    found = bodies(database)
    assert found["old"] == (b"", "purged") == found["stuck"]
    assert found["young"][1] == "read"
    assert (await purge.maintain(Round(job=Job.PURGE))).counts == {}


async def test_a_purged_webhook_is_not_redriven(purge: Jobs, database: Database) -> None:
    """Nothing is left to read again, and it is not called unreadable for that."""
    close(database)
    add_webhook(database, "old", OLD, status="quarantined")
    await purge.maintain(Round(job=Job.PURGE))
    assert redrive(database, NOW, "old").webhooks == 0
    assert bodies(database)["old"] == (b"", "purged")


@pytest.mark.parametrize(
    "why", ["its order's journey", "its person's journey", "an event on its way", "held"]
)
async def test_what_is_still_needed_stays(purge: Jobs, database: Database, why: str) -> None:
    """However old: an open journey of the order or person, or an event that has not arrived, keeps it."""
    told = {
        "its order's journey": {"order_ref": shop.ORDER},
        "its person's journey": {"person_id": shop.PERSON},
        "an event on its way": {"order_ref": "ord_else", "status": "pending"},
        "held": {"order_ref": "ord_unheard", "status": "held"},
    }[why]
    add_event(database, "evt", add_webhook(database, "hook", ANCIENT), ANCIENT, **told)
    assert (await purge.maintain(Round(job=Job.PURGE))).counts == {}
    assert bodies(database)["hook"][0]
    assert events(database) == {"evt"}
    close(database)
    counts = (await purge.maintain(Round(job=Job.PURGE))).counts
    assert counts == ({"webhooks": 1, "events": 1} if "journey" in why else {})


async def test_delivered_events_go_later_than_bodies(purge: Jobs, database: Database) -> None:
    """Events are kept for longer, and never for shorter: an erasure finds a person's webhooks by them."""
    close(database)
    hook = add_webhook(database, "hook", YOUNG)
    add_event(database, "evt_old", hook, OLD, order_ref=shop.ORDER)
    add_event(database, "evt_ancient", hook, ANCIENT, order_ref=shop.ORDER)
    assert (await purge.maintain(Round(job=Job.PURGE))).counts == {"events": 1}
    assert events(database) == {"evt_old"}
    purge.settings = replace(purge.settings, keep_events_days=1)
    assert (await purge.maintain(Round(job=Job.PURGE))).counts == {"events": 1}
    add_event(database, "evt_young", hook, YOUNG, order_ref=shop.ORDER)
    assert (await purge.maintain(Round(job=Job.PURGE))).counts == {}


async def test_old_messages_are_emptied_when_their_journey_has_ended(purge: Jobs, database: Database) -> None:
    """The row stays, for it answers whether a touch was sent; address, subject and text go."""
    add_message(database, "msg_old", OLD, shop.JOURNEY)
    add_message(database, "msg_young", YOUNG, shop.JOURNEY)
    assert (await purge.maintain(Round(job=Job.PURGE))).counts == {}
    close(database)
    assert (await purge.maintain(Round(job=Job.PURGE))).counts == {"messages": 1}
    rows = table(OutboxMessage)
    with database.reading() as connection:
        found = {row.id: row for row in connection.execute(select(rows))}
    old = found["msg_old"]
    assert (old.to_address, old.subject, old.html, old.text) == ("", "", "", "")
    assert old.key == f"{shop.JOURNEY}:msg_old"
    assert found["msg_young"].to_address == shop.EMAIL


async def test_twice_side_by_side_and_over_several_parts(purge: Jobs, database: Database) -> None:
    """Two purges at once empty each body once, more than one transaction's worth of them."""
    close(database)
    for n in range(PART + 20):
        add_webhook(database, f"hook{n}", OLD)
    both = await asyncio.gather(*(purge.maintain(Round(job=Job.PURGE)) for _ in range(2)))
    assert all(body == b"" for body, _ in bodies(database).values())
    if database.is_sqlite:  # its writers take turns, so each row is counted once too
        assert sum(done.counts.get("webhooks", 0) for done in both) == PART + 20


async def test_a_round_that_runs_out_of_time_says_that_more_is_left(purge: Jobs, database: Database) -> None:
    """The next round goes on; nothing is forgotten."""
    close(database)
    for n in range(PART + 1):
        add_webhook(database, f"hook{n}", OLD)
    purge.seconds = 0.0
    first = await purge.maintain(Round(job=Job.PURGE))
    assert (first.counts, first.after) == ({"webhooks": PART}, "more")
    second = await purge.maintain(Round(job=Job.PURGE, after=first.after))
    assert (second.counts, second.after) == ({"webhooks": 1}, "")


async def test_missed_days_are_made_up_for(purge: Jobs, database: Database) -> None:
    """Nobody ran it for a week: one run then takes what fell due in all of it."""
    close(database)
    for n in range(7):
        add_webhook(database, f"hook{n}", NOW - timedelta(days=120 - n, hours=-1))
    assert (await purge.maintain(Round(job=Job.PURGE))).counts == {}
    purge.clock = lambda: NOW + timedelta(days=7)
    assert (await purge.maintain(Round(job=Job.PURGE))).counts == {"webhooks": 7}


def test_days_are_settings() -> None:
    """`DOORSTEP_KEEP_RAW_DAYS` and its siblings; nonsense is refused by name."""
    assert load_settings({"DOORSTEP_KEEP_RAW_DAYS": "30"}).keep_raw_days == 30
    with pytest.raises(SetupError, match="DOORSTEP_KEEP_OUTBOX_DAYS"):
        load_settings({"DOORSTEP_KEEP_OUTBOX_DAYS": "0"})
