"""An outbox over a real database, and a browser that looks at it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.testclient import TestClient

from channels.posting import NOW
from doorstep.api.limits import Limits
from doorstep.api.outbox import outbox_router
from doorstep.api.problems import on_doorstep_error, on_invalid
from doorstep.channels.outbox import OutboxSender
from doorstep.errors import DoorstepError
from doorstep.models import Database, ids
from doorstep.models.ledger import OutboxMessage
from doorstep.models.stores import StoreRow
from doorstep.settings import Settings


@pytest.fixture
def outbox(database: Database) -> OutboxSender:
    """The sender, over a database with one store in it."""
    with database.write() as session:
        session.add(
            StoreRow(
                id="sto_a",
                name="Fjord <i>& Field",
                brand={"support_email": "hello@fjord.example"},
                created_at=NOW,
            )
        )
    return OutboxSender(database, OutboxMessage, ids.draw)


@pytest.fixture
def browser(database: Database) -> Callable[..., TestClient]:
    """Opens the outbox's pages as someone at `client` who typed `base_url`; `outbox_open` is the setting."""
    app = FastAPI()
    app.include_router(outbox_router())
    app.add_exception_handler(DoorstepError, on_doorstep_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.state.limits = Limits.of(Settings())

    def open_(
        client: str = "127.0.0.1", base_url: str = "http://127.0.0.1:8080", *, outbox_open: bool = True
    ) -> TestClient:
        app.state.services = SimpleNamespace(database=database, settings=Settings(outbox_open=outbox_open))
        return TestClient(app, base_url=base_url, client=(client, 5000))

    return open_
