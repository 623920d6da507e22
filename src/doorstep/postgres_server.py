"""A PostgreSQL of our own on loopback, from the binaries this machine has: for tests and benches, never in production.

`initdb` and `postgres` refuse to run as root; started by root they run as the system's user `postgres`, otherwise as
whoever starts them. The data folder is made under the system's temporary folder, because that user must be able to
reach it (pytest's own folders are closed to others), and removed at the end.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from doorstep import processes
from doorstep.errors import SetupError

NEEDED = 14
START_SECONDS = 60.0
STOP_SECONDS = 20.0
YIELD_SECONDS = 0.2
USER = "postgres"
_DEBIAN = Path("/usr/lib/postgresql")


def find_binaries() -> Path | None:
    """The folder with `initdb` and `postgres` of version 14 or newer: on PATH, by `pg_config`, or Debian's."""
    candidates = [Path(found).resolve().parent for found in (shutil.which("initdb"),) if found]
    if shutil.which("pg_config"):
        asked = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(Path(asked.stdout.strip() or "/nowhere"))
    candidates += sorted(_DEBIAN.glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return next((path for path in candidates if _version(path) >= NEEDED), None)


def _version(folder: Path) -> int:
    if not (folder / "initdb").exists():
        return 0
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(found.group(1)) if found else 0


BEFORE_REMOVAL: list[Callable[[PostgresServer], None]] = []
"""Called with each server before its files go: the tests read its log there."""


class PostgresServer:
    """One server, one superuser `postgres` without a password, loopback only. `with`: started, stopped, removed.

    `durable=False` does without fsync: a killed *process* loses nothing, a power cut might. `niceness`: it stands
    back for others, with all of its processes. Start it from a thread that lives as long as the server should. Raises
    `SetupError` where PostgreSQL is not installed.
    """

    def __init__(self, *, durable: bool = False, connections: int = 300, niceness: int = 0) -> None:
        binaries = find_binaries()
        if binaries is None:
            raise SetupError(
                f"PostgreSQL {NEEDED} or newer is not on this machine.",
                mend="`scripts/test-tools` installs it on Debian; elsewhere put its `bin` folder on PATH.",
            )
        self._binaries = binaries
        self._durable, self._connections, self._niceness = durable, connections, niceness
        self.port = processes.free_ports(1)[0]
        self.folder = Path(tempfile.mkdtemp(prefix="doorstep-postgres-"))
        self.log = self.folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://{USER}@{processes.LOOPBACK}:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Runs one statement of ours, outside a transaction."""
        with self._connect(database) as connection:
            connection.execute(statement.encode())

    def create(self, database: str, template: str = "template1") -> str:
        """A new database, a copy of `template`; answers its URL."""
        self.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.url(database)

    def _connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=processes.LOOPBACK,
            port=self.port,
            user=USER,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    # --- its life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts it (with a new cluster the first time) and returns when it answers. Raises SetupError."""
        data = self.folder / "data"
        if not data.exists():
            self._initialise(data)
        self._process = processes.spawn(
            self._command(data), log=self.log, cwd=self.folder, niceness=self._niceness
        )
        if self._niceness:
            threading.Thread(target=self._yield, args=(self._process,), daemon=True).start()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                self._connect().close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None:
                    break
            time.sleep(0.05)
        self.kill()
        raise SetupError(f"PostgreSQL does not start: {processes.tail(self.log, 3)}")

    def _initialise(self, data: Path) -> None:
        if _as_other():
            owner = pwd.getpwnam(USER)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        command = [str(self._binaries / "initdb"), "-D", str(data), "-U", USER, "--auth=trust", "-N"]
        made = subprocess.run(
            [*_user(), *command, "--encoding=UTF8", "--locale=C"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise SetupError(f"initdb failed: {(made.stderr or made.stdout).strip()[-300:]}")

    def _command(self, data: Path) -> list[str]:
        options = {
            "listen_addresses": processes.LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "max_connections": str(self._connections),
        }
        if not self._durable:
            options |= {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
        command = [str(self._binaries / "postgres"), "-D", str(data)]
        return [*_user(), *command, *(f"--{name}={value}" for name, value in options.items())]

    def _yield(self, process: subprocess.Popen[bytes]) -> None:
        """Each of the server's processes begins a session of its own, which Linux may give its own full share of the
        processors (`processes.yield_to_others`), so each is lowered as it comes."""
        before: set[int] = set()
        lowered: set[int] = set()
        while process.poll() is None:
            now = set(_children(process.pid))
            for pid in now - lowered:
                processes.yield_to_others(pid, self._niceness)
            before, lowered = now, before & now  # a new one twice: it may not have had its session yet
            time.sleep(YIELD_SECONDS)

    @property
    def pid(self) -> int:
        """The server's process id; 0 when it was never started."""
        return self._process.pid if self._process else 0

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """An immediate, orderly stop: open connections are closed."""
        if self._process is not None and self.is_running():
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """SIGKILL to the server and each of its processes, as a crash of the machine would; returns when all are
        gone. The files stay: `start` recovers them."""
        if self._process is None:
            return
        members = _children(self._process.pid)
        processes.kill(self._process)
        for pid in members:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it saw its parent die and went
        for pid in members:
            processes.wait_gone(pid, timeout=10)

    def remove(self) -> None:
        """Stops it for good; its folder goes too."""
        for asked in BEFORE_REMOVAL:
            asked(self)
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def _as_other() -> bool:
    return os.geteuid() == 0


def _user() -> list[str]:
    """What makes a command run as the user `postgres` where we are root. Changing the user clears the request to
    die with the parent (`processes.tied`), so `setpriv` asks for it again."""
    if not _as_other():
        return []
    command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"]
    return [*command, "--pdeathsig", "KILL", "--"] if sys.platform.startswith("linux") else [*command, "--"]


def _children(pid: int) -> list[int]:
    """The server's processes; each has made itself the leader of a group of its own."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []  # not Linux: they end by themselves when they notice
