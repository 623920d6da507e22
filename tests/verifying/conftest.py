from __future__ import annotations

import pytest
from tests.verifying.repository import Repository, Store


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """One for all tests; none of them changes a branch."""
    return Repository(tmp_path_factory.mktemp("verifying"))


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store's own repository."""
    return Store(tmp_path_factory.mktemp("store"))
