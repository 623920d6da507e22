"""What every kill test stands on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.system.kills.house import Zygote


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """Bears the doomed processes."""
    made = Zygote(tmp_path_factory.mktemp("zygote") / "zygote.log")
    yield made
    made.close()
