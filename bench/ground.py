"""What a bench stands on: a migrated database, and a Temporal server that keeps its histories in the same kind.

`BENCH_ON=postgres` (or `python -m bench --on postgres`): PostgreSQL of the bench's own, with fsync as in production:
one server for Doorstep's tables, one behind the API for Temporal's, as docs/operating.md says for one machine.
Otherwise two SQLite files, as `doorstep up` makes them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from doorstep.models.migrate import upgrade
from doorstep.postgres_server import PostgresServer
from doorstep.processes import BEHIND_THE_API, LOOPBACK
from doorstep.server_stores import PostgresDatabases
from doorstep.temporal_server import TemporalServer

VARIABLE = "BENCH_ON"


@dataclass(frozen=True)
class Ground:
    """`folder` for files, `url` of the migrated database, `address` of the server (empty when none was asked for);
    `pids` of the processes that serve, by name."""

    folder: Path
    url: str
    address: str
    pids: dict[str, int]


def on_postgres() -> bool:
    """What this run is on."""
    return os.environ.get(VARIABLE) == "postgres"


@contextmanager
def ground(*, temporal: bool = True) -> Iterator[Ground]:
    """Everything fresh; gone at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pids: dict[str, int] = {}
        stores = None
        if on_postgres():
            postgres = stack.enter_context(PostgresServer(durable=True))
            url = postgres.create("doorstep")
            pids["postgres"] = postgres.pid
        else:
            url = f"sqlite:///{folder / 'doorstep.db'}"
        upgrade(url)
        address = ""
        if temporal:
            if on_postgres():
                behind = stack.enter_context(PostgresServer(durable=True, niceness=BEHIND_THE_API))
                stores = PostgresDatabases(host=LOOPBACK, port=behind.port)
                pids["postgres_of_temporal"] = behind.pid
            server = stack.enter_context(TemporalServer(folder / "temporal", stores=stores))
            address, pids["temporal"] = server.address, server.pid or 0
        yield Ground(folder, url, address, pids)
