"""What every kill test stands on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.system.kills.house import Zygote

from doorstep.models.migrate import upgrade
from doorstep.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """Bears the doomed processes."""
    made = Zygote(tmp_path_factory.mktemp("zygote") / "zygote.log")
    yield made
    made.close()


@pytest.fixture
def migrated_on_it(own_postgres: PostgresServer) -> str:
    """A migrated database on it, for lanes to copy."""
    url = own_postgres.create("doorstep_template")
    upgrade(url)
    return url
