"""What a database's error means: passing trouble, a lost race for locks, or a mistake of ours.

Errors come wrapped by SQLAlchemy or, from prepared statements, as the driver's own. PostgreSQL's are told by class
and SQLSTATE (https://www.postgresql.org/docs/15/errcodes-appendix.html), SQLite's by result code.
"""

from __future__ import annotations

import sqlite3

import psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_CONTENDED = ("40001", "40P01", "55P03")  # serialization failure, deadlock, lock timeout
_GONE = ("08", "57P", "53300")  # connection lost; server stopping or starting; no connection to be had
_NOT_PREPARED = ("26000", "42P05")  # no statement of that name; another one of that name
_READS_ONLY = "25006"  # a standby, or a server that was told to take no more writes
_NOT_WRITABLE = (_READS_ONLY, "25P03")  # and: our transaction was ended
_SQLITES_OWN = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
)


def passing(error: BaseException) -> bool:
    """Locked, full, stopping or out of reach: the same may work in a moment. Anything else is a mistake in what we
    asked."""
    if isinstance(error, PoolTimeout):
        return True
    cause = _cause(error)
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _SQLITES_OWN
    if isinstance(cause, psycopg.Error) and (_state(cause) in _NOT_WRITABLE or outdated(cause)):
        return True
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return True
    return isinstance(error, OperationalError | InterfaceError)


def contended(error: BaseException | None) -> bool:
    """PostgreSQL chose this transaction to give way to another, or had to prepare anew: run again at once, it may get
    through."""
    cause = _cause(error)
    return isinstance(cause, psycopg.Error) and (_state(cause) in _CONTENDED or outdated(cause))


def outdated(error: psycopg.Error) -> bool:
    """What was prepared on this connection is not there any more, or not what was asked for: `DISCARD ALL`, or a
    migration that changed a column's type ("cached plan must not change result type", which has the state of everything
    unsupported: its source tells it, https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/utils/cache/plancache.c)."""
    if _state(error) == "0A000":
        return error.diag.source_function == "RevalidateCachedQuery"
    return _state(error) in _NOT_PREPARED


def only_reads(error: BaseException | None) -> bool:
    """The server at the other end takes no writes: another connection may lead to one that does."""
    cause = _cause(error)
    return isinstance(cause, psycopg.Error) and _state(cause) == _READS_ONLY


def away(error: BaseException | None) -> bool:
    """There is no server, or no connection to it: whoever asks next hears the same."""
    if isinstance(error, PoolTimeout):
        return True
    cause = _cause(error)
    if isinstance(cause, psycopg.InterfaceError):
        return True
    if not isinstance(cause, psycopg.OperationalError):
        return False
    state = _state(cause)
    return not state or (state.startswith(_GONE) and state != "57014")


def _cause(error: BaseException | None) -> BaseException | None:
    return (error.orig or error) if isinstance(error, DBAPIError) else error


def _state(error: psycopg.Error) -> str:
    return error.sqlstate or ""
