"""An installation as an operator runs it: `doorstep api` and `doorstep worker` as processes, against the tests'
Temporal server, with a furnished database of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from furnishing import furnish
from shopkeeper import Delivery, morning_zone

from doorstep.models.base import Database
from doorstep.models.keys import create
from doorstep.processes import free_ports
from doorstep.settings import Settings
from nothing_personal import note_metrics

READY_SECONDS = 120.0


@dataclass
class Installation:
    """Its settings and database, and its processes by name."""

    settings: Settings
    database: Database
    env: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    metrics: dict[str, str] = field(default_factory=dict)
    """Where each process tells its metrics."""

    def start(self, name: str, **more: str) -> None:
        """`doorstep <name>`; its output goes to `<data dir>/<name>.log`."""
        log = self.settings.data_dir / f"{name}.log"
        self.metrics[name] = f"{self.settings.base_url}/metrics"
        if name == "worker":
            more = {"DOORSTEP_WORKER_METRICS": f"127.0.0.1:{free_ports(1)[0]}"} | self.env | more
            self.metrics[name] = f"http://{more['DOORSTEP_WORKER_METRICS']}/metrics"
        with log.open("ab") as out:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "doorstep", name], env=self.env | more, stdout=out, stderr=out
            )
        if name == "api":
            self._wait_ready(with_temporal="DOORSTEP_TEMPORAL_ADDRESS" not in more)

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        if process.poll() is None:
            assert note_metrics(self.metrics[name], self.key("metrics"))
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def log(self, name: str) -> str:
        return (self.settings.data_dir / f"{name}.log").read_text()

    def key(self, *scopes: str) -> str:
        """A new key's `Authorization`."""
        return f"Bearer {create(self.database, name='t', scopes=scopes, now=datetime.now(UTC))[1]}"

    def post(self, delivery: Delivery) -> httpx.Response:
        """One webhook, signed now."""
        return httpx.post(
            f"{self.settings.base_url}/webhooks/{delivery.connection}",
            content=delivery.content,
            headers={"Content-Type": "application/json", **delivery.signed(datetime.now(UTC))},
            trust_env=False,
        )

    def get(self, path: str, *scopes: str, **query: Any) -> httpx.Response:
        return httpx.get(
            f"{self.settings.base_url}{path}",
            headers={"Authorization": self.key(*scopes)},
            params=query,
            trust_env=False,
            timeout=20,
        )

    def until(self, look: Any, seconds: float = 120) -> Any:
        """What `look` finds, as soon as it finds something, while every process lives."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, process in self.processes.items():
                assert process.poll() is None, f"{name} ended: {self.log(name)[-2000:]}"
            if found := look():
                return found
            time.sleep(0.05)
        raise AssertionError("nothing came in time")

    def _wait_ready(self, *, with_temporal: bool) -> None:
        def ready() -> bool:
            try:
                answer = httpx.get(f"{self.settings.base_url}/readyz", trust_env=False)
                there = answer.is_success and answer.json()["temporal"]["state"] == "ok"
                return bool(there or (answer.is_success and not with_temporal))
            except httpx.HTTPError:
                return False

        self.until(ready, READY_SECONDS)


@contextmanager
def installed(
    address: str, namespace: str, database_url: str, folder: Path, **environment: str
) -> Iterator[Installation]:
    """The installation, nothing of it started yet; stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        data_dir=folder,
        database_url=database_url,
        temporal_address=address,
        temporal_namespace=namespace,
        task_queue=f"tests-{uuid.uuid4().hex[:8]}",
        settle_seconds=0.2,
        port=free_ports(1)[0],
    )
    database = Database(database_url, pool_size=5)
    furnish(database, settings, morning_zone(datetime.now(UTC)), {})
    env = os.environ | {
        "DOORSTEP_DATA_DIR": str(folder),
        "DOORSTEP_DATABASE_URL": database_url,
        "DOORSTEP_TEMPORAL_ADDRESS": address,
        "DOORSTEP_TEMPORAL_NAMESPACE": namespace,
        "DOORSTEP_TASK_QUEUE": settings.task_queue,
        "DOORSTEP_SETTLE_SECONDS": "0.2",
        "DOORSTEP_PORT": str(settings.port),
        "DOORSTEP_LOG_FORMAT": "json",
        **environment,
    }
    made = Installation(settings, database, env)
    try:
        yield made
    finally:
        for name in list(made.processes):
            made.stop(name)
        database.dispose()
