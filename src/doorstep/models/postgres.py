"""How PostgreSQL is asked: every wait has an end, on its side and on ours.

Without these a statement behind a forgotten lock waits for ever, and so does a socket whose server lost its power:
TCP alone notices after some fifteen minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from doorstep.settings import Settings

_KEEPALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}  # seconds, seconds, probes


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds; 0 is without an end. `wait`: for a free connection of the pool. The others are PostgreSQL's own
    (`statement_timeout`, `lock_timeout`, `idle_in_transaction_session_timeout`, `connect_timeout`)."""

    statement: float = 15.0
    lock: float = 10.0
    idle: float = 30.0
    connect: float = 5.0
    wait: float = 10.0

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """As the deployment's settings say."""
        return cls(
            statement=settings.database_statement_seconds,
            lock=settings.database_lock_seconds,
            idle=settings.database_idle_seconds,
            connect=settings.database_connect_seconds,
            wait=settings.database_wait_seconds,
        )


def connect_args(limits: Limits, query: Mapping[str, Any]) -> dict[str, Any]:
    """What libpq is told beside the URL, whose own `query` goes before it
    (https://www.postgresql.org/docs/15/libpq-connect.html)."""
    server = {
        "statement_timeout": limits.statement,
        "lock_timeout": limits.lock,
        "idle_in_transaction_session_timeout": limits.idle,
    }
    said = [f"-c {name}={round(seconds * 1000)}" for name, seconds in server.items()]
    given = query.get("options", "")
    args: dict[str, Any] = {"application_name": "doorstep", "keepalives": 1, **_KEEPALIVE}
    if limits.connect:
        args["connect_timeout"] = max(1, round(limits.connect))
    if limits.statement:  # sent and not acknowledged: the server is not there any more
        args["tcp_user_timeout"] = round(limits.statement * 1000)
    for name in set(args) & set(query):
        del args[name]
    args["options"] = " ".join([*said, *([given] if isinstance(given, str) else given)]).strip()
    return args
