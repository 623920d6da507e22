"""What the webhook endpoint needs, and the connections it knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from doorstep.api.limits import Limits
from doorstep.api.wiring import utc_now
from doorstep.errors import NotFound
from doorstep.ingest import Accepted, Connected, Writer, connected
from doorstep.models.base import Database
from doorstep.settings import Settings
from doorstep.sources.base import Source
from doorstep.sources.registry import source

KNOWN_SECONDS = 5.0
"""How long a connection's row is believed: a disabled one stops within that."""


class Wakes(Protocol):
    """Who is told of what was committed: the gateway's courier."""

    def wake(self, told: Accepted) -> None: ...


@dataclass(slots=True, kw_only=True)
class Known:
    """A connection and the secrets it had when it was looked up; they are read anew when none of them fits."""

    at: Connected
    secrets: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class WebhookDeps:
    """What the endpoint needs: `database` to look connections up, `writer` to commit, `courier` to wake after it
    (None: everything is left to the sweep), `clock` answering aware UTC, `sources` by adapter name."""

    settings: Settings
    database: Database
    writer: Writer
    courier: Wakes | None = None
    clock: Callable[[], datetime] = utc_now
    sources: Callable[[str], Source] = source
    limits: Limits | None = None
    known: dict[str, tuple[float, Known]] = field(default_factory=dict)

    async def connection(self, connection_id: str) -> Known:
        """The connection, believed for `KNOWN_SECONDS`. Raises `NotFound` for an unknown or disabled one."""
        now = asyncio.get_running_loop().time()
        held = self.known.get(connection_id)
        if held is not None and now - held[0] < KNOWN_SECONDS:
            return held[1]
        found = await asyncio.to_thread(self._look_up, connection_id)
        if found is None:
            self.known.pop(connection_id, None)
            raise NotFound(
                "There is no such connection, or it is disabled.",
                mend="Check the address that the webhook is sent to.",
                code="unknown_connection",
            )
        self.known[connection_id] = (now, found)
        return found

    def source_of(self, connection_id: str) -> str:
        """The adapter of a connection that was looked up; `none` for one that is not there."""
        held = self.known.get(connection_id)
        return "none" if held is None else held[1].at.source

    def _look_up(self, connection_id: str) -> Known | None:
        with self.database.read() as session:
            found = connected(session, connection_id)
        return None if found is None else Known(at=found, secrets=self.secrets(found))

    def secrets(self, at: Connected) -> tuple[str, ...]:
        """The connection's own; Twilio signs with the account's token, which sending needs anyway."""
        own = self.settings.connection_secrets(at.id)
        shared = self.settings.provider_secret("TWILIO_AUTH_TOKEN") if at.source == "twilio" else ""
        return own or ((shared,) if shared else ())
