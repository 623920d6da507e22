"""Group commit: many in one transaction, each on its own feet, nobody answered before the commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text

from doorstep.errors import Unavailable
from doorstep.ingest import Answer, Busy, Raw, Writer
from doorstep.ingest.inbox import RUSH_SWEEP_AFTER, SWEEP_AFTER
from doorstep.ingest.inputs import webhook_id
from doorstep.ingest.sql import EVENTS
from doorstep.models import Database
from ingest.telling import NOON, SHOP, Gate, open_shop, order, rows, until, whole


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    open_shop(database)
    made = Writer(database, most=8, bound=16).start()
    yield made
    made.close()


def commits(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts transactions."""
    counted: list[int] = []
    writing = database.writing

    def count() -> object:
        counted.append(1)
        return writing()

    monkeypatch.setattr(database, "writing", count)
    return counted


async def test_what_waits_together_is_committed_together(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = commits(database, monkeypatch)
    gate = Gate()
    first = writer.submit(gate)
    await until(gate.reached)
    others = [
        asyncio.create_task(
            writer.accept(SHOP, whole(order(str(n))), Raw(external_id=f"w{n}", body=b""), NOON)
        )
        for n in range(8)
    ]
    await until(lambda: writer.waiting == 8)
    gate.open()

    assert [(await o).status for o in others] == [Answer.ACCEPTED] * 8
    assert first.result(60) is True
    assert len(counted) == 2
    assert len(rows(database, "SELECT * FROM journeys")) == 8


async def test_one_that_fails_takes_none_of_the_others_with_it(database: Database, writer: Writer) -> None:
    def fail(conn: Connection) -> None:
        conn.execute(text("UPDATE stores SET name = 'half-way'"))
        raise ValueError("mine alone")

    gate = Gate()
    writer.submit(gate)
    await until(gate.reached)
    good = asyncio.create_task(writer.accept(SHOP, whole(order()), Raw(external_id="w1", body=b""), NOON))
    bad = asyncio.create_task(writer.run(fail))
    await until(lambda: writer.waiting == 2)
    gate.open()

    assert (await good).status is Answer.ACCEPTED
    with pytest.raises(ValueError, match="mine alone"):
        await bad
    assert rows(database, "SELECT name FROM stores")[0]["name"] == "Shop"
    assert len(rows(database, "SELECT * FROM orders")) == 1


async def test_nobody_is_answered_before_the_commit(database: Database, writer: Writer) -> None:
    before, together = Gate(), Gate()
    writer.submit(before)
    await until(before.reached)
    asked = asyncio.create_task(writer.accept(SHOP, whole(order()), Raw(external_id="w1", body=b""), NOON))
    await until(lambda: writer.waiting == 1)
    writer.submit(together)  # in one transaction with it
    before.open()
    await until(together.reached)
    await asyncio.sleep(0.05)

    assert not asked.done()
    assert rows(database, "SELECT * FROM orders") == []

    together.open()
    await asked
    assert len(rows(database, "SELECT * FROM orders")) == 1


async def test_what_comes_in_a_rush_is_left_to_the_courier_for_longer(
    database: Database, writer: Writer
) -> None:
    """Else the sweep would carry at once what the courier holds back so that webhooks are answered first."""
    await writer.accept(SHOP, whole(order("1")), Raw(external_id="w1", body=b""), NOON)
    gate = Gate()
    writer.submit(gate)
    await until(gate.reached)  # it has a transaction of its own
    late = asyncio.create_task(writer.accept(SHOP, whole(order("2")), Raw(external_id="w2", body=b""), NOON))
    await until(lambda: writer.hurried)
    rushed = asyncio.create_task(
        writer.accept(SHOP, whole(order("3")), Raw(external_id="w3", body=b""), NOON)
    )
    await until(lambda: writer.waiting == 2)
    gate.open()
    await asyncio.gather(late, rushed)

    with database.reading() as conn:
        due = conn.execute(select(EVENTS.c.webhook_id, EVENTS.c.due_at)).all()
    waits = {at - NOON for webhook, at in due if webhook == webhook_id(SHOP.id, "w3")}
    assert waits == {RUSH_SWEEP_AFTER}
    assert {at - NOON for webhook, at in due if webhook == webhook_id(SHOP.id, "w1")} == {SWEEP_AFTER}


async def test_beyond_the_bound_callers_are_told_to_come_back(writer: Writer) -> None:
    gate = Gate()
    writer.submit(gate)
    await until(gate.reached)
    waiting = [writer.submit(lambda _conn: None) for _ in range(16)]

    with pytest.raises(Busy) as refused:
        writer.submit(lambda _conn: None)

    assert refused.value.status == 503
    gate.open()
    assert all(w.result(60) is None for w in waiting)


async def test_closing_writes_what_waits_first(database: Database) -> None:
    open_shop(database)
    writer = Writer(database).start()
    asked = [
        writer.submit(lambda conn, n=n: conn.execute(text(f"UPDATE stores SET name='{n}'"))) for n in range(5)
    ]
    writer.close()

    assert all(a.done() for a in asked)
    assert rows(database, "SELECT name FROM stores")[0]["name"] == "4"
    with pytest.raises(Busy):
        writer.submit(lambda _conn: None)


def test_a_full_disk_is_told_as_passing_and_takes_nobody_elses_work(tmp_path: Path) -> None:
    """SQLite ends the whole transaction for it, savepoints and all: the others of the group are written anew."""
    database = Database(f"sqlite:///{tmp_path / 'full.db'}", pool_size=1)
    with database.writing() as conn:
        conn.execute(text("CREATE TABLE scratch (n INTEGER PRIMARY KEY, filling TEXT)"))
    with database.writing() as conn:
        pages = conn.execute(text("PRAGMA page_count")).scalar_one()
        conn.execute(text(f"PRAGMA max_page_count={pages + 2}"))

    def put(n: int, filling: str = "") -> Callable[[Connection], int]:
        insert = text("INSERT INTO scratch VALUES (:n, :filling)")
        return lambda conn: conn.execute(insert, {"n": n, "filling": filling}).rowcount

    gate = Gate()
    writer = Writer(database).start()
    writer.submit(gate)
    small, large, last = (writer.submit(w) for w in (put(1), put(2, "x" * 50_000), put(3)))
    gate.open()
    with pytest.raises(Unavailable):
        large.result(60)
    assert (small.result(60), last.result(60)) == (1, 1)
    writer.close()
    assert [r["n"] for r in rows(database, "SELECT n FROM scratch ORDER BY n")] == [1, 3]
    database.dispose()
