"""Fixtures that every test may ask for: a real Temporal server (`servers`), a migrated database (`databases`); and the
search for personal data in whatever any test leaves (`nothing_personal`)."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings
from structlog.stdlib import ProcessorFormatter

pytest_plugins = ["databases", "servers", "nothing_personal"]

# A property is tried on the same examples each time, however slow the machine is: a run that fails fails again.
# `make test ARGS="--hypothesis-profile=search -k name"` looks for new ones.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeatable", settings.get_profile("search"), derandomize=True)
settings.load_profile("repeatable")


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
