"""Statements straight through libpq: the same values, errors and transactions as psycopg's cursors would make."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import JSON, Column, LargeBinary, MetaData, String, Table, bindparam, select, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from databases import Postgres
from doorstep.models.base import Database, UtcDateTime
from doorstep.models.prepared import Inserting, Prepared, prepared
from doorstep.models.together import Step, together
from doorstep.models.trouble import away, contended, passing

THINGS = Table(
    "things",
    MetaData(),
    Column("id", String, primary_key=True),
    Column("body", LargeBinary),
    Column("said", JSON),
    Column("at", UtcDateTime),
)
KEEP = Inserting(THINGS, ("id", "body", "said", "at"))
FIND = prepared(select(THINGS).where(THINGS.c.id == bindparam("thing")))
ALL = prepared(select(THINGS.c.id).order_by(THINGS.c.id))
SAY = Prepared(lambda _: update(THINGS).where(THINGS.c.id == bindparam("thing")), ["said"])
ODD = prepared(select(THINGS.c.id).where(THINGS.c.id.like("100%"), THINGS.c.id != bindparam("thing")))
FAIL = prepared(text("INSERT INTO things (id) VALUES (NULL)"))
NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def things(postgres: Postgres) -> Iterator[Database]:
    url = postgres.create("doorstep_pipeline")
    database = Database(url)
    with database.writing() as connection:
        THINGS.create(connection)
    yield database
    database.dispose()
    postgres.drop(url)


def row(name: str, size: int = 3) -> dict[str, object]:
    return {"id": name, "body": bytes(range(256)) * size, "said": {"ü": [1, None, "%s"]}, "at": NOON}


def test_values_of_every_kind_go_there_and_come_back(things: Database) -> None:
    """Bytes, JSON, instants, what looks like a format, and nothing."""
    nothing = {"id": "$1 %(x)s", "body": None, "said": None, "at": None}
    with things.writing() as connection:
        assert KEEP.many(connection, [row("a"), nothing]) == 2
    with things.reading() as connection:
        assert FIND.first(connection, {"thing": "a"})._asdict() == row("a")  # type: ignore[union-attr]
        assert FIND.first(connection, {"thing": "$1 %(x)s"})._asdict() == nothing  # type: ignore[union-attr]
        assert FIND.first(connection, {"thing": "b"}) is None
        theirs = connection.execute(select(THINGS).order_by(THINGS.c.id)).all()
        assert [one._asdict() for one in theirs] == [nothing, row("a")]


@pytest.mark.parametrize("count", [1, 2, 5, 31, 67])
def test_any_number_of_rows_is_kept_once_each(things: Database, count: int) -> None:
    """However they are put together; one that is there already is left and not counted."""
    rows = [row(f"{n:03}", size=0) for n in range(count)]
    with things.writing() as connection:
        assert KEEP.many(connection, rows) == count
        assert KEEP.many(connection, [*rows, row("x")]) == 1
        assert len(ALL.all(connection, {})) == count + 1


def test_more_than_a_socket_holds_goes_both_ways_at_once(things: Database) -> None:
    """While we still send, the server answers: neither waits for the other."""
    big = row("big", size=8000)
    with things.writing() as connection:
        KEEP.run(connection, big)
        steps = [
            step
            for _ in range(12)
            for step in (Step(FIND, [{"thing": "big"}]), Step(KEEP, [{**big, "id": "big"}]))
        ]
        together(connection, steps)
    assert all(step.rows[0].body == big["body"] for step in steps[::2])
    assert [step.count for step in steps[1::2]] == [0] * 12


def test_after_the_first_error_nothing_more_is_run_and_the_connection_goes_on(things: Database) -> None:
    """The error is the first one; a statement that was first seen behind it is prepared when it comes again, also after
    a rollback, which throws nothing away that is prepared."""
    steps = [Step(KEEP, [row("b")]), Step(FAIL, [{}]), Step(SAY, [{"thing": "a", "said": 1}])]
    with pytest.raises(psycopg.errors.NotNullViolation), things.writing() as connection:
        together(connection, steps)
    with things.writing() as connection:
        assert ALL.all(connection, {}) == []
        savepoint = connection.connection.cursor()
        KEEP.run(connection, row("a"))
        savepoint.execute("SAVEPOINT one")
        with pytest.raises(psycopg.errors.NotNullViolation):
            FAIL.run(connection, {})
        savepoint.execute("ROLLBACK TO SAVEPOINT one")
        assert SAY.run(connection, {"thing": "a", "said": 1}) == 1
    with things.reading() as connection:
        assert [one.id for one in ALL.all(connection, {})] == ["a"]
        assert [one.id for one in ODD.all(connection, {"thing": "a"})] == []


def test_what_cannot_be_sent_is_said_before_anything_is(things: Database) -> None:
    """PostgreSQL's text holds no NUL."""
    with things.writing() as connection:
        with pytest.raises(psycopg.DataError):
            KEEP.many(connection, [row("a"), row("b\0")])
        assert ALL.all(connection, {}) == []
        assert KEEP.run(connection, row("a")) == 1


def _end(postgres: Postgres, connection: Connection) -> None:
    raw = connection.connection.dbapi_connection
    postgres.admin.execute("SELECT pg_terminate_backend(%s, 5000)", [raw.info.backend_pid])  # type: ignore[union-attr]


def test_a_connection_that_was_lost_is_away_and_every_older_one_is_asked_before_its_use(
    things: Database, postgres: Postgres
) -> None:
    """Though both were used a moment ago."""
    with things.reading() as one, things.reading() as two:
        ALL.all(one, {})
        ALL.all(two, {})
        _end(postgres, one)
        _end(postgres, two)
    with (
        pytest.raises((psycopg.OperationalError, OperationalError)) as caught,
        things.writing() as connection,
    ):
        ALL.all(connection, {})
    assert away(caught.value)
    for _ in range(3):
        with things.writing() as one, things.writing() as two:
            assert ALL.all(one, {}) == ALL.all(two, {}) == []


@pytest.mark.parametrize(
    "meanwhile",
    [
        "DISCARD ALL",  # a pooler between
        "ALTER TABLE things ALTER COLUMN id TYPE varchar({n})",  # a migration
    ],
)
def test_what_was_prepared_is_prepared_anew_when_it_no_longer_holds(things: Database, meanwhile: str) -> None:
    """At a transaction's start nobody notices; in the midst of one it is to be run again, and gets through."""
    width = itertools.count(9)

    def happens() -> None:
        with things.reading() as connection:
            FIND.first(connection, {"thing": "a"})
            connection.exec_driver_sql(meanwhile.format(n=next(width)))

    with things.writing() as connection:
        KEEP.run(connection, row("a"))
    for opened in (things.reading, things.writing):
        happens()
        for _ in range(2):
            with opened() as connection:
                assert FIND.first(connection, {"thing": "a"}).id == "a"  # type: ignore[union-attr]
    happens()
    with things.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        with pytest.raises(psycopg.Error) as caught:
            FIND.first(connection, {"thing": "a"})
    assert contended(caught.value)
    assert passing(caught.value)
    with things.writing() as connection:
        connection.exec_driver_sql("SELECT 1")
        assert FIND.first(connection, {"thing": "a"}).id == "a"  # type: ignore[union-attr]
