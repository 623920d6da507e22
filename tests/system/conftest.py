"""`house`: opens a furnished Doorstep for the test, where it is morning; `own_postgres`: a server of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from house import House, open_house
from shopkeeper import CLARA, IDA, JONAS, morning_zone
from sqlalchemy import make_url

from databases import WITHOUT
from doorstep.postgres_server import PostgresServer, find_binaries
from doorstep.temporal_server import TemporalServer

Houses = Callable[..., Any]


@pytest.fixture
async def houses(temporal_server: TemporalServer, migrated: str, tmp_path: Path) -> AsyncIterator[Houses]:
    """`await houses(**of open_house)`: a new house each time, on SQLite unless told a `database_url` (migrated); closed
    when the test ends."""
    async with AsyncExitStack() as stack:

        async def opened(**asked: Any) -> House:
            folder = tmp_path / uuid4().hex[:6]
            folder.mkdir()
            if "database_url" not in asked:
                shutil.copy(make_url(migrated).database or "", folder / "doorstep.db")
                asked["database_url"] = f"sqlite:///{folder / 'doorstep.db'}"
            asked = {"customers": (IDA, JONAS, CLARA), "zone": morning_zone(datetime.now(UTC)), **asked}
            return await stack.enter_async_context(
                open_house(temporal_server.address, folder=folder / "data", **asked)
            )

        yield opened


@pytest.fixture
async def house(houses: Houses) -> House:
    """One house."""
    found: House = await houses()
    return found


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that the test may kill, and whose files are its own. Skips where there is none, which the run's last
    lines say."""
    if find_binaries() is None:
        pytest.skip(WITHOUT)
    with PostgresServer() as server:
        yield server
