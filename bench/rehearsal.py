"""Rehearsals: ninety days of the standard journey in process, against the time-skipping server in the same run; the
plan of a live journey over HTTP; memory over thousands of rehearsals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import statistics
import tempfile
import time
import uuid
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_type_hints

import httpx
from temporalio import activity
from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig
from temporalio.worker import Worker

from bench import pace, seed
from bench.ground import ground
from bench.processes import environment, process
from bench.report import Figures
from bench.webhooks import _ready
from doorstep import contracts
from doorstep.contracts import AdviceRequest, JourneyStart, PointsRequest, Projection, RunOut, TicketRequest
from doorstep.converter import data_converter
from doorstep.domain.events import Envelope
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import Outcome, OutcomeKind
from doorstep.domain.touches import TouchRequest
from doorstep.models.base import Database
from doorstep.models.keys import ensure_first_admin_key
from doorstep.processes import free_ports
from doorstep.rehearsal.activities import ActivityCall
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.shelf import load
from doorstep.sandbox import sandbox
from doorstep.temporal_server import TemporalServer
from doorstep.workflows.standard_v1 import Standard

RUNS, ON_SERVER, PLANS, GROWING = 120, 5, 200, 10_000
STORY = "happy-path"


def run(figures: Figures) -> None:
    """Adds `rehearsal_ms` (nothing filled in), `rehearsal_vs_server_ratio` and `plan_api_ms`, all three also at the
    reference machine's pace, and `rehearsal_memory_growth_mb`."""
    scale = float(os.environ.get("BENCH_SCALE", "1"))
    scenario = load(STORY)
    if not rehearse("standard", scenario, render=False).ok:
        raise RuntimeError("This measures nothing: the story fails.")
    ours, bare = pace.beside(lambda: rehearse("standard", scenario, render=False), RUNS)
    figures.add("bare_ninety_days_ms", bare, "ms")
    figures.add("rehearsal_at_pace_ms", ours * pace.REFERENCE_MS / bare, "ms", at_most=12)
    _one_after_the_other(figures, scenario, int(GROWING * scale))
    _against_server(figures)
    _plans(figures)


