"""Where a Temporal server of ours keeps its histories: a SQLite file, or PostgreSQL as a cluster in production does.

On PostgreSQL two databases (histories, and visibility beside them) are made and brought to the server's version by
Temporal's own schema tool, as `docker-compose.yml` does it with the same tool's image.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from doorstep.errors import SetupError
from doorstep.go_install import Report
from doorstep.server_binaries import ensure_schema_tool

PLUGIN = "postgres12"  # Temporal's name for PostgreSQL 12 and newer
SCHEMA_SECONDS = 120.0


class Stores(Protocol):
    """What the server's configuration and its start need of a store."""

    @property
    def shards(self) -> int:
        """How many parts histories are divided into; can never change for a database."""
        ...

    def datastores(self) -> Mapping[str, Any]:
        """The configuration's `default` and `visibility`."""
        ...

    def prepare(self, report: Report) -> None:
        """Makes what must be there before the server starts. Raises `SetupError`."""
        ...


SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": "1", "wal_autocheckpoint": "16000"}
"""`wal` and `synchronous: 1` (NORMAL): with the defaults a file does half the starts per second and cancels updates
under load; a power cut may lose the last transactions, a killed process loses none. Its log is copied every 64 MB and
not every 4: each copying flushes the disk twice, under load twice a second, and whoever shares the disk (our own
database) waits for it."""


@dataclass(frozen=True)
class SqliteFile:
    """One file, as `SQLITE_PRAGMAS` have it. `maxConns: 1`: SQLite has one writer, and a second connection only gets
    "database is locked"."""

    path: Path
    shards: int = 1  # one writer gains nothing from more

    def datastores(self) -> dict[str, Any]:
        attributes = {"mode": "rwc", "setup": "true", **SQLITE_PRAGMAS}
        connection = {
            "pluginName": "sqlite",
            "databaseName": str(self.path),
            "connectAddr": "localhost",
            "connectProtocol": "tcp",
            "connectAttributes": attributes,
        }
        limits = {"maxConns": 1, "maxIdleConns": 1, "maxConnLifetime": "1h"}
        store = {"sql": {**connection, **limits}}
        return {"default": store, "visibility": store}

    def prepare(self, report: Report) -> None:
        """The server makes the file itself."""


@dataclass(frozen=True)
class PostgresDatabases:
    """Two databases on the PostgreSQL at `host:port`; `password` may be empty where the server trusts loopback."""

    host: str
    port: int
    user: str = "postgres"
    password: str = ""
    main: str = "temporal"
    visibility: str = "temporal_visibility"
    shards: int = 4
    connections: int = 10
    """Of each of the server's four services to each of the two databases."""

    def datastores(self) -> dict[str, Any]:
        return {
            "default": {"sql": self._sql(self.main)},
            "visibility": {"sql": self._sql(self.visibility)},
        }

    def _sql(self, database: str) -> dict[str, Any]:
        return {
            "pluginName": PLUGIN,
            "databaseName": database,
            "connectAddr": f"{self.host}:{self.port}",
            "connectProtocol": "tcp",
            "user": self.user,
            "password": self.password,
            "maxConns": self.connections,
            "maxIdleConns": self.connections,
            "maxConnLifetime": "1h",
        }

    def prepare(self, report: Report) -> None:
        """Both databases at the tool's version: made when new, upgraded when older."""
        tool = ensure_schema_tool(report)
        for database, schema in ((self.main, "temporal"), (self.visibility, "visibility")):
            self._run(tool, database, "create")  # each of the three leaves alone what is there
            self._run(tool, database, "setup-schema", "-v", "0.0")
            self._run(tool, database, "update-schema", "--schema-name", f"postgresql/v12/{schema}")

    def _run(self, tool: Path, database: str, *command: str) -> None:
        place = ["--plugin", PLUGIN, "--ep", self.host, "-p", str(self.port), "-u", self.user]
        done = subprocess.run(
            [str(tool), *place, "--db", database, *command],
            env={**os.environ, "SQL_PASSWORD": self.password},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SCHEMA_SECONDS,
            check=False,
        )
        if done.returncode:
            said = done.stdout.strip().splitlines() or [""]
            raise SetupError(
                f"Temporal's schema tool could not {command[0]} '{database}': {said[-1][:300]}",
                mend=f"See that PostgreSQL at {self.host}:{self.port} lets '{self.user}' create databases.",
            )
