"""On PostgreSQL every wait has an end, and what its errors mean is known."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError

from databases import Postgres, only_reads_now
from doorstep.models.base import Database
from doorstep.models.postgres import IDLE_SECONDS, Limits
from doorstep.models.trouble import away, contended, only_reads, passing
from doorstep.postgres_server import PostgresServer, find_binaries
from doorstep.settings import Settings, load_settings


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> Iterator[str]:
    made = postgres.create("doorstep_limits")
    yield made
    postgres.drop(made)


def opened(url: str, **limits: float) -> Database:
    return Database(url, pool_size=2, limits=Limits(**limits))


def fails(database: Database, work: Callable[[Connection], object]) -> Exception:
    with pytest.raises(Exception) as caught, database.writing() as connection:  # noqa: PT011 - which one is the claim
        work(connection)
    assert isinstance(caught.value, Exception)
    return caught.value


def test_the_settings_reach_the_server(url: str, tmp_path: Path) -> None:
    """Each as the connection sees it; what the URL says itself goes before."""
    variables = {
        "DOORSTEP_DATABASE_URL": f"{url}?application_name=mine&options=-c%20lock_timeout%3D7000",
        "DOORSTEP_DATABASE_STATEMENT_SECONDS": "3.5",
        "DOORSTEP_DATABASE_LOCK_SECONDS": "2",
        "DOORSTEP_DATABASE_IDLE_SECONDS": "4",
    }
    database = Database.of(load_settings(variables, data_dir=tmp_path))
    with database.reading() as connection:
        shown = {
            name: connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in (
                *("statement_timeout", "lock_timeout"),
                *("idle_in_transaction_session_timeout", "application_name"),
            )
        }
    database.dispose()
    assert shown == {
        "statement_timeout": "3500ms",
        "lock_timeout": "7s",
        "idle_in_transaction_session_timeout": "4s",
        "application_name": "mine",
    }


def test_a_statement_that_takes_too_long_is_ended(url: str) -> None:
    """Passing trouble, of which the next statement on the same connection knows nothing."""
    database = opened(url, statement=1.0)
    error = fails(database, lambda connection: connection.execute(text("SELECT pg_sleep(30)")))
    assert passing(error)
    assert not away(error)
    with database.reading() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    database.dispose()


def test_whoever_waits_too_long_for_a_lock_gives_way(url: str) -> None:
    """It is worth running again."""
    database = opened(url, lock=0.2)
    with database.writing() as holder:
        holder.execute(text("SELECT pg_advisory_xact_lock(1)"))
        error = fails(database, lambda mine: mine.execute(text("SELECT pg_advisory_xact_lock(1)")))
    assert contended(error)
    assert passing(error)
    database.dispose()


def test_a_transaction_that_does_nothing_is_ended(url: str) -> None:
    """A process that hangs in its middle holds nobody up; the pool replaces the connection."""
    database = opened(url, idle=0.2)
    waiting = threading.Event()

    def hang(connection: Connection) -> None:
        connection.execute(text("SELECT 1"))
        waiting.wait(1.5)
        connection.execute(text("SELECT 1"))

    assert passing(fails(database, hang))
    with database.reading() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    database.dispose()


def test_when_every_connection_is_in_use_callers_hear_so_in_time(url: str) -> None:
    """The pool's wait has an end too; the database is not away for it to be said."""
    database = Database(url, pool_size=1, limits=Limits(wait=0.2))
    with database.reading(), database.reading():  # one, and one in a rush
        error = fails(database, lambda connection: None)
    assert passing(error)
    database.dispose()


def test_our_own_mistakes_do_not_pass(url: str) -> None:
    """Asking again would not help, and nobody is told to."""
    database = opened(url)
    error = fails(database, lambda connection: connection.execute(text("SELECT * FROM nothing")))
    assert not passing(error)
    assert not contended(error)
    assert not away(error)
    database.dispose()


