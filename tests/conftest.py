"""Fixtures that every test may ask for: a real Temporal server (`servers`), a migrated database (`databases`); and the
search for personal data in whatever any test leaves (`nothing_personal`)."""

from __future__ import annotations

pytest_plugins = ["databases", "servers", "nothing_personal"]
