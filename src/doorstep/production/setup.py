"""What this process was given: settings, keys, code."""

from __future__ import annotations

import os

from doorstep import releases
from doorstep.codec import read_keys
from doorstep.models.base import Database
from doorstep.presence import check_open_journeys
from doorstep.production.findings import Finding, Level
from doorstep.settings import Settings
from doorstep.templates.packages import page_words, renderer
from doorstep.workflows import patches, registry


def settings_read(settings: Settings) -> list[Finding]:
    """Whether every `DOORSTEP_` variable is one."""
    if settings.warnings:
        return [
            Finding("settings", Level.WARN, warning, "Mend its name, or remove it.")
            for warning in settings.warnings
        ]
    return [Finding("settings", Level.OK, "every DOORSTEP_ variable is known")]


def installation_key(settings: Settings) -> list[Finding]:
    """The key of links and of the never-send list: the same everywhere, or links break and people are written to."""
    name = "installation key"
    if os.environ.get("DOORSTEP_SECRET_KEY"):
        return [Finding(name, Level.OK, "from DOORSTEP_SECRET_KEY")]
    file = settings.secret_file
    if file is not None and file.exists():
        return [Finding(name, Level.OK, f"from {file}; every process of the deployment must read the same")]
    mend = "Set DOORSTEP_SECRET_KEY, or name the deployment's file in DOORSTEP_SECRET_FILE."
    return [Finding(name, Level.FAIL, "there is none here: each process would draw its own", mend)]


def codec(settings: Settings) -> list[Finding]:
    """Whether payloads are sealed before they reach Temporal. Raises `SetupError` for keys that cannot be read."""
    keys = read_keys(settings.codec_keys())
    if not keys:
        mend = "`doorstep keys codec create` draws one; histories from before it stay readable."
        return [Finding("codec keys", Level.WARN, "none: payloads reach Temporal unsealed", mend)]
    others = f", {len(keys) - 1} more open older ones" if len(keys) > 1 else ""
    return [Finding("codec keys", Level.OK, f"'{keys[0].id}' seals{others}")]


def packages(settings: Settings) -> list[Finding]:
    """Whether the store packages load, their published journeys are as they were frozen, and their brand, templates
    and pages can be read. Raises `SetupError` or `TemplateError`."""
    releases.check(settings.store_packages)
    renderer(settings.store_packages)
    page_words(settings.store_packages)
    types = ", ".join(registry.journeys())
    named = ", ".join(settings.store_packages) or "none named"
    return [Finding("store packages", Level.OK, f"{named}; journeys: {types}")]


def open_journeys(settings: Settings) -> list[Finding]:
    """Whether the code of every open journey is here, as a worker asks at its start. Raises `SetupError`."""
    registry.load(settings.store_packages)
    opened = Database.of(settings, pool_size=1)
    try:
        check_open_journeys(opened, registry.journeys(), patches.declared())
    finally:
        opened.dispose()
    return [Finding("open journeys", Level.OK, "the code of each is here")]
