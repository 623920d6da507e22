"""A whole Doorstep in the test's process: real Temporal with time skipping, real worker, real API on a port.

Tests see it from outside: webhooks and requests over HTTP in, the outbox and the API out. Time moves when a test
says so (`until`), in lock-step: every open journey to the next moment at which any of them is due, and the API's
clock with them. Each house has a Temporal namespace of its own, so the same order may be told to several houses.
When a house closes, everything it told Temporal and the log is searched for its customers' personal data.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from furnishing import Quiet, furnish, keep_secrets, logging_to
from privacy import leaks
from shopkeeper import Customer, Delivery
from temporalio.client import Client, WorkflowHandle
from timekeeping import VirtualTime, at_rest, begun

from doorstep.activities.ports import activities, build_ports
from doorstep.api.app import create_app
from doorstep.api.late import LateGateway
from doorstep.channels.pacing import Paces
from doorstep.converter import data_converter
from doorstep.gateway import Gateway
from doorstep.models.base import Database
from doorstep.models.keys import create
from doorstep.ports import Ports
from doorstep.processes import free_ports
from doorstep.settings import Settings
from doorstep.temporal_namespace import ensure_namespace
from doorstep.worker import make_worker
from doorstep.workflows import registry
from servers import client_of

RETENTION = timedelta(days=3)


async def namespaces(address: str, count: int) -> list[str]:
    """So many new ones that take work: that takes as long for one as for many."""
    names = [f"house-{uuid.uuid4().hex[:12]}" for _ in range(count)]
    clients = [await client_of(address, namespace=name) for name in names]
    await asyncio.gather(*(ensure_namespace(client, RETENTION) for client in clients))
    return names


@dataclass(kw_only=True)
class House:
    """One installation. Made by `open_house`."""

    settings: Settings
    database: Database
    client: Client
    ports: Ports
    log: io.StringIO
    taken_over: bool = False
    personal: list[str] = field(default_factory=list)
    """What must be found nowhere but in the database and in messages."""
    asked: list[str] = field(default_factory=list)
    """Every address asked for: like log lines, these hold no personal data."""

    def __post_init__(self) -> None:
        self.time = VirtualTime(self.client)
        self.now = self.time.now
        self.gateway = Gateway(self.time.client, self.database, self.settings, clock=self.now)
        self.app = create_app(
            self.settings, database=self.database, gateway=LateGateway(self._gateway), clock=self.now
        )
        _, key = create(self.database, name="tests", scopes=("admin",), now=self.now())
        self.http = httpx.AsyncClient(
            base_url=self.settings.base_url,
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json"},
            event_hooks={"request": [self._remember]},
            trust_env=False,
            timeout=30,
        )
        self._working = contextlib.AsyncExitStack()

    async def _gateway(self) -> Gateway:
        return self.gateway

    async def _remember(self, request: httpx.Request) -> None:
        self.asked.append(str(request.url))

    # --- its processes ----------------------------------------------------------------------------

    async def start_worker(self) -> None:
        """A worker as `doorstep worker` makes it, with every journey that is published now."""
        threads = ThreadPoolExecutor(16)
        found = activities(self.ports, self.database)
        worker = make_worker(self.client, self.settings, registry.journeys(), found, threads)
        self._working.callback(threads.shutdown, wait=False)
        await self._working.enter_async_context(worker)

    async def stop_worker(self) -> None:
        await self._working.aclose()

    # --- in ---------------------------------------------------------------------------------------

    async def post(self, delivery: Delivery) -> httpx.Response:
        """One webhook, as its sender would send it now. Does not wait for what it causes."""
        return await self.http.post(
            f"/webhooks/{delivery.connection}",
            content=delivery.content,
            headers={"Content-Type": "application/json", **delivery.signed(self.now())},
        )

    async def tell(self, *deliveries: Delivery) -> list[str]:
        """Webhooks one after the other, then rest. Answers what became of each; each was taken."""
        answers = []
        for delivery in deliveries:
            answer = await self.post(delivery)
            assert answer.status_code == 200, answer.text
            answers.append(answer.json()["status"])
        await self._delivered()
        for _, handle in await self._open():  # one just started still has to wait for virtual time
            await self.time.forward(handle, self.now())
            await begun(handle)
        await self.settled()
        return answers

    async def act(self, journey: str, verb: str, **asked: Any) -> httpx.Response:
        """An agent's action, then rest."""
        answer = await self.http.post(
            f"/journeys/{journey}/actions/{verb}", json={"reason": "a test says so", **asked}
        )
        await self.settled()
        return answer

    # --- out --------------------------------------------------------------------------------------

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def outbox(self, journey: str = "") -> list[dict[str, Any]]:
        """What was sent, oldest first."""
        query = {"journey": journey} if journey else {}
        page = await self.get("/outbox.json", limit=500, **query)
        return list(reversed(page["items"]))

    async def sent(self, journey: str = "") -> list[str]:
        """The templates of what was sent, oldest first."""
        return [message["template"] for message in await self.outbox(journey)]

    async def journey(self, ref: str, **query: Any) -> dict[str, Any]:
        return dict(await self.get(f"/journeys/{ref}", **query))

    async def steps(self, ref: str) -> dict[str, dict[str, Any]]:
        """Every step of a journey, by `step[:occurrence]`."""
        shown = (await self.journey(ref))["steps"]
        return {step["key"].partition(":")[2]: step for step in shown}

    # --- time -------------------------------------------------------------------------------------

    async def _open(self) -> list[tuple[dict[str, Any], WorkflowHandle[Any, Any]]]:
        page = await self.get("/journeys", status="open", limit=100)
        return [(row, self.client.get_workflow_handle(row["id"])) for row in page["journeys"]]

    async def _delivered(self) -> None:
        while not self.app.state.webhooks.courier.idle:
            await asyncio.sleep(0.01)

    async def settled(self) -> None:
        """Until everything told was delivered, no journey has a task or an activity under way, and none has
        something due: the server fires a timer a little after the moment it is due."""
        await self._delivered()
        for _ in range(2000):
            for _, handle in await self._open():
                await at_rest(handle)
            if not any(self._overdue(row) for row, _ in await self._open()):
                return
            await asyncio.sleep(0.02)
        raise AssertionError("something is due and does not come")

    def _overdue(self, row: dict[str, Any]) -> bool:
        due = row["next_due_at"]
        return bool(due and not row["paused"] and datetime.fromisoformat(due) <= self.now())

    async def until(self, moment: datetime) -> None:
        """Let time pass, every journey in step, as far as `moment` (aware). What was posted is delivered first: the
        courier's pace is by the wall clock, and virtual time would run past the settle window before it."""
        await self._delivered()
        while True:
            open_ones = await self._open()
            dues = [datetime.fromisoformat(row["next_due_at"]) for row, _ in open_ones if row["next_due_at"]]
            ahead = [due for due in dues if self.now() < due < moment] if len(open_ones) > 1 else []
            halt = min(ahead, default=moment)
            for _, handle in open_ones:
                await self.time.forward(handle, halt)
            self.time.reached(halt)
            await self.settled()
            if halt == moment:
                return

    async def pass_time(self, **delta: float) -> None:
        await self.until(self.now() + timedelta(**delta))


