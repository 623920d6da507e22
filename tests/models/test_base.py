"""The ground of every table: instants, transactions, and statements that were compiled once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError, StatementError

from doorstep.domain.outcomes import TouchState
from doorstep.domain.touches import LedgerRow
from doorstep.models import content, facts, projection, store
from doorstep.models.base import Database
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.ledger_rows import ledger_values
from doorstep.models.people import PersonRow
from doorstep.models.prepared import Prepared
from doorstep.models.stores import StoreRow
from doorstep.models.tables import table
from shop import JOURNEY, NOON, ORDER, PERSON, STORE, a_request, open_shop

PREPARED = [
    (f"{module.__name__}.{name}", value)
    for module in (facts, content, projection, store)
    for name, value in vars(module).items()
    if isinstance(value, Prepared)
]


def test_an_instant_comes_back_aware_and_utc_to_the_microsecond(database: Database) -> None:
    """Zones other than UTC are converted, and nothing of the instant is lost."""
    there = datetime(2026, 3, 29, 3, 30, 1, 234567, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    with database.write() as session:
        session.add(StoreRow(id="s", name="s", created_at=there))
    with database.read() as session:
        back = session.get(StoreRow, "s")
        assert back is not None
        assert back.created_at == there
        assert back.created_at.tzinfo is UTC or back.created_at.utcoffset() == timedelta(0)


def test_a_naive_instant_is_refused(database: Database) -> None:
    """What has no zone never reaches the database."""
    with pytest.raises((StatementError, ValueError)), database.write() as session:
        session.add(StoreRow(id="s", name="s", created_at=NOON.replace(tzinfo=None)))


def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    """Everything in a `write` block commits together or not at all."""

    def fail() -> None:
        with database.write() as session:
            session.add(StoreRow(id="s", name="s", created_at=NOON))
            session.flush()
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as session:
        assert session.get(StoreRow, "s") is None


def test_writers_queue_instead_of_failing(database: Database) -> None:
    """Twenty threads that each read and then write never lose an update."""
    with database.write() as session:
        session.add(StoreRow(id="s", name="0", created_at=NOON))

    def count(_: int) -> None:
        with database.writing() as connection:
            found = connection.execute(text("SELECT name FROM stores WHERE id = 's' " + lock)).scalar_one()
            connection.execute(text("UPDATE stores SET name = :n"), {"n": str(int(found) + 1)})

    lock = "" if database.is_sqlite else "FOR UPDATE"
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(count, range(100)))
    with database.reading() as connection:
        assert connection.execute(text("SELECT name FROM stores")).scalar_one() == "100"


def test_a_reader_is_not_kept_waiting_by_a_writer(database: Database) -> None:
    """While a transaction writes, others read what was committed before."""
    open_shop(database)
    written, read = threading.Event(), threading.Event()

    def write() -> None:
        with database.writing() as connection:
            connection.execute(text("UPDATE stores SET name = 'changed'"))
            written.set()
            read.wait(60)

    writer = threading.Thread(target=write)
    writer.start()
    written.wait(60)
    started = time.monotonic()
    with database.reading() as connection:
        assert connection.execute(text("SELECT name FROM stores")).scalar_one() == "Ada's shop"
    assert time.monotonic() - started < 15
    read.set()
    writer.join()


def test_errors_do_not_quote_personal_data(database: Database) -> None:
    """A failing statement's message does not hold the values it was given."""
    person = PersonRow(id="p", store_id="nobody", first_name="Grace Hopper", created_at=NOON, updated_at=NOON)
    with pytest.raises(SQLAlchemyError) as caught, database.write() as session:
        session.add(person)
    assert "Hopper" not in str(caught.value)


@pytest.mark.parametrize(("name", "statement"), PREPARED, ids=[name for name, _ in PREPARED])
def test_every_prepared_statement_compiles_for_both_databases(name: str, statement: Prepared) -> None:
    """What runs on SQLite also has words for PostgreSQL."""
    for dialect in (sqlite.dialect(), postgresql.psycopg.dialect()):
        assert statement._made(dialect).sql


def test_a_prepared_row_equals_sqlalchemys_own(database: Database) -> None:
    """Values of every column kind come back as SQLAlchemy would have brought them."""
    open_shop(database)
    ledger = table(LedgerRowModel)
    row = LedgerRow(request=a_request(), state=TouchState.ACCEPTED, decided_at=NOON, shadow=True)
    with database.writing() as connection:
        store._SAVE.run(connection, ledger_values(row))
        ours = store._TOUCH.first(connection, {"touch_key": row.request.key})
        theirs = connection.execute(select(ledger)).one()
        assert ours is not None
        assert ours._asdict() == theirs._asdict()
        wanted = {"person": PERSON, "store": STORE, "order": ORDER, "journey": JOURNEY}
        assert facts.STANDING.first(connection, wanted).policy == {}
