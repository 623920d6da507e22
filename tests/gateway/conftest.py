"""The gateway's stage: real Temporal server, migrated database, an open shop."""

from __future__ import annotations

from pathlib import Path

import pytest

from doorstep.converter import data_converter
from doorstep.models import Database
from doorstep.temporal_server import TemporalServer
from gateway.stage import Stage
from ingest.telling import open_shop
from servers import client_of


@pytest.fixture
async def stage(temporal_server: TemporalServer, database: Database, tmp_path: Path) -> Stage:
    open_shop(database)
    client = await client_of(
        temporal_server.address, namespace=temporal_server.namespace, data_converter=data_converter()
    )
    return Stage(client, database, tmp_path)
