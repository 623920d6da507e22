"""Group commit: webhooks that wait at the same moment share one transaction.

A database has one place where commits queue (SQLite one writer, PostgreSQL the flush of its log). One thread per
process therefore takes whatever waits, up to `most`, commits once, and only then answers: nobody hears *accepted* of
what a crash could still lose. Webhooks are taken in together (`accept_together`), which costs a fraction; should
anything stand in the way, nothing of that is kept, and each is run under a savepoint of its own: one that fails takes
none of the others with it, and one that lost a race for rows to another process (PostgreSQL) is run again alone. While
the database is away every caller hears so at once. At most `bound` may wait; beyond that callers are told to come back
(`Busy`), which a store's webhook does.
"""

from __future__ import annotations

import asyncio
import threading
import time  # noqa: TID251 - how long callers wait, which nothing that is stored depends on
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import Connection

from doorstep.errors import Unavailable
from doorstep.ingest.accept import accept_in, accept_together
from doorstep.ingest.inputs import Accepted, Connected, Incoming, Raw
from doorstep.ingest.sql import NO_LONGER
from doorstep.ingest.statements import NotAsForeseen
from doorstep.models.base import Database
from doorstep.models.trouble import away, contended, passing
from doorstep.sources.base import Reading

log = structlog.get_logger(__name__)

MOST = 32
TRIES = 5
"""How often one that gives way to others is run again, before its caller hears of it."""
BOUND = 2_000
GATHER_SECONDS = 0.004
"""After a commit the next waits this long for company: under load half as many transactions write the same, and
whoever comes alone waits for nothing."""
HURRIED_SECONDS = 0.02
"""Who waits longer than this for an answer waits too long: what can wait stands back (`gateway.Courier`), well before
the 50 ms that a store is promised."""
DELAY_SECONDS = 1.0
"""For so long it is remembered that somebody had to."""
Work = Callable[[Connection], Any]


class Busy(Unavailable):
    """More waits than can be written soon. `retry_after`: when to come back."""

    code = "busy"
    retry_after = timedelta(seconds=2)


@dataclass(slots=True)
class _Item:
    """One piece of work, and whom to tell."""

    work: Work
    incoming: Incoming | None = None
    """What `work` takes in, if that is all it does."""
    future: Future[Any] = field(default_factory=Future)
    came: float = field(default_factory=time.monotonic)
    result: Any = None
    error: BaseException | None = None


