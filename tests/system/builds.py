"""Builds of Doorstep side by side: copies of the sources, each changed as a release would, and a deployment in which
processes of any of them run against one database and one Temporal server."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from furnishing import furnish
from shopkeeper import Delivery, morning_zone

import doorstep
from doorstep import processes
from doorstep.converter import data_converter
from doorstep.models.base import Database
from doorstep.settings import Settings
from doorstep.temporal_server import TemporalServer
from servers import client_of

SOURCES = Path(doorstep.__file__).parent


def build(folder: Path) -> Path:
    """A copy of today's sources; what to put on `PYTHONPATH`."""
    shutil.copytree(SOURCES, folder / "doorstep", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def edit(folder: Path, file: str, was: str, becomes: str) -> None:
    """Changes one place of a build."""
    path = folder / "doorstep" / file
    text = path.read_text()
    assert text.count(was) == 1, f"{file} does not say once: {was}"
    path.write_text(text.replace(was, becomes))


@dataclass(kw_only=True)
class Deployment:
    """One database, one Temporal server, one task queue; processes come and go."""

    folder: Path
    server: TemporalServer
    database_url: str
    port: int = 0
    serving: subprocess.Popen[bytes] | None = None
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = Settings(
            data_dir=self.folder / "data",
            database_url=self.database_url,
            temporal_address=self.server.address,
            temporal_namespace=self.server.namespace,
            task_queue=f"rolling-{uuid4().hex[:8]}",
            settle_seconds=0.1,
        )
        self.database = Database(self.database_url, pool_size=5)
        furnish(
            self.database,
            self.settings,
            morning_zone(datetime.now(UTC)),
            {"policy": {"window": "00:00-23:59"}},
        )

    def environment(self, build: Path, **more: str) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("DOORSTEP_")}
        return own | {
            "PYTHONPATH": str(build),
            "DOORSTEP_DATA_DIR": str(self.settings.data_dir),
            "DOORSTEP_DATABASE_URL": self.database_url,
            "DOORSTEP_SECRET_KEY": "the key of these tests",
            "DOORSTEP_TEMPORAL_ADDRESS": str(self.settings.temporal_address),
            "DOORSTEP_TEMPORAL_NAMESPACE": self.settings.temporal_namespace,
            "DOORSTEP_TASK_QUEUE": self.settings.task_queue,
            "DOORSTEP_SETTLE_SECONDS": "0.1",
            "DOORSTEP_LOG_FORMAT": "json",
            **more,
        }

    def run(self, build: Path, *arguments: str) -> str:
        """A command of that build; what it says on stdout."""
        done = subprocess.run(
            [sys.executable, "-m", "doorstep", *arguments],
            env=self.environment(build), cwd=build, capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def spawn(self, build: Path, kind: str, name: str, **environ: str) -> subprocess.Popen[bytes]:
        """A process of that build, which dies with this one."""
        process = processes.spawn(
            [sys.executable, "-m", "doorstep", kind],
            log=self.log(name), env=self.environment(build, **environ), cwd=build,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    async def worker(self, build: Path, name: str) -> subprocess.Popen[bytes]:
        """A worker that has taken up its work."""
        process = self.spawn(build, "worker", name)
        await self.until(lambda: "worker started" in self.log(name).read_text(), f"{name} starts", process)
        return process

    async def api(self, build: Path, name: str) -> None:
        """An API of that build takes the webhooks from now on; the one before ends in order."""
        (self.port,) = processes.free_ports(1)
        process = self.spawn(build, "api", name, DOORSTEP_PORT=str(self.port))
        await self.until(lambda: processes.answers(self.port), f"{name} answers", process)
        if self.serving is not None:
            await asyncio.to_thread(processes.stop, self.serving, grace=15)
            self.processes.remove(self.serving)
        self.serving = process

    async def database_part(self) -> tuple[int, str]:
        """What the API's `/readyz` answers, and what it says of the database."""
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            answer = await http.get(f"http://127.0.0.1:{self.port}/readyz")
        return answer.status_code, answer.json()["database"]["state"]

    async def end(self, process: subprocess.Popen[bytes]) -> None:
        """In order, as a deployment ends one."""
        await asyncio.to_thread(processes.stop, process, grace=15)
        assert process.returncode == 0
        self.processes.remove(process)

    def close(self) -> None:
        for process in self.processes:
            processes.kill(process)
        self.database.dispose()

    async def tell(self, *deliveries: Delivery) -> None:
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            for one in deliveries:
                answer = await http.post(
                    f"http://127.0.0.1:{self.port}/webhooks/{one.connection}",
                    content=one.content,
                    headers=one.signed(datetime.now(UTC)),
                )
                assert answer.json()["status"] in ("accepted", "duplicate"), answer.text

    async def until(
        self,
        holds: Callable[[], Any],
        what: str,
        process: subprocess.Popen[bytes] | None = None,
        seconds: float = 120,
    ) -> None:
        end = time.monotonic() + seconds
        while not await asyncio.to_thread(holds):
            assert process is None or process.poll() is None, (
                f"{what}: it ended with {process and process.poll()}"
            )
            assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
            await asyncio.sleep(0.1)

    def rows(self, statement: str) -> list[Any]:
        with self.database.reading() as connection:
            return list(connection.exec_driver_sql(statement).all())

    def types(self) -> dict[str, str]:
        """Journey → its workflow type."""
        return {row[0]: row[1] for row in self.rows("SELECT id, type FROM journeys")}

    def sent(self, journey: str) -> list[str]:
        """The templates of what it sent, in order."""
        told = self.rows("SELECT journey_id, template FROM outbox_messages ORDER BY sent_at, id")
        return [row[1] for row in told if row[0] == journey]

    async def history(self, journey: str) -> list[Any]:
        client = await client_of(
            self.server.address, namespace=self.server.namespace, data_converter=data_converter()
        )
        return list((await client.get_workflow_handle(journey).fetch_history()).events)
