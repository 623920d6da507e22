"""What every kill test stands on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.system.kills.house import Zygote

from doorstep.models.migrate import upgrade


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """Bears the doomed processes."""
    made = Zygote(tmp_path_factory.mktemp("zygote") / "zygote.log")
    yield made
    made.close()


@pytest.fixture(scope="session")
def migrated(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated SQLite file, also where the other tests run on PostgreSQL: each lane copies it."""
    if migrated.startswith("sqlite"):
        return migrated
    url = f"sqlite:///{tmp_path_factory.mktemp('kills') / 'template.db'}"
    upgrade(url)
    return url
