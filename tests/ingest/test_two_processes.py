"""Two processes take in webhooks about the same orders and persons at the same moment."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from databases import Postgres
from doorstep.errors import Unavailable
from doorstep.ingest import Answer, Raw, Writer
from doorstep.ingest.accept import accept, accept_in
from doorstep.models.base import Database
from doorstep.sources.sightings import OrderSighting, PersonSighting
from ingest.telling import NOON, SHOP, open_shop, order, ref, rows, take, whole

ORDERS = 12


@contextmanager
def processes(url: str, count: int = 2, most: int = 32) -> Iterator[list[Writer]]:
    """As many writers as processes would have, each with a pool of its own."""
    opened = [Database(url, pool_size=4) for _ in range(count)]
    writers = [Writer(database, most=most).start() for database in opened]
    yield writers
    for writer, database in zip(writers, opened, strict=True):
        writer.close()
        database.dispose()


@pytest.mark.parametrize("most", [1, 32])
def test_whatever_several_processes_hear_at_once_is_all_there_once(
    database: Database, database_url: str, most: int
) -> None:
    """Each order's versions, shuffled over four: nobody is turned away, the newest version stands, one person and
    one journey each, and every later order of a person is told to the earlier ones."""
    open_shop(database)
    told = [(n, version) for n in range(ORDERS) for version in range(6)]
    random.Random(20261125).shuffle(told)

    def work(n: int, version: int):
        at = NOON + timedelta(minutes=version)
        who = PersonSighting(external_id=f"c{n % 3}", email=f"p{n % 3}@example.org")
        placed = NOON - timedelta(days=n)
        seen = replace(order(str(n), person=who, placed=placed, updated=at), number=f"#{version}")
        raw = Raw(external_id=f"{n}-{version}", body=b"")
        return lambda conn: accept_in(conn, SHOP, whole(seen), raw, at)

    with processes(database_url, 4, most) as writers:
        asked = [writers[i % 4].submit(work(*one)) for i, one in enumerate(told)]
        answers = [one.result(60) for one in asked]

    assert {answer.status for answer in answers} == {Answer.ACCEPTED}
    assert len(rows(database, "SELECT * FROM persons")) == 3
    assert len(rows(database, "SELECT * FROM journeys")) == ORDERS
    numbers = {row["number"] for row in rows(database, "SELECT number FROM orders")}
    assert numbers == {"#5"}
    again = rows(
        database, "SELECT subject, order_ref FROM inbox_events WHERE type = 'customer.ordered_again'"
    )
    heard = {(row["subject"], row["order_ref"]) for row in again}
    for later in range(ORDERS):
        for earlier in range(later + 3, ORDERS, 3):  # the higher the number, the longer ago; same person
            assert {(ref(str(later)), None), (ref(str(later)), ref(str(earlier)))} & heard


def side_by_side(database: Database, url: str, first: OrderSighting, second: OrderSighting) -> None:
    """`second` is taken in by another process while `first` is written and not yet committed."""
    other = Database(url, pool_size=1)
    with ThreadPoolExecutor(1) as threads:
        with database.writing() as conn:
            accept_in(conn, SHOP, whole(first), Raw(external_id="first", body=b""), first.updated_at)
            asked = threads.submit(
                accept, other, SHOP, whole(second), Raw(external_id="second", body=b""), second.updated_at
            )
            with pytest.raises(TimeoutError):
                asked.result(0.5)
        assert asked.result(20).status is Answer.ACCEPTED
    other.dispose()


def test_an_older_version_told_beside_a_newer_one_does_not_replace_it(
    database: Database, database_url: str
) -> None:
    """The second process waits for the order's row, and then sees what the first wrote."""
    open_shop(database)
    older, newer = (replace(order(updated=NOON + timedelta(hours=n)), number=f"#{n}") for n in (1, 2))
    take(database, whole(order()), "before")
    side_by_side(database, database_url, newer, older)
    assert [row["number"] for row in rows(database, "SELECT number FROM orders")] == ["#2"]


def test_two_orders_of_one_person_told_at_once_know_of_each_other(
    database: Database, database_url: str
) -> None:
    """The second process waits for the person's row, so that it finds the first order there."""
    open_shop(database)
    take(database, whole(order("0", placed=NOON - timedelta(days=9))), "before")
    first, second = (order(str(n), placed=NOON + timedelta(hours=n)) for n in (1, 2))
    side_by_side(database, database_url, first, second)
    again = rows(database, "SELECT subject FROM inbox_events WHERE type = 'customer.ordered_again'")
    assert {row["subject"] for row in again} == {ref("1"), ref("2")}


def test_one_that_gives_way_to_another_process_is_run_again(postgres: Postgres) -> None:
    """PostgreSQL ends one of two transactions that wait for each other: its caller never hears of it."""
    both: list[list[int]] = [[], []]

    def crossing(mine: int):
        def work(conn: Connection) -> int:
            both[mine].append(1)
            for n in (mine, 1 - mine):
                conn.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": n})
                conn.execute(text("SELECT pg_sleep(0.2)"))
            return mine

        return work

    with processes(postgres.create("doorstep_crossing")) as writers:
        asked = [writer.submit(crossing(n)) for n, writer in enumerate(writers)]
        assert [one.result(30) for one in asked] == [0, 1]
    assert len(both[0]) + len(both[1]) > 2, "they never met"


def test_while_the_database_is_away_every_caller_hears_so_at_once() -> None:
    """Not one after the other: thirty who wait together are told together."""
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    writer = Writer(database).start()
    with ThreadPoolExecutor(30) as threads:
        told = list(threads.map(lambda _: writer.submit(lambda _conn: None).exception(20), range(30)))
    writer.close()
    database.dispose()
    assert {type(error) for error in told} == {Unavailable}
