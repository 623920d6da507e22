"""What a house is furnished with: a store, its connections and secrets, a web server, and a log of its own."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import structlog
import uvicorn
from shopkeeper import SHOPIFY, SHOPIFY_SECRET, SIGNED, SIGNED_SECRET, STORE

from doorstep import logs
from doorstep.models.base import Database
from doorstep.models.stores import ConnectionRow, StoreRow
from doorstep.settings import Settings


class Quiet(uvicorn.Server):
    """uvicorn without its hands on the test process's signals."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


@contextlib.contextmanager
def logging_to(stream: io.StringIO) -> Iterator[None]:
    """Doorstep's own logging, into `stream`; what was set up before comes back."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    logs.configure("INFO", "json", stream)
    try:
        yield
    finally:
        structlog.configure(**before)
        root.handlers[:] = handlers
        root.setLevel(level)


def furnish(database: Database, settings: Settings, zone: str, store: dict[str, Any]) -> None:
    """The store, its two connections and their secrets."""
    at = datetime.now(UTC)
    more = {"locale": "en", "currency": "EUR", "zone": zone, **store}
    with database.write() as session:
        session.add(StoreRow(id=STORE, name="Fern & Fable", created_at=at, **more))
        session.flush()
        for name, source in ((SHOPIFY, "shopify"), (SIGNED, "signed")):
            session.add(ConnectionRow(id=name, store_id=STORE, source=source, created_at=at))
    keep_secrets(settings)


def keep_secrets(settings: Settings) -> None:
    """The connections' secrets, which are not in the database."""
    settings.keep_connection_secret(SHOPIFY, SHOPIFY_SECRET)
    settings.keep_connection_secret(SIGNED, SIGNED_SECRET)
