"""How PostgreSQL is asked: every wait has an end, on its side and on ours; and a connection that lay idle is asked
whether it still is one.

Without limits a statement behind a forgotten lock waits for ever, and so does a socket whose server lost its power:
TCP alone notices after some fifteen minutes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, event
from sqlalchemy.exc import InvalidatePoolError

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


def connect_args(limits: Limits, url: URL) -> dict[str, Any]:
    """What libpq is told beside the URL, whose own `query` goes before it
    (https://www.postgresql.org/docs/15/libpq-connect.html)."""
    query: Mapping[str, Any] = url.query
    server = {
        "statement_timeout": limits.statement,
        "lock_timeout": limits.lock,
        "idle_in_transaction_session_timeout": limits.idle,
    }
    said = [f"-c {name}={round(seconds * 1000)}" for name, seconds in server.items()]
    given = query.get("options", "")
    args: dict[str, Any] = {"application_name": "doorstep", "keepalives": 1, **_KEEPALIVE}
    args["prepare_threshold"] = None  # `models.pipeline` prepares; psycopg's would throw its statements away
    if limits.connect:
        args["connect_timeout"] = max(1, round(limits.connect))
    if limits.statement:  # sent and not acknowledged: the server is not there any more
        args["tcp_user_timeout"] = round(limits.statement * 1000)
    if _several(url.host, query.get("host")):  # the first that answers may be a standby, which only reads
        args["target_session_attrs"] = "read-write"
    for name in set(args) & set(query):
        del args[name]
    args["options"] = " ".join([*said, *([given] if isinstance(given, str) else given)]).strip()
    return args


def _several(*hosts: Any) -> bool:
    return any((isinstance(host, str) and "," in host) or isinstance(host, tuple) for host in hosts)


_USED = "doorstep: used"
IDLE_SECONDS = 0.25
"""A connection that was used this short a while ago is believed in, unless another was lost since: asking costs as much
as a small transaction."""


def ask_the_idle(engine: Engine) -> None:
    """Before a connection that lay idle is used, it is asked whether its server is there and writes; if not, every
    one that is as old is replaced. (SQLAlchemy's `pool_pre_ping` asks each time, and only the first.)"""
    lost = float("-inf")

    def ask(raw: Any, record: Any, _proxy: Any) -> None:
        now = time.monotonic()
        used = record.info.get(_USED, now)  # a new one
        if not raw.closed and used > lost and now - used < IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(raw)
        except psycopg.Error:
            raise InvalidatePoolError from None
        if _only_reads(raw):
            raise InvalidatePoolError

    def note(_raw: Any, record: Any) -> None:
        record.info[_USED] = time.monotonic()

    def note_lost(_raw: Any, _record: Any, _error: Any) -> None:
        nonlocal lost
        lost = time.monotonic()

    event.listen(engine, "checkout", ask)
    event.listen(engine, "checkin", note)
    event.listen(engine, "invalidate", note_lost)


_READS_ONLY = (b"in_hot_standby", b"default_transaction_read_only")


def _only_reads(raw: psycopg.Connection) -> bool:
    """Whether it told, with its last answer, that it takes no writes: it became a standby, or was one when its name
    still led there. PostgreSQL tells that unasked since 14; before, a write that fails tells it."""
    return b"on" in [raw.pgconn.parameter_status(name) for name in _READS_ONLY]
