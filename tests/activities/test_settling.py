"""What dead attempts left behind, once nobody will ask about it again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from doorstep.activities.settling import settle_leftovers
from doorstep.channels.outbox import OutboxSender
from doorstep.domain.messages import Channel, Message, Purpose, Receipt
from doorstep.domain.outcomes import TouchState
from doorstep.models.base import Database
from doorstep.models.ids import draw
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import DecisionRow, LedgerRowModel, OutboxMessage
from doorstep.models.tables import table
from doorstep.ports import Ports
from doorstep.touch import perform
from senders import FakeSender
from shop import NOON, a_request

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Died(BaseException):
    """The process is gone: no handler of ours runs."""


class DeadlyOutbox(OutboxSender):
    """Its caller dies right after it took the message."""

    def send(self, message: Message) -> Receipt:
        super().send(message)
        raise Died


def die(_: Message) -> None:
    raise Died


def state(database: Database, step: str = "care-guide") -> str:
    with database.reading() as connection:
        rows = table(LedgerRowModel)
        return str(connection.execute(select(rows.c.state).where(rows.c.step == step)).scalar_one())


def close(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(update(table(JourneyRow)).values(status="closed", closed_at=NOON))


def dead(ports: Ports, **changes: object) -> None:
    with pytest.raises(Died):
        perform(ports, a_request(**changes), NOON)


async def rounds(ports: Ports, database: Database, at: datetime) -> int:
    """Two rounds side by side, as two workers run them, and a third."""
    await asyncio.gather(*(settle_leftovers(ports, database, at) for _ in range(2)))
    return await settle_leftovers(ports, database, at)


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("took", [True, False])
async def test_a_row_left_in_sending_after_its_journey_closed_is_accepted_or_unknown(
    ports: Ports, database: Database, purpose: Purpose, took: bool
) -> None:
    """What the provider took is accepted, what it knows nothing of is unknown, and neither is sent again."""
    outbox = DeadlyOutbox(database, OutboxMessage, draw) if took else FakeSender(die)
    ports = replace(ports, senders={Channel.EMAIL: outbox})
    dead(ports, purpose=purpose)
    later = NOON + 15 * MINUTE
    await settle_leftovers(ports, database, later)
    assert state(database) == TouchState.SENDING  # its journey is open, and will ask
    close(database)
    assert await rounds(ports, database, later) == 0
    assert state(database) == (TouchState.ACCEPTED if took else TouchState.UNKNOWN)


async def test_what_may_still_be_under_way_or_reported_is_left_alone(
    ports: Ports, database: Database, sender: FakeSender
) -> None:
    """Within R of the call nothing is given up, though the journey has closed."""
    sender.answer = die
    dead(ports)
    close(database)
    for at in (NOON + MINUTE, NOON + sender.reconcile - MINUTE):
        await settle_leftovers(ports, database, at)
        assert state(database) == TouchState.SENDING
    await settle_leftovers(ports, database, NOON + sender.reconcile)
    assert state(database) == TouchState.UNKNOWN


async def test_what_waits_past_its_use_is_stale(ports: Ports, database: Database) -> None:
    """A deferred row that nobody woke is skipped once, with one decision more."""
    night = NOON + timedelta(hours=10)
    perform(ports, a_request(as_of=night), night)
    assert state(database) == TouchState.DEFERRED
    await settle_leftovers(ports, database, NOON + 3 * DAY)
    assert state(database) == TouchState.DEFERRED
    assert await rounds(ports, database, NOON + 4 * DAY) == 0
    assert state(database) == TouchState.SKIPPED
    with database.reading() as connection:
        verdicts = connection.execute(select(table(DecisionRow).c.verdict)).scalars().all()
    assert list(verdicts) == ["defer", "skip"]


async def test_a_small_batch_reaches_every_row(ports: Ports, database: Database, sender: FakeSender) -> None:
    """Rows that one round has no room for are the next round's."""
    sender.answer = die
    for step in ("care-guide", "check-in", "review-request"):
        dead(ports, step=step, purpose=Purpose.TRANSACTIONAL)
    close(database)
    assert [await settle_leftovers(ports, database, NOON + DAY, most=2) for _ in range(3)] == [2, 1, 0]
