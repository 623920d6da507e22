"""Fixtures that every test may ask for: a real Temporal server (`servers`), a migrated database (`databases`)."""

from __future__ import annotations

pytest_plugins = ["databases", "servers"]
