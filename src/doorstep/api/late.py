"""A gateway that may come later: the API starts and serves reads while Temporal is away, and finds it by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

import structlog
from temporalio.client import WorkflowHistory

from doorstep.contracts import ActionResult, JourneyView
from doorstep.errors import SetupError, Unavailable
from doorstep.gateway import Delivered, Gateway
from doorstep.ingest import Writer

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 15.0
SOON_SECONDS = 2.0
"""A delivery waits so long for Temporal to be found: it is, a moment after the API has started, and the sweep would
come for what was taken in meanwhile only seconds later."""

log = structlog.get_logger(__name__)


class LateGateway:
    """Stands in until `connect` succeeds; then passes everything on. Before that everything is `Unavailable`, but for
    the histories that are kept: `away` makes a gateway that is not connected and reads them."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Gateway]],
        away: Callable[[], Awaitable[Gateway]] | None = None,
    ) -> None:
        self._connect, self._away = connect, away
        self.found: Gateway | None = None
        self._there_now = asyncio.Event()
        self.writer: Writer | None = None
        """The process's group commit, for the gateway to be; set before it is looked for."""

    async def find(self) -> Gateway:
        """Tries until it is there, ever less often. Cancel it to stop."""
        wait = FIRST_WAIT_SECONDS
        while self.found is None:
            try:
                self.found = await self._connect()
                self._there_now.set()
            except Exception as error:  # noqa: BLE001 - whatever keeps Temporal away, the API stays and tries again
                # what a person has to mend is said in its own words
                why = str(error) if isinstance(error, SetupError) else type(error).__name__
                log.warning("api.temporal_unreachable", error=why, again_in_seconds=wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
        return self.found

    async def query_state(self, journey_id: str, timeout: float) -> JourneyView:
        """As `Journeys.query_state`."""
        return await self._there().query_state(journey_id, timeout)

    async def act(self, journey_id: str, action_id: str, timeout: float) -> ActionResult:
        """As `Journeys.act`."""
        return await self._there().act(journey_id, action_id, timeout)

    async def history(self, journey_id: str, timeout: float) -> WorkflowHistory:
        """As `Journeys.history`."""
        if self.found is None and self._away is not None:
            return await (await self._away()).history(journey_id, timeout)
        return await self._there().history(journey_id, timeout)

    async def reachable(self) -> bool:
        """Whether Temporal answers now."""
        return self.found is not None and await self.found.reachable()

    async def stuck(self, timeout: float) -> int:
        """How many workflows cannot go on."""
        return await self._there().stuck(timeout)

    async def deliver(self, journeys: Iterable[str], persons: Iterable[str]) -> Delivered:
        """For the courier: what is not delivered now is taken by the sweep."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._there_now.wait(), SOON_SECONDS)
        if self.found is None:
            return Delivered(unavailable=True)
        return await self.found.deliver(journeys, persons)

    def _there(self) -> Gateway:
        if self.found is None:
            raise Unavailable(
                "Temporal is not connected yet.", mend="`doorstep doctor` says what is missing."
            )
        return self.found
