"""`doorstep doctor --production`: whether a deployment can be relied on, part by part, asked from where it runs.

It changes nothing that lasts: the one thing it starts is a maintenance workflow that does nothing and ends at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from doorstep.errors import DoorstepError
from doorstep.production import edges, setup, storage, temporal
from doorstep.production.findings import Finding, Level
from doorstep.settings import Settings

__all__ = ["Finding", "Level", "examine"]

Part = tuple[str, Callable[[], list[Finding]]]


def examine(settings: Settings) -> Iterator[Finding]:
    """Every part in the order in which one would mend them, each as soon as it is known. Half a minute at most."""
    parts: list[Part] = [
        ("settings", lambda: setup.settings_read(settings)),
        ("installation key", lambda: setup.installation_key(settings)),
        ("codec keys", lambda: setup.codec(settings)),
        ("store packages", lambda: setup.packages(settings)),
        ("database", lambda: storage.database(settings)),
        ("open journeys", lambda: setup.open_journeys(settings)),
        ("temporal", lambda: asyncio.run(temporal.examine(settings))),
        ("webhooks", lambda: edges.webhooks(settings)),
        ("providers", lambda: edges.providers(settings)),
    ]
    for name, look in parts:
        yield from _carefully(name, look)


def _carefully(name: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    """One part's failure is that part's finding, not the end of the others."""
    try:
        return look()
    except DoorstepError as error:
        return [Finding(name, Level.FAIL, error.what, error.mend)]
    except Exception as error:  # noqa: BLE001 - the doctor must not fall ill; what is said may quote secrets
        return [
            Finding(name, Level.FAIL, f"could not be looked at ({type(error).__name__})", "See the logs.")
        ]
