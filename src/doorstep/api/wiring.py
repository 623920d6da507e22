"""What a request needs of the process: settings, database, gateway and clock, put on the app by `create_app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Protocol

from fastapi import Depends, Request
from temporalio.client import WorkflowHistory

from doorstep.contracts import ActionResult, JourneyView
from doorstep.models import Database
from doorstep.settings import Settings
from doorstep.templates.brand import Brand
from doorstep.templates.pages import PageWords

Clock = Callable[[], datetime]


class Journeys(Protocol):
    """What the API asks of Temporal: `doorstep.gateway` in production, a fake in tests. `timeout` in seconds.
    Both raise `Unavailable` when no worker or no Temporal answers in time, `NotFound` for a journey that is over."""

    async def query_state(self, journey_id: str, timeout: float) -> JourneyView:
        """The workflow's own word on where it stands."""
        ...

    async def act(self, journey_id: str, action_id: str, timeout: float) -> ActionResult:
        """Let the journey claim and carry out that action; answers what it did."""
        ...

    async def history(self, journey_id: str, timeout: float) -> WorkflowHistory:
        """The journey's whole history, payloads opened; the kept one where Temporal has forgotten it."""
        ...


@dataclass(kw_only=True)
class Services:
    """One process's parts. `clock` answers aware UTC; `pages`: what the customer's pages say, by language; `brand`: how
    they look, before a store's own values."""

    settings: Settings
    database: Database
    gateway: Journeys
    clock: Clock
    pages: PageWords
    brand: Brand


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


async def services(request: Request) -> Services:
    """The process's parts, for a route. `async`, so that it costs no thread."""
    found: Services = request.app.state.services
    return found


Parts = Annotated[Services, Depends(services)]
