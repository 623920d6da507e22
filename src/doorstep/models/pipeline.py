"""Statements straight through libpq, in psycopg's own binding of it: all of one trip are handed over at once.

Why not psycopg's cursors: in pipeline mode (https://www.postgresql.org/docs/15/libpq-pipeline-mode.html) they wait for
the socket before each statement and send each by itself, so that the server wakes up for each; and they look at every
parameter's type each time, because what they have prepared depends on it. Both cost more than most of our statements.
Here a statement is prepared once per connection under a name of its own, its parameters go as text (bytes as they
are), and PostgreSQL takes their types from the statement, in which SQLAlchemy writes each one.

What is prepared is bounded by the statements the program has. psycopg, which says `DEALLOCATE ALL` after a rollback
when it prepares statements of its own, is told not to (`models.postgres`). Where somebody else says so, or a migration
changes a column's type under us, everything is prepared anew under other names.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from sqlalchemy.engine import Connection

from doorstep.models.trouble import outdated

_LINE = "doorstep: line"
_BEGIN = b"BEGIN"
CANCEL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Text:
    """One statement in PostgreSQL's words, with $1, $2 …; `name` follows from the words."""

    name: bytes
    sql: bytes


Asked = tuple[Text, Sequence[Any]]
"""A statement and its parameters, in their order."""
Came = tuple[list[tuple[Any, ...]], int]
"""The rows, and how many were found or touched."""


def ask(connection: Connection, asked: Sequence[Asked]) -> list[Came]:
    """Runs them in their order, in the transaction that is open (begun if need be); outside of one (AUTOCOMMIT) they
    make one together. Raises the first error, psycopg's own; nothing after it was run."""
    held: Any = connection.connection
    raw = held.dbapi_connection
    line = held.info.get(_LINE)
    if line is None or line.raw is not raw:
        line = held.info[_LINE] = _Line(raw)
    with raw.lock:
        came: list[Came] = line.ask(asked)
    return came


class _Line:
    """One connection, and what it has prepared."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.raw = raw
        self._pgconn = raw.pgconn
        self._values = Transformer(raw)
        self._prepared: set[bytes] = set()
        self._anew = 0
        self._socket = select.poll()
        self._socket.register(self._pgconn.socket, select.POLLIN)
        self._interrupted: KeyboardInterrupt | None = None

    def ask(self, asked: Sequence[Asked]) -> list[Came]:
        first = self._pgconn.transaction_status == TransactionStatus.IDLE
        try:
            return self._once(asked)
        except psycopg.Error as error:
            if not outdated(error):
                raise
            self._prepared.clear()
            self._anew += 1  # in a transaction that failed nothing can be deallocated: other names do
            if not first:
                raise
        if self._pgconn.transaction_status == TransactionStatus.INERROR:
            self._pgconn.exec_(b"ROLLBACK")
        return self._once(asked)

    def _once(self, asked: Sequence[Asked]) -> list[Came]:
        dumped = [
            self._dumped(values) for _, values in asked
        ]  # what cannot be sent is said before anything is
        self._pgconn.enter_pipeline_mode()
        try:
            sent = self._send(asked, dumped)
            results, error = self._receive(sent)
            if self._pgconn.status != ConnStatus.BAD:
                self._pgconn.exit_pipeline_mode()
        except BaseException:
            self._pgconn.finish()  # half an answer is of no use to whoever comes next
            raise
        if self._interrupted is not None:
            interrupted, self._interrupted = self._interrupted, None
            raise interrupted
        if error is not None:
            raise error
        return [self._came(result) for result in results]

    def _dumped(self, values: Sequence[Any]) -> tuple[Sequence[Any], Any]:
        if not values:
            return (), None
        wanted = [PyFormat.BINARY if isinstance(value, bytes) else PyFormat.TEXT for value in values]
        return self._values.dump_sequence(values, wanted), self._values.formats

    def _send(self, asked: Sequence[Asked], dumped: Sequence[tuple[Sequence[Any], Any]]) -> list[bytes]:
        """Answers what each result will be of: the name of a statement to be prepared, or nothing."""
        sent, pgconn, coming = [], self._pgconn, set(self._prepared)
        if not self.raw.autocommit and pgconn.transaction_status == TransactionStatus.IDLE:
            pgconn.send_query_params(_BEGIN, None)
            sent.append(_BEGIN)
        for (statement, _), (values, formats) in zip(asked, dumped, strict=True):
            name = b"%s_%d" % (statement.name, self._anew) if self._anew else statement.name
            if name not in coming:
                pgconn.send_prepare(name, statement.sql)
                coming.add(name)
                sent.append(name)
            pgconn.send_query_prepared(name, values, param_formats=formats)
            sent.append(b"")
        pgconn.pipeline_sync()
        while pgconn.flush():
            if self._wait(select.POLLIN | select.POLLOUT) & select.POLLIN:
                pgconn.consume_input()
        return sent

    def _receive(self, sent: Sequence[bytes]) -> tuple[list[Any], psycopg.Error | None]:
        """The statements' results, and the first error. Nothing is left unread, unless the server went away."""
        results: list[Any] = []
        error: psycopg.Error | None = None
        for name in (*sent, b"the end"):
            try:
                result = self._next()
                if result is None:
                    raise psycopg.OperationalError("the connection is lost")
                if result.status == ExecStatus.PIPELINE_SYNC:
                    break
                if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
                    error = error or error_from_result(result, encoding="utf-8")
                elif not name:
                    results.append(result)
                elif name != _BEGIN:
                    self._prepared.add(name)
                self._next()  # none: the end of this one's
            except psycopg.Error as gone:
                return results, error or gone
        return results, error

    def _next(self) -> Any:
        while self._pgconn.is_busy():
            self._wait(select.POLLIN)
            self._pgconn.consume_input()
        return self._pgconn.get_result()

    def _wait(self, for_what: int) -> int:
        try:
            self._socket.modify(self._pgconn.socket, for_what)
            return self._socket.poll()[0][1]
        except KeyboardInterrupt as interrupted:
            self._interrupted = interrupted
            self.raw.cancel_safe(timeout=CANCEL_SECONDS)
            return 0

    def _came(self, result: Any) -> Came:
        if result.status == ExecStatus.TUPLES_OK:
            self._values.set_pgresult(result)
            return self._values.load_rows(0, result.ntuples, tuple), result.ntuples
        return [], result.command_tuples or 0