def _one_after_the_other(figures: Figures, scenario: Any, count: int) -> None:
    """So many rehearsals: their median by the clock, which no single busy minute decides, and what they leave."""
    for _ in range(300):
        rehearse("standard", scenario, render=False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = array("d")
    for n in range(count):
        begun = time.perf_counter()
        rehearse("standard", scenario, render=False)
        took.append((time.perf_counter() - begun) * 1000)
        if n % 2000 == 1999:
            figures.note(f"{n + 1} rehearsals")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    figures.add("rehearsal_ms", statistics.median(took), "ms", at_most=12)
    figures.add("rehearsal_memory_growth_mb", grown, "MB", at_most=10)


# --- the same journey with the same activities, in the engine and on the server ------------------------------


class _Answers:
    """Answers every activity at once."""

    def touch(self, request: TouchRequest) -> Outcome:
        return Outcome(kind=OutcomeKind.SENT, channel=Channel.EMAIL, at=request.as_of)

    def project(self, projection: Projection) -> None: ...

    def ticket(self, request: TicketRequest) -> str:
        return "tkt_1"

    def points(self, request: PointsRequest) -> int:
        return request.points

    def recommend(self, request: AdviceRequest) -> tuple[str, ...]:
        return ("p-9",)

    def run_outs(self, request: AdviceRequest) -> tuple[RunOut, ...]:
        return ()

    def all(self) -> dict[str, Callable[..., Any]]:
        return {
            contracts.TOUCH: self.touch,
            contracts.PROJECT: self.project,
            contracts.OPEN_TICKET: self.ticket,
            contracts.MOVE_POINTS: self.points,
            contracts.RECOMMEND: self.recommend,
            contracts.PREDICT_RUN_OUT: self.run_outs,
        }


def _played() -> dict[str, Callable[..., Any]]:
    def played(function: Callable[..., Any]) -> Callable[..., Any]:
        def play(call: ActivityCall, request: Any) -> Any:
            return function(request)

        play.__annotations__ = {"call": ActivityCall, "request": next(iter(_hints(function).values()))}
        return play

    return {name: played(function) for name, function in _Answers().all().items()}


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(function)


def _start(journey_id: str, placed_at: datetime) -> JourneyStart:
    return JourneyStart(
        journey_id=journey_id,
        store_id="bench",
        order_ref=f"ord_{journey_id}",
        person_ref="per_bench",
        placed=_said("order.placed", placed_at, lines=[_LINE], total_minor=4200, currency="EUR"),
        zone="Europe/Berlin",
    )


_LINE = {"ref": "l1", "product_ref": "p-1", "quantity": 1, "current": 1}


def _said(type_: str, at: datetime, subject: str | None = None, **data: Any) -> Envelope:
    return Envelope(
        id=f"evt-{type_}", fact_key=f"{type_}:{subject}", type=type_, occurred_at=at, received_at=at,
        connection="bench", subject=subject, data=data,
    )  # fmt: skip


def _delivery(at: datetime) -> list[Envelope]:
    return [_said("shipment.delivered", at, "s1")]


def _in_engine(activities: dict[str, Callable[..., Any]], placed: datetime) -> None:
    start = _start("jny_bench", placed)
    with Engine(
        Standard, start, workflow_id="jny_bench", start=placed, activities=activities, sandboxed=False
    ) as engine:
        at = placed + timedelta(days=3)
        engine.run_until(at)
        engine.signal(contracts.DELIVER_SIGNAL, _delivery(at))
        engine.run()
        assert engine.result == "completed"


def _against_server(figures: Figures) -> None:
    """Both play the same story with the same answers. The server mostly waits, as long on a slow machine as on a fast
    one, and the engine only computes: so the ratio, too, stands there as the clock says and at the reference machine's
    pace."""
    placed = datetime.now(UTC)
    played = _played()
    mine, bare = pace.beside(lambda: _in_engine(played, placed), RUNS)
    servers = statistics.median(asyncio.run(_server_times()))
    figures.add("rehearsal_engine_ms", mine, "ms")
    figures.add("rehearsal_server_ms", servers, "ms")
    figures.add("rehearsal_vs_server_ratio", servers / mine, "times", at_least=100)
    at_pace = mine * pace.REFERENCE_MS / bare
    figures.add("rehearsal_vs_server_at_pace_ratio", servers / at_pace, "times", at_least=100)


async def _server_times() -> list[float]:
    """Milliseconds of one journey after the other, as the tests of a suite have them: the first on a new server takes
    half as long as the others."""
    with tempfile.TemporaryDirectory() as folder, TemporalServer(Path(folder), time_skipping=True) as server:
        client = await Client.connect(server.address, data_converter=data_converter())
        skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
        made = [activity.defn(name=name)(_free(f)) for name, f in _Answers().all().items()]
        with ThreadPoolExecutor(8) as threads:
            async with Worker(
                skipper.client,
                task_queue="bench",
                workflows=[Standard],
                activities=made,
                activity_executor=threads,
                workflow_runner=sandbox(),
            ):
                return [await _on_server(skipper) for _ in range(ON_SERVER)]


def _free(method: Callable[..., Any]) -> Callable[..., Any]:
    def function(request: Any) -> Any:
        return method(request)

    function.__annotations__ = _hints(method)
    return function


async def _on_server(skipper: TimeSkipper) -> float:
    journey_id = f"jny_{uuid.uuid4().hex}"
    placed = datetime.now(UTC)
    begun = time.perf_counter()
    handle = await skipper.client.start_workflow(
        "standard.v1", _start(journey_id, placed), id=journey_id, task_queue="bench"
    )
    await asyncio.wait_for(skipper.fast_forward(handle, timedelta(days=3)), 60)
    await handle.signal(contracts.DELIVER_SIGNAL, _delivery(placed + timedelta(days=3)))
    await asyncio.wait_for(skipper.fast_forward(handle, None), 60)
    await handle.result()
    return (time.perf_counter() - begun) * 1000


# --- the plan over HTTP --------------------------------------------------------------------------------------


def _plans(figures: Figures) -> None:
    """Adds `plan_api_ms`, also at the reference machine's pace: the median answer to GET /journeys/{id}/plan of open
    journeys, one at a time."""
    with ground() as here:
        database = Database(here.url)
        seed.store(database)
        seeded = seed.orders(database, "plan", 20, journey_type="standard.v1")
        key = ensure_first_admin_key(database, datetime.now(UTC)) or ""
        port = free_ports(1)[0]
        settings = environment(here.address, here.url, here.folder, DOORSTEP_PORT=str(port))
        with process("-m", "doorstep", "worker", **settings), process("-m", "doorstep", "api", **settings):
            before = pace.alone(2 * pace.TURN)
            took = asyncio.run(_ask_plans(here.address, port, key, seeded))
            bare = statistics.median(before + pace.alone(2 * pace.TURN))
            pace.add(figures, "plan_api", statistics.median(took), bare, at_most=80)
        database.dispose()


async def _ask_plans(address: str, port: int, key: str, seeded: list[seed.Seeded]) -> list[float]:
    client = await Client.connect(address, data_converter=data_converter())
    for order in seeded:
        start = seed.start_of(order, pace=0, settle=timedelta(seconds=1))
        await client.start_workflow("standard.v1", start, id=order.journey_id, task_queue="bench")
    await _answers(port)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}, timeout=30
    ) as http:
        await _under_way(http, seeded)
        took = []
        for n in range(PLANS + 5):
            begun = time.perf_counter()
            answer = await http.get(f"/journeys/{seeded[n % len(seeded)].journey_id}/plan")
            took.append((time.perf_counter() - begun) * 1000)
            answer.raise_for_status()
            assert answer.json()["rebuilt"], answer.text
            assert answer.json()["touches"], answer.text
    return took[5:]


async def _answers(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            if await _ready(port) == 200:
                return
        await asyncio.sleep(0.2)
    raise AssertionError("the API does not come up")


async def _under_way(http: httpx.AsyncClient, seeded: list[seed.Seeded]) -> None:
    """Until every journey has sent its first message."""
    for _ in range(600):
        phases = [(await http.get(f"/journeys/{o.journey_id}")).json().get("phase") for o in seeded]
        if all(phase == "on its way" for phase in phases):
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the journeys do not begin")