@contextlib.asynccontextmanager
async def open_house(
    address: str,
    database_url: str,
    folder: Path,
    *,
    customers: Iterable[Customer],
    settle: float = 2.0,
    zone: str = "Europe/Berlin",
    wrap: Callable[[Ports], Ports] = lambda ports: ports,
    namespace: str = "",
    taken_over: str = "",
    set_: Mapping[str, Any] | None = None,
    **store: Any,
) -> AsyncIterator[House]:
    """A furnished house with worker and API running. `wrap` may put something between a touch and its ports.
    `namespace`: one that is there and that nobody has lived in. `taken_over`: that of a house that was furnished, and
    lived in, before. `set_`: further settings."""
    settings = Settings(
        data_dir=folder,
        database_url=database_url,
        temporal_address=address,
        temporal_namespace=taken_over or namespace or f"house-{uuid.uuid4().hex[:12]}",
        task_queue="journeys",
        settle_seconds=settle,
        port=free_ports(1)[0],
        worker_concurrency=8,
        **(set_ or {}),
    )
    registry.load()
    client = await client_of(address, namespace=settings.temporal_namespace, data_converter=data_converter())
    await ensure_namespace(client, RETENTION)
    database, log = Database(database_url, pool_size=30), io.StringIO()
    paces = Paces(
        {}
    )  # a pace is kept by the real clock, which stands still here (tests/channels/test_pacing.py)
    if taken_over:
        keep_secrets(settings)
    else:
        furnish(database, settings, zone, store)
    with logging_to(log):
        house = House(
            settings=settings,
            database=database,
            client=client,
            ports=wrap(build_ports(settings, database, paces)),
            log=log,
            taken_over=bool(taken_over),
            personal=[word for c in customers for word in c.personal],
        )
        server = Quiet(uvicorn.Config(house.app, port=settings.port, log_config=None))
        serving = asyncio.create_task(server.serve())
        try:
            while not server.started:
                await asyncio.sleep(0.01)
            await house.start_worker()
            yield house
            found = await leaks(house)
            assert not found, found
        finally:
            await house.stop_worker()
            await house.http.aclose()
            server.should_exit = True
            await serving
            database.dispose()
