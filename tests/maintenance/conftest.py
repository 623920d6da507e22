"""Maintenance's stage: an open shop, settings, and a client of the real server."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from temporalio.client import Client

import shop
from doorstep.activities.ports import build_ports
from doorstep.converter import data_converter
from doorstep.maintenance.jobs import Jobs
from doorstep.models.base import Database
from doorstep.settings import Settings
from doorstep.temporal_server import TemporalServer
from servers import client_of


@pytest.fixture
def settings(database_url: str, tmp_path: Path, temporal_server: TemporalServer) -> Settings:
    return Settings(
        data_dir=tmp_path / "data",
        database_url=database_url,
        temporal_address=temporal_server.address,
        temporal_namespace=temporal_server.namespace,
        task_queue=f"tests-{uuid.uuid4().hex[:8]}",
    )


@pytest.fixture
async def client(temporal_server: TemporalServer) -> Client:
    return await client_of(
        temporal_server.address, namespace=temporal_server.namespace, data_converter=data_converter()
    )


@pytest.fixture
def jobs(client: Client, settings: Settings, database: Database) -> Jobs:
    """The jobs over an open shop, at the machine's clock."""
    shop.open_shop(database)
    return Jobs(client=client, settings=settings, database=database, ports=build_ports(settings, database))
