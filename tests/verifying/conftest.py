from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.verifying.repository import Here, Repository, Store


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """One for all tests; none of them changes a branch."""
    return Repository(tmp_path_factory.mktemp("verifying"))


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store's own repository."""
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def here(repository: Repository) -> Iterator[Here]:
    """Commands about that repository in this process, the revisions in processes that stay."""
    with ExitStack() as stack:
        yield Here(repository, stack)
