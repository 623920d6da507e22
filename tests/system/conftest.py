"""`house`: opens a furnished Doorstep for the test, where it is morning; `connected`: one that sends by SendGrid and
Twilio; `own_postgres`: a server of its own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from callbacks import MAIL, SMS
from house import House, namespaces, open_house
from shopkeeper import CLARA, IDA, JONAS, STORE, morning_zone
from sqlalchemy import make_url

from databases import WITHOUT
from doorstep.models.stores import ConnectionRow
from doorstep.postgres_server import PostgresServer, find_binaries
from doorstep.temporal_server import TemporalServer
from doorstep.workflows import registry
from simulators.sendgrid import SendGrid
from simulators.twilio import SID, TOKEN, Twilio

Houses = Callable[..., Any]
AT_ONCE = 12
"""Temporal namespaces that are made together."""


@pytest.fixture(scope="session")
def empty_namespaces() -> list[str]:
    """Those in which nobody has lived yet; `houses` takes them, and has more made when there is none."""
    return []


@pytest.fixture
async def houses(
    temporal_server: TemporalServer, migrated: str, tmp_path: Path, empty_namespaces: list[str]
) -> AsyncIterator[Houses]:
    """`await houses(**of open_house)`: a new house each time, on SQLite unless told a `database_url` (migrated); closed
    when the test ends."""
    async with AsyncExitStack() as stack:

        async def opened(**asked: Any) -> House:
            folder = tmp_path / uuid4().hex[:6]
            folder.mkdir()
            if "database_url" not in asked:
                shutil.copy(make_url(migrated).database or "", folder / "doorstep.db")
                asked["database_url"] = f"sqlite:///{folder / 'doorstep.db'}"
            if not empty_namespaces:
                empty_namespaces.extend(await namespaces(temporal_server.address, AT_ONCE))
            asked = {"namespace": empty_namespaces.pop(), **asked}
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
def texting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The journey of both channels is published, and every order gets it, for this test only."""
    registry.load()
    monkeypatch.setattr(registry, "_JOURNEYS", dict(registry._JOURNEYS))
    monkeypatch.setattr(registry, "_ROUTING", list(registry._ROUTING))
    registry.load(("two_channels",))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "two_channels"]:
        del sys.modules[name]


@pytest.fixture
def mail() -> Iterator[SendGrid]:
    with SendGrid() as vendor:
        yield vendor


@pytest.fixture
def sms() -> Iterator[Twilio]:
    with Twilio() as vendor:
        yield vendor


@pytest.fixture
async def connected(
    texting: None, houses: Houses, mail: SendGrid, sms: Twilio, monkeypatch: pytest.MonkeyPatch
) -> House:
    """A house that is set up as docs/integrating.md says."""
    monkeypatch.setenv("SENDGRID_API_KEY", mail.api_key)
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", SID)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("TWILIO_FROM", "+15005550006")
    urls = {"sendgrid_url": mail.url, "twilio_url": sms.url, "mail_from": "post@fern.example"}
    house: House = await houses(set_=urls, brand={"support_email": "help@fern.example"})
    with house.database.write() as session:
        for name, source in ((MAIL, "sendgrid"), (SMS, "twilio")):
            session.add(ConnectionRow(id=name, store_id=STORE, source=source, created_at=house.now()))
    house.settings.keep_connection_secret(MAIL, mail.public_key)
    return house


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that the test may kill, and whose files are its own. Skips where there is none, which the run's last
    lines say."""
    if find_binaries() is None:
        pytest.skip(WITHOUT)
    with PostgresServer() as server:
        yield server