@pytest.mark.skipif(find_binaries() is None, reason="needs a PostgreSQL of its own, as the last lines say")
def test_a_server_that_was_restarted_is_found_again_without_one_failed_request() -> None:
    """While it is down it is away; afterwards the pool's dead connections are replaced before they are used. (And a
    server that stands back does so with every process.)"""
    with PostgresServer(niceness=7) as server:
        database = opened(server.url())
        other = opened(server.url())
        for held in (database, other):
            with held.reading() as one, held.reading() as two:
                assert one is not two
        server.kill()
        error = fails(other, lambda connection: connection.execute(text("SELECT 1")))
        assert away(error)
        assert passing(error)
        server.start()
        time.sleep(IDLE_SECONDS)  # one that was used just now is believed in
        for _ in range(3):
            with database.writing() as connection:
                backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
                assert os.getpriority(os.PRIO_PROCESS, backend) == 7
                _lowered_as_a_session(backend, 7)
        database.dispose()
        other.dispose()


def _lowered_as_a_session(pid: int, niceness: int) -> None:
    """Within a moment; where Linux has no such groups there is nothing to lower."""
    group = Path(f"/proc/{pid}/autogroup")
    deadline = time.monotonic() + 20
    while group.exists() and not group.read_text().strip().endswith(f"nice {niceness}"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def standby(url: str) -> Iterator[Database]:
    """A database whose pool is full of connections that were opened while its server took no writes."""
    only_reads_now(url, True)
    database = opened(url)
    with database.reading(), database.reading():
        pass
    yield database
    only_reads_now(url, False)
    database.dispose()


def writes(database: Database) -> bool:
    try:
        with database.writing() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS kept (n int)"))
    except DBAPIError as error:
        if only_reads(error) and passing(error):
            return False
        raise
    return True


def test_after_a_failover_each_connection_to_the_standby_fails_once_at_most(
    standby: Database, url: str
) -> None:
    """However busy the pool is, so that none of them lies idle."""
    assert not writes(standby)
    only_reads_now(url, False)
    assert [writes(standby) for _ in range(4)][-2:] == [True, True]


def test_one_that_lay_idle_is_replaced_before_it_is_used(standby: Database, url: str) -> None:
    """Not one request fails for what is over."""
    assert not standby.takes_writes()
    only_reads_now(url, False)
    time.sleep(IDLE_SECONDS)
    assert all(writes(standby) for _ in range(4))
    assert standby.takes_writes()


def test_what_is_asked_for_readiness_does_not_keep_a_standby(standby: Database, url: str) -> None:
    """An API that is not ready is sent nothing to write, which would find out."""
    assert not standby.takes_writes()
    only_reads_now(url, False)
    assert [standby.takes_writes() for _ in range(3)][-1]


def test_of_several_servers_the_one_that_writes_is_taken(url: str) -> None:
    """Unless the URL says otherwise; one server is asked for reads whatever it is."""
    parts = make_url(url)
    twice = parts.set(host=None, port=None).update_query_dict({"host": [f"127.0.0.1:{parts.port}"] * 2})
    several = twice.render_as_string(hide_password=False)
    only_reads_now(url, True)
    try:
        database = opened(several)
        assert away(fails(database, lambda connection: None))
        only_reads_now(url, False)
        assert writes(database)
        database.dispose()
        only_reads_now(url, True)
        reading = opened(f"{several}&target_session_attrs=any")
        assert not reading.takes_writes()
        reading.dispose()
    finally:
        only_reads_now(url, False)


def test_a_place_where_nobody_listens_is_away_at_once() -> None:
    """Connecting has an end of its own."""
    assert away(fails(opened("postgresql+psycopg://nobody@127.0.0.1:1/nothing"), lambda connection: None))


def test_by_default_nothing_is_without_an_end() -> None:
    """The settings' defaults and the limits' are the same."""
    assert Limits.of(Settings()) == Limits()
    assert all(seconds > 0 for seconds in vars(Limits()).values())
