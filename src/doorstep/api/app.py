"""The app: every route, one way to fail, and a start that waits for nobody.

Temporal is connected in the background: the API comes up, keeps webhooks and answers reads without it.
`doorstep api` serves `doorstep.api.app:app`, which is made when it is first asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI

from doorstep.api import (
    actions,
    audit,
    codec,
    consents,
    explained,
    health,
    journeys,
    metrics,
    openapi,
    persons,
    planned,
    problems,
    search,
    unsubscribe,
)
from doorstep.api.customer import preferences, review, tracking
from doorstep.api.gauges import Gauges
from doorstep.api.late import LateGateway
from doorstep.api.limits import Limits
from doorstep.api.middleware import Around
from doorstep.api.origins import UiMayAsk
from doorstep.api.outbox import outbox_router
from doorstep.api.parameters import declared_only
from doorstep.api.webhook_parts import WebhookDeps
from doorstep.api.webhooks import build_webhooks
from doorstep.api.wiring import Clock, Journeys, Services, utc_now
from doorstep.codec import key_ring
from doorstep.garbage import Collector
from doorstep.gateway import Courier, Gateway, connect
from doorstep.ingest import Writer
from doorstep.models import Database
from doorstep.settings import Settings, load_settings
from doorstep.telemetry import tracing
from doorstep.templates.packages import brand, page_words
from doorstep.threads import take_short_turns

TAGS = [
    {
        "name": "journeys",
        "description": "Where an order stands, why, and what comes next. From the tables alone.",
    },
    {
        "name": "actions",
        "description": "What an agent may do to a journey, or record of a person: each with a reason, audited.",
    },
    {"name": "privacy", "description": "What is held of a person, what they asked about it, who did what."},
    {"name": "codec", "description": "Opens sealed payloads for Temporal's web UI and command line."},
    {"name": "webhooks", "description": "What stores, carriers and providers tell us."},
    {"name": "outbox", "description": "What the local stand-in for every provider accepted."},
    {"name": "people", "description": "Pages that open from a message, without a login."},
    {"name": "health", "description": "Whether this process lives and can work."},
]
DESCRIPTION = """What happens between an order and its ninetieth day.

Reads come from the database and work with every worker, and Temporal, stopped. Actions reach the journey itself \
and answer within five seconds; a 503 means that nothing was changed and nothing will be.

Send `Authorization: Bearer dsk_…` (`doorstep keys create`). Errors are problem+json (RFC 9457): match on `code`, \
do what `mend` says, quote `instance`. Instants are UTC with an offset; money is in minor units of its currency. \
A field or a query parameter that a route does not have is refused, not ignored. \
Personal data is never in an address; do not put any into a `reason`."""


def create_app(
    settings: Settings | None = None,
    *,
    database: Database | None = None,
    gateway: Journeys | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """The app. What is not given is made from the settings, and settings from the environment; `clock` answers
    aware UTC. A given database is the caller's to dispose of. Raises `SetupError` for settings that are wrong,
    `TemplateError` for a store's language of the customer's pages that is not whole."""
    chosen = settings or load_settings()
    opened, time = database or Database.of(chosen, serving=True), clock or utc_now
    parts = Services(
        settings=chosen,
        database=opened,
        gateway=gateway or _late(chosen, opened, time),
        clock=time,
        pages=page_words(chosen.store_packages),
        brand=brand(chosen.store_packages),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            tracing.configure("doorstep-api")
            stack.push_async_callback(asyncio.to_thread, tracing.close)
            if database is None:
                stack.callback(parts.database.dispose)
                stack.callback(Collector(parts.database.still).start().stop)
            await _start(app, parts, stack)
            yield

    app = FastAPI(
        title="Doorstep",
        version="1",
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,  # ours needs no internet: api/assets/docs.html
        redoc_url=None,
        lifespan=lifespan,
        responses={},
    )
    app.state.services = parts
    app.state.limits = Limits.of(chosen)
    app.state.gauges = Gauges(database=opened, clock=time, stuck=getattr(parts.gateway, "stuck", None))
    problems.install(app)
    key_ring(chosen)  # keys that cannot be read are said now, not at the first payload
    chosen.check_files()
    app.add_middleware(UiMayAsk, origins=chosen.ui_origins)
    app.add_middleware(Around)
    app.include_router(build_webhooks())
    for router in (
        *(search.router, journeys.router, planned.router, explained.router, actions.router),
        *(persons.router, consents.router, audit.router),
    ):
        app.include_router(router, dependencies=[Depends(declared_only)])
    for router in (
        *(
            codec.router,
            outbox_router(),
            tracking.router,
            review.router,
            preferences.router,
            unsubscribe.router,
        ),
        *(health.router, metrics.router),
    ):
        app.include_router(router)
    openapi.install(app)
    return app


async def _start(app: FastAPI, parts: Services, stack: AsyncExitStack) -> None:
    """Starts what runs beside requests; the stack stops it in reverse: first the courier, at last the writer."""
    take_short_turns()
    writer = Writer(parts.database, secret=parts.settings.secret_key).start()
    stack.push_async_callback(asyncio.to_thread, writer.close)
    courier = None
    if isinstance(parts.gateway, LateGateway):
        parts.gateway.writer = writer  # marks of delivery join the webhooks' commits
        stack.push_async_callback(_stopped, asyncio.create_task(parts.gateway.find()))
        courier = Courier(parts.gateway.deliver, pressure=lambda: writer.hurried)
        courier.start()
        stack.push_async_callback(courier.stop)
    app.state.webhooks = WebhookDeps(
        settings=parts.settings,
        database=parts.database,
        writer=writer,
        courier=courier,
        clock=parts.clock,
        limits=app.state.limits,
    )


def _late(settings: Settings, database: Database, clock: Clock) -> LateGateway:
    async def find() -> Gateway:
        return Gateway(await connect(settings), database, settings, clock=clock, writer=late.writer)

    async def away() -> Gateway:
        return Gateway(await connect(settings, lazy=True), database, settings, clock=clock)

    late = LateGateway(find, away)
    return late


async def _stopped(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def __getattr__(name: str) -> Any:
    """`app`, for uvicorn: made on first asking, so that importing this module opens nothing."""
    if name == "app":
        made = create_app()
        globals()["app"] = made
        return made
    raise AttributeError(name)
