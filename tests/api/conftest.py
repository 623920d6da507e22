"""A furnished database, the app over it, and clients with keys. Every address asked for and every line logged
through them is searched for personal data when the test ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI

from api import desk
from doorstep.api.app import create_app
from doorstep.models.base import Database
from doorstep.models.keys import create
from doorstep.settings import Settings


@pytest.fixture
def furnished(database: Database) -> Database:
    desk.furnish(database)
    return database


@pytest.fixture
def gateway() -> desk.ToldGateway:
    return desk.ToldGateway()


@pytest.fixture
def app(furnished: Database, gateway: desk.ToldGateway, tmp_path: Path) -> FastAPI:
    settings = Settings(data_dir=tmp_path)
    return create_app(settings, database=furnished, gateway=gateway, clock=lambda: desk.NOW)


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    """Every structlog line of the test, exception texts included, and the addresses asked for."""
    lines: list[dict[str, Any]] = []

    def keep(logger: Any, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        lines.append(dict(event))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.format_exc_info, keep],
        cache_logger_on_first_use=False,
    )
    yield lines
    structlog.configure(**before)
    told = json.dumps(lines, default=str, ensure_ascii=False).lower()
    for secret in desk.PERSONAL:
        assert secret.lower() not in told, f"{secret} was logged or put into an address"


Client = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def client(app: FastAPI, furnished: Database, logged: list[dict[str, Any]]) -> AsyncIterator[Client]:
    """`client(scopes, store)`: an HTTP client with a new key; `client(None)` has none."""
    async with AsyncExitStack() as stack:

        async def remember(request: httpx.Request) -> None:
            logged.append({"asked": str(request.url)})

        def made(
            scopes: tuple[str, ...] | None = ("support",), store: str | None = None
        ) -> httpx.AsyncClient:
            headers = {}
            if scopes is not None:
                _, key = create(furnished, name="test", scopes=scopes, store_id=store, now=desk.NOW)
                headers["Authorization"] = f"Bearer {key}"
            return httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://127.0.0.1:8080",
                headers=headers,
                event_hooks={"request": [remember]},
            )

        yield made
        await stack.aclose()


@pytest.fixture
def agent(client: Client) -> httpx.AsyncClient:
    """A support agent of every store."""
    return client()
