"""Fixtures that every test may ask for: a real Temporal server (`servers`), a migrated database (`databases`); and the
search for personal data in whatever any test leaves (`nothing_personal`)."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog
from structlog.stdlib import ProcessorFormatter

pytest_plugins = ["databases", "servers", "nothing_personal"]


@pytest.fixture(autouse=True)
def _logs_of_its_own() -> Iterator[None]:
    """A test that sets logging up takes it down again: its stream is closed when the next one logs, and Python then
    prints the call stack instead, source lines and all."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    yield
    ours = [handler for handler in root.handlers if isinstance(handler.formatter, ProcessorFormatter)]
    for handler in ours:
        if handler not in handlers:
            root.removeHandler(handler)
    root.setLevel(level)
    structlog.configure(**before)
