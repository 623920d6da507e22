"""A worker that starts before its database does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import text

from databases import WITHOUT
from doorstep.models.base import Database
from doorstep.models.patience import patiently
from doorstep.postgres_server import PostgresServer, find_binaries

NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"


def look(database: Database) -> Callable[[], int]:
    """What a worker asks first."""

    def ask() -> int:
        with database.reading() as connection:
            return int(connection.execute(text("SELECT 1")).scalar_one())

    return ask


async def test_our_own_mistake_is_no_reason_to_wait() -> None:
    """Waiting would hide it."""

    def fails() -> None:
        raise KeyError("no such thing")

    with pytest.raises(KeyError):
        await patiently(fails, asyncio.Event())


async def test_it_waits_for_the_database_and_goes_on_when_it_is_there() -> None:
    """As after a power cut, when everything starts at once: no crash, no restart by a supervisor needed."""
    if find_binaries() is None:
        pytest.skip(WITHOUT)
    with PostgresServer() as server:
        server.kill()
        database = Database(server.url(), pool_size=1)
        waiting = asyncio.create_task(patiently(look(database), asyncio.Event()))
        await asyncio.sleep(1)
        assert not waiting.done()
        server.start()
        assert await asyncio.wait_for(waiting, 60) == 1
        database.dispose()


async def test_it_ends_when_told_while_it_waits() -> None:
    """Ctrl-C is not kept waiting by a database that never comes."""
    stop = asyncio.Event()
    waiting = asyncio.create_task(patiently(look(Database(NOWHERE, pool_size=1)), stop))
    await asyncio.sleep(0.2)
    stop.set()
    assert await asyncio.wait_for(waiting, 60) is None


async def test_while_it_waits_it_says_what_for(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong name or password looks like a database that is away: the server's own words tell them apart."""
    if find_binaries() is None:
        pytest.skip(WITHOUT)
    stop = asyncio.Event()
    with PostgresServer() as server:
        database = Database(server.url("nothing_of_that_name"), pool_size=1)
        waiting = asyncio.create_task(patiently(look(database), stop))
        await asyncio.sleep(1)
        stop.set()
        assert await waiting is None
        database.dispose()
    assert "nothing_of_that_name" in capsys.readouterr().out + caplog.text
