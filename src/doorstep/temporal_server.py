"""The embedded Temporal server: starts the official binary on a SQLite file (or PostgreSQL), waits for it, stops it.

Used by `doorstep up` (fixed ports, web UI, 100 days of retention) and by tests (free ports, time skipping).
No server code of our own; where it keeps things:

    <data dir>/temporal.db        journeys' histories
    <data dir>/server.yaml …      the configuration, written anew at each start
    <data dir>/server.log, ui.log what the processes said
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import subprocess
import threading
import time
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from temporalio.client import Client
from temporalio.service import RPCError

from doorstep import processes
from doorstep.errors import SetupError
from doorstep.go_install import Report
from doorstep.server_binaries import ServerBinary, ensure_server
from doorstep.server_config import (
    LOOPBACK,
    Ports,
    cli_command,
    server_command,
    ui_command,
    write_server_config,
    write_ui_config,
)
from doorstep.server_stores import SqliteFile, Stores
from doorstep.temporal_namespace import ensure_namespace

LONG_RETENTION = timedelta(days=100)  # a ninety-day journey's history outlives the journey
SHORT_RETENTION = timedelta(days=1)
START_SECONDS = 30.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.05


class TemporalServer:
    """One server process (and its web UI's, when `ui` names the binary or the CLI brings it).

    Start it from a thread that lives as long as the server should: the kernel kills the process when the thread
    that started it ends. `start`, `stop`, `kill` and `restart` block; `async with` waits without blocking the loop.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        binary: ServerBinary | None = None,
        ui: Path | None = None,
        with_ui: bool = False,
        frontend_port: int | None = None,
        ui_port: int | None = None,
        namespace: str = "default",
        retention: timedelta = SHORT_RETENTION,
        time_skipping: bool = False,
        stores: Stores | None = None,
        codec: str = "",
        report: Report = lambda line: None,
    ) -> None:
        """`codec`: where the official web UI has sealed payloads opened."""
        self.data_dir = data_dir.absolute()
        self.namespace = namespace
        self.time_skipping = time_skipping
        self._binary = binary
        self._ui = ui
        self._with_ui = with_ui or ui is not None
        self._retention = retention
        self._report = report
        self._codec = codec
        self._stores = stores or SqliteFile(self.data_dir / "temporal.db")
        self._ports = Ports.pick(frontend=frontend_port, ui=ui_port)
        self._server: subprocess.Popen[bytes] | None = None
        self._ui_server: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """`host:port` for clients; the same after a restart."""
        return f"{LOOPBACK}:{self._ports.frontend}"

    @property
    def ui_url(self) -> str | None:
        """Where the web UI is; None when it was not asked for."""
        return f"http://{LOOPBACK}:{self._ports.ui}" if self._with_ui else None

    @property
    def pid(self) -> int | None:
        """The server's process id; None when it is not running."""
        return self._server.pid if self.is_running() and self._server else None

    @property
    def log(self) -> Path:
        return self.data_dir / "server.log"

    def is_running(self) -> bool:
        return self._server is not None and self._server.poll() is None

    def start(self) -> None:
        """Starts what is not running and returns when the namespace takes work. Raises SetupError."""
        self.spawn()
        failed: list[BaseException] = []

        def wait() -> None:  # in a thread: the caller may already run an event loop
            try:
                asyncio.run(self.wait_ready())
            except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread, all of it
                failed.append(error)

        waiter = threading.Thread(target=wait, daemon=True)  # an interrupted caller does not wait for it
        waiter.start()
        waiter.join()
        if failed:
            self.kill()
            raise failed[0]

    def spawn(self) -> None:
        """Starts the processes without waiting for them to answer; `wait_ready` does that."""
        if self._binary is None:
            self._binary = ensure_server(self._report)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if not self.is_running():
            self._stores.prepare(self._report)
            forget_members(self.data_dir / "temporal.db")
            self._server = processes.spawn(
                self._server_command(self._binary),
                log=self.log,
                cwd=self.data_dir,
                niceness=processes.BEHIND_THE_API,
            )
        if self._ui and (self._ui_server is None or self._ui_server.poll() is not None):
            folder = write_ui_config(self.data_dir, self._ports, namespace=self.namespace, codec=self._codec)
            self._ui_server = processes.spawn(ui_command(self._ui, folder), log=self.data_dir / "ui.log")

    def _server_command(self, binary: ServerBinary) -> list[str]:
        skipping = self.time_skipping
        if binary.is_cli:
            if not isinstance(self._stores, SqliteFile):
                raise SetupError(
                    "The temporal CLI has SQLite only.", mend="Go builds the official server: `make server`."
                )
            return cli_command(
                binary.path,
                self._ports,
                database=self._stores.path,
                namespace=self.namespace,
                time_skipping=skipping,
                ui=self._with_ui,
            )
        config = write_server_config(self.data_dir, self._ports, stores=self._stores, time_skipping=skipping)
        return server_command(binary.path, config)

    async def wait_ready(self, timeout: float = START_SECONDS) -> None:
        """Returns when the namespace exists and answers. Raises SetupError with the server's last words."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not self.is_running():
                raise SetupError(
                    f"The Temporal server stopped while starting: {last_words(self.log)}",
                    mend=f"Its log is {self.log}.",
                )
            if processes.answers(self._ports.frontend):
                try:
                    return await asyncio.wait_for(self._prepare_namespace(), deadline - time.monotonic())
                except (RPCError, RuntimeError, TimeoutError):
                    pass  # up, but not all of it yet
            await asyncio.sleep(POLL_SECONDS)
        raise SetupError(
            f"The Temporal server did not answer within {timeout:.0f} s: {last_words(self.log)}",
            mend=f"Its log is {self.log}.",
        )

    async def _prepare_namespace(self) -> None:
        client = await Client.connect(self.address, namespace=self.namespace)
        await ensure_namespace(client, self._retention)

    def stop(self, grace: float = STOP_SECONDS) -> None:
        """SIGTERM, `grace` seconds, SIGKILL; the data stays, `start` goes on with it."""
        for process in (self._ui_server, self._server):
            if process is not None:
                processes.stop(process, grace=grace)

    def kill(self) -> None:
        """SIGKILL, as a crash would: for tests, and for a start that failed."""
        for process in (self._ui_server, self._server):
            if process is not None:
                processes.kill(process)

    def restart(self) -> None:
        """Stop and start on the same ports and file."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        self.spawn()
        try:
            await self.wait_ready()
        except BaseException:
            self.kill()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)


def forget_members(database: Path) -> None:
    """Removes the last run's entries from the cluster's membership table, of which we are the only member.

    A killed server leaves itself in it for a while, and one that comes back on other ports then waits half a minute
    for its dead self ("Not enough hosts to serve the request"). The caller knows that no server uses the file.
    """
    if not database.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=5)) as connection, connection:
            connection.execute("DELETE FROM cluster_membership")
    except sqlite3.Error:
        pass  # no such table yet, or no database at all: the server says what is wrong better than we could


def last_words(log: Path) -> str:
    """What the server's JSON log says at its end, without the stack traces; for an error message."""
    said = ""
    for line in processes.tail(log, lines=20).splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            said = line.strip() or said
            continue
        if isinstance(entry, dict) and entry.get("level") in ("error", "fatal"):
            said = ": ".join(str(entry[key]) for key in ("msg", "error") if entry.get(key))
    return said if len(said) <= 400 else f"… {said[-400:]}"  # Go puts the cause last
