"""A deployment of these tests: one database, one task queue, an API and workers that are started again whenever they
die, and a note of how each died."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import DBAPIError
from tests.system.kills import plan
from tests.system.kills.orders import CONNECTION, PLACED, REVIEWED, SECRET, STORE, Order, Sender
from tests.system.kills.plan import Doom

from doorstep import processes
from doorstep.models import keys
from doorstep.models.base import Database
from doorstep.models.stores import ConnectionRow, StoreRow
from doorstep.private_writing import write_private
from doorstep.temporal_server import TemporalServer
from nothing_personal import note_metrics

ROOT = Path(__file__).parents[3]
START_TO_CLOSE = 3.0
"""Seconds after which an activity whose worker died is tried again; production waits 30."""


class Zygote:
    """The test's end of `zygote.py`. Start it from a thread that lives as long as it should."""

    def __init__(self, log: Path) -> None:
        env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
        command = processes.tied([sys.executable, "-m", "tests.system.kills.zygote"])
        with open(log, "wb") as err:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err
            )
        self.codes: dict[int, int] = {}
        """Process id → exit status of every child that has ended."""
        self._born: queue.Queue[int] = queue.Queue()
        self._asking = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()
        self._born.get(timeout=120)

    def spawn(self, kind: str, env: dict[str, str], log: Path) -> int:
        """Its process id."""
        assert self._process.stdin is not None
        with self._asking:
            asked = json.dumps({"kind": kind, "env": env, "log": str(log)}) + "\n"
            self._process.stdin.write(asked.encode())
            self._process.stdin.flush()
            return self._born.get(timeout=120)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "code" in told:
                self.codes[told["pid"]] = told["code"]
            else:
                self._born.put(told["pid"])

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@dataclass
class Lane:
    """Everything but the Temporal server. `async with`: started, kept up, and killed at the end."""

    name: str
    folder: Path
    zygote: Zygote
    server: TemporalServer
    migrated: str
    dooms: list[Doom] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    workers: int = 1
    concurrency: int = 1
    start_to_close: float = START_TO_CLOSE
    api_sees_temporal: bool = True
    package: str = "tests.system.kills.story"
    more: dict[str, str] = field(default_factory=dict)
    """Further variables of every process."""
    deaths: dict[int, int] = field(default_factory=dict)
    """Process id → exit status of every process that ended by itself."""
    killed: set[int] = field(default_factory=set)
    """Those that `kill` was asked for."""

    def __post_init__(self) -> None:
        self.folder = self.folder / self.name
        self.queue = f"kills-{self.name}-{os.urandom(3).hex()}"
        self.marks = self.folder / "marks"
        self.port, self._nowhere = processes.free_ports(2)
        self.sender = Sender(f"http://127.0.0.1:{self.port}")
        self._key = ""
        self.running: dict[int, str] = {}
        self._keepers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        plan.write(self.marks, self.dooms, self.silent)
        self.database = Database(self._own_database(), pool_size=2)
        with self.database.write() as session:
            now = datetime.now(UTC)
            policy = {"window": "00:00-23:59"}
            session.add(StoreRow(id=STORE, name="Ada's shop", currency="EUR", policy=policy, created_at=now))
            session.flush()
            session.add(ConnectionRow(id=CONNECTION, store_id=STORE, source="signed", created_at=now))
        write_private(self.folder / "secrets.json", json.dumps({CONNECTION: [SECRET]}))
        kinds = ["api", *["worker"] * self.workers]
        self._keepers = [asyncio.create_task(self._keep(n, kind)) for n, kind in enumerate(kinds)]
        return self

    def _own_database(self) -> str:
        """A copy of `migrated`, which may be a SQLite file or a PostgreSQL database."""
        template = make_url(self.migrated)
        if template.get_backend_name() == "sqlite":
            file = self.folder / "doorstep.db"
            shutil.copy(template.database or "", file)
            return f"sqlite:///{file}"
        name = self.queue.replace("-", "_")
        server = create_engine(template.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template.database}"')
        server.dispose()
        return template.set(database=name).render_as_string(hide_password=False)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        with suppress(DBAPIError):  # of a database that a test has killed nobody gets a key
            _, key = keys.create(self.database, name="metrics", scopes=("metrics",), now=datetime.now(UTC))
            await asyncio.to_thread(note_metrics, f"http://127.0.0.1:{self.port}/metrics", f"Bearer {key}")
        for pid in self.running:
            if pid not in self.zygote.codes:
                os.kill(pid, signal.SIGKILL)
        self.database.dispose()

    async def _keep(self, number: int, kind: str) -> None:
        log = self.folder / f"{kind}-{number}.log"
        while True:
            pid = self.zygote.spawn(kind, self._env(kind), log)
            self.running[pid] = kind
            while pid not in self.zygote.codes:
                await asyncio.sleep(0.02)
            del self.running[pid]
            self.deaths[pid] = self.zygote.codes[pid]
            if self.deaths[pid] > 0:
                raise AssertionError(f"{kind} failed: {processes.tail(log)}")

    def _env(self, kind: str) -> dict[str, str]:
        there = self.server.address
        seen = there if kind == "worker" or self.api_sees_temporal else f"127.0.0.1:{self._nowhere}"
        return {
            "KILLS_PLAN": str(self.marks),
            "KILLS_START_TO_CLOSE": str(self.start_to_close),
            "DOORSTEP_DATA_DIR": str(self.folder),
            "DOORSTEP_DATABASE_URL": self.database.engine.url.render_as_string(hide_password=False),
            "DOORSTEP_SECRET_KEY": "the key of these tests",
            "DOORSTEP_TEMPORAL_ADDRESS": seen,
            "DOORSTEP_TEMPORAL_NAMESPACE": self.server.namespace,
            "DOORSTEP_TASK_QUEUE": self.queue,
            "DOORSTEP_PORT": str(self.port),
            "DOORSTEP_STORE_PACKAGES": self.package,
            "DOORSTEP_SETTLE_SECONDS": "0.1",
            "DOORSTEP_WORKER_CONCURRENCY": str(self.concurrency),
            "DOORSTEP_LOG_FORMAT": "json",
            **self.more,
        }

    def let_sweep(self, now: bool) -> None:
        """The workers' sweep waits, or goes on."""
        waits = plan.sweep_waits(self.marks)
        waits.unlink(missing_ok=True) if now else waits.touch()

    def kill(self, kind: str) -> bool:
        """SIGKILL to one process of that kind; False when none runs that was not killed before (one that has died is
        told of a moment later)."""
        gone = self.killed | self.zygote.codes.keys()
        found = [pid for pid, what in self.running.items() if what == kind and pid not in gone]
        if found:
            self.killed.add(found[0])
            os.kill(found[0], signal.SIGKILL)
        return bool(found)

    async def act(self, order: Order, verb: str, **asked: str) -> httpx.Response:
        """An agent's action, through the API."""
        if not self._key:
            made = keys.create(self.database, name="agent", scopes=["support"], now=datetime.now(UTC))
            self._key = made[1]
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            return await client.post(
                f"{self.sender.url}/journeys/{order.journey}/actions/{verb}",
                json=asked | {"reason": "a kill test"},
                headers={"Authorization": f"Bearer {self._key}"},
            )

    async def tell(self, order: Order) -> None:
        """The order and its review, told as a store would."""
        await self.sender.send(order, PLACED)
        await self.sender.send(order, REVIEWED)

    async def until(self, holds: Callable[[], Any], what: str, seconds: float = 120) -> None:
        """Waits for it. Fails at once when a process failed by itself, else after `seconds`."""
        end = time.monotonic() + seconds
        while not await asyncio.to_thread(holds):
            for keeper in self._keepers:
                if keeper.done():
                    keeper.result()
            assert time.monotonic() < end, f"{self.name}: not within {seconds:.0f} s: {what}"
            await asyncio.sleep(0.05)

    async def answering(self) -> None:
        """Until the API takes requests."""
        await self.until(lambda: processes.answers(self.port), "the API answers")

    async def at(self, doom: Doom, seconds: float = 120) -> dict[str, str]:
        """Waits until a process is at that boundary, or has died there; its marker."""
        await self.until(lambda: doom.marker(self.marks), f"{doom.at} of {doom.subject}", seconds)
        return doom.marker(self.marks) or {}

    def died_at(self, dooms: Iterable[Doom]) -> list[str]:
        """What is wrong with the deaths: each doom must have killed one process, by SIGKILL, there."""
        wrong = []
        for doom in dooms:
            marker = doom.marker(self.marks)
            code = None if marker is None else self.deaths.get(int(marker["pid"]))
            if code != -signal.SIGKILL:
                wrong.append(f"nothing died at {doom.at} of {doom.subject}: {marker}, {code}")
        return wrong


async def kill_server(server: TemporalServer) -> None:
    """SIGKILL, and start again on the same file."""
    process = server._server
    assert process is not None
    assert process.poll() is None, "it must not have died before"
    await asyncio.to_thread(server.kill)
    assert process.returncode == -signal.SIGKILL
    server.spawn()  # from this thread: the server lives as long as it
    await server.wait_ready()