class Writer:
    """The process's one thread that writes. `start` it once, `close` it at the end: what waits is written first."""

    def __init__(
        self,
        db: Database,
        *,
        most: int = MOST,
        bound: int = BOUND,
        secret: Callable[[], bytes] | None = None,
    ) -> None:
        """`most` pieces of work in one commit, `bound` waiting; `secret` as `accept_in` takes it."""
        self._db, self._most, self._bound, self._secret = db, most, bound, secret
        self._waiting: deque[_Item] = deque()
        self._something = threading.Condition()
        self._late = float("-inf")
        self._closing = False
        self._never = threading.Event()
        self._thread = threading.Thread(target=self._write, name="doorstep-writer", daemon=True)

    def start(self) -> Writer:
        """Starts the thread; answers the writer itself."""
        self._thread.start()
        return self

    def close(self, timeout: float = 10.0) -> None:
        """Takes nothing new, writes what waits, ends the thread. `timeout` in seconds."""
        with self._something:
            self._closing = True
            self._something.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)

    @property
    def hurried(self) -> bool:
        """Whether somebody waits, or within the last second waited, too long to be answered."""
        now = time.monotonic()
        with self._something:
            waiting = self._waiting[0] if self._waiting else None
        return now - self._late < DELAY_SECONDS or (
            waiting is not None and now - waiting.came > HURRIED_SECONDS
        )

    @property
    def waiting(self) -> int:
        """How many pieces of work wait."""
        return len(self._waiting)

    def submit[T](self, work: Callable[[Connection], T]) -> Future[T]:
        """Runs `work` in a shared transaction; the future is done once that is committed. `work` may run twice
        (its group is taken apart when the commit fails): it must only touch the database.

        Raises `Busy` when too much waits or the writer is closing.
        """
        return self._submit(_Item(work))

    def _submit(self, item: _Item) -> Future[Any]:
        with self._something:
            if self._closing or len(self._waiting) >= self._bound:
                raise Busy("Too much waits to be written.", mend="Send it again in a moment.")
            self._waiting.append(item)
            self._something.notify()
        return item.future

    async def run[T](self, work: Callable[[Connection], T]) -> T:
        """`submit`, awaited. A caller that is cancelled does not undo the work."""
        return await asyncio.wrap_future(self.submit(work))

    async def accept(
        self, connection: Connected, reading: Reading, raw: Raw, received_at: datetime
    ) -> Accepted:
        """`ingest.accept` in a shared transaction. Raises `Busy`, or what the database raised for this one."""
        one = Incoming(
            at=connection,
            reading=reading,
            raw=raw,
            received_at=received_at,
            in_a_rush=self.hurried,
        )

        def alone(conn: Connection) -> Accepted:
            return accept_in(conn, connection, reading, raw, received_at, self._secret)

        return await asyncio.wrap_future(self._submit(_Item(alone, incoming=one)))

    # --- the thread -------------------------------------------------------------------------------

    def _write(self) -> None:
        while True:
            with self._something:
                while not self._waiting and not self._closing:
                    self._something.wait()
                if not self._waiting:
                    return
                group = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            again = self._together(group)
            for item in self._commit(group) if again is None else again:
                self._again(item)
            _answer(group)
            if time.monotonic() - group[0].came > HURRIED_SECONDS:
                self._late = time.monotonic()
            self._never.wait(GATHER_SECONDS)

    def _together(self, group: Sequence[_Item]) -> list[_Item] | None:
        """The ordinary way: webhooks that follow each other are taken in as one. Answers those that are worth running
        again, or None if anything stood in the way: then nothing was written."""
        try:
            with self._group(group) as conn:
                for accepting, run in groupby(group, key=lambda item: item.incoming is not None):
                    items = list(run)
                    if accepting:
                        self._accept(conn, items)
                        continue
                    for item in items:
                        _one(conn, item)
        except NotAsForeseen:
            return None
        except Exception as error:  # noqa: BLE001 - whose it is shows when each is run by itself
            if away(error):
                return _all(group, error)
            log.warning("group taken apart", size=len(group), error=type(error).__name__)
            return None
        return [item for item in group if contended(item.error)]

    def _accept(self, conn: Connection, items: Sequence[_Item]) -> None:
        told = accept_together(conn, [item.incoming for item in items if item.incoming], self._secret)
        for item, accepted in zip(items, told, strict=True):
            item.result = accepted

    def _commit(self, group: Sequence[_Item]) -> list[_Item]:
        """Runs and commits them, each under a savepoint of its own; answers those that are worth running again."""
        try:
            with self._group(group) as conn:
                for item in group:
                    _one(conn, item)
        except Exception as error:  # noqa: BLE001 - the thread must live on, and each caller hear of it
            log.warning("group commit failed", size=len(group), error=type(error).__name__)
            _all(group, error)
            if away(error):  # the others would wait for it one after the other, to hear the same
                return []
            return list(group) if len(group) > 1 or contended(error) else []
        return [item for item in group if contended(item.error)]

    @contextmanager
    def _group(self, group: Sequence[_Item]) -> Iterator[Connection]:
        with self._db.writing() as conn:
            if len(group) > 1 and not (self._db.is_sqlite or all(item.incoming for item in group)):
                NO_LONGER.run(conn, {})  # those that are taken in together say so themselves
            yield conn

    def _again(self, item: _Item) -> None:
        for _ in range(TRIES):
            item.error = None
            if not self._commit([item]):
                return


def _all(group: Iterable[_Item], error: BaseException) -> list[_Item]:
    """Each hears of it; nobody is run again."""
    for item in group:
        item.result, item.error = None, error
    return []


def _one(conn: Connection, item: _Item) -> None:
    item.result = item.error = None
    cursor = conn.connection.cursor()
    try:
        cursor.execute("SAVEPOINT one")
        try:
            item.result = item.work(conn)
        except Exception as error:  # noqa: BLE001 - goes to the caller; the others of the group go on
            item.error = error
            try:
                cursor.execute("ROLLBACK TO SAVEPOINT one")
            except Exception:  # noqa: BLE001 - a full disk ends SQLite's whole transaction: that is what to tell
                raise error from None
        cursor.execute("RELEASE SAVEPOINT one")
    finally:
        cursor.close()


def _told(error: BaseException) -> BaseException:
    """What the caller hears: the database's trouble is passing, a mistake is not."""
    if not passing(error):
        return error
    unavailable = Unavailable("The database could not store it.", mend="Send it again in a moment.")
    unavailable.__cause__ = error
    return unavailable


def _answer(group: Sequence[_Item]) -> None:
    for item in group:
        if not item.future.set_running_or_notify_cancel():
            continue
        if item.error is not None:
            item.future.set_exception(_told(item.error))
        else:
            item.future.set_result(item.result)
