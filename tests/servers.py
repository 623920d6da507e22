"""A real Temporal server for tests: official binary, SQLite file, time skipping on, ports of its own.

One per test session. Tests share it, so each uses its own workflow ids and its own task queue. A test that kills or
restarts a server starts its own with `TemporalServer(tmp_path, time_skipping=True)`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.service import GrpcCompression

from doorstep.temporal_server import TemporalServer


@pytest.fixture(scope="session")
def temporal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """The session's server; stopped by its own pid, and by the kernel should the test process be killed."""
    server = TemporalServer(
        tmp_path_factory.mktemp("temporal"),
        time_skipping=True,
        report=lambda line: sys.stderr.write(f"{line}\n"),
    )
    with server:
        yield server


@pytest.fixture
async def temporal_client(temporal_server: TemporalServer) -> Client:
    """A client of the session's server. A client belongs to one event loop, so each test gets its own."""
    return await client_of(temporal_server.address, namespace=temporal_server.namespace)


async def client_of(address: str, **options: Any) -> Client:
    """A client as Doorstep's own speak to a server on this machine: nothing is packed."""
    return await Client.connect(address, grpc_compression=GrpcCompression.NONE, **options)
