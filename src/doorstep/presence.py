"""A worker among the others: it says what it can carry on, and keeps out of what the others cannot.

Two builds run at once in every rolling deployment, and in every rollback. A journey of a version, or on the new way of
a patch, that some of them do not know would be handed to those too. So nothing new begins before everybody can carry it
on (`gateway.fleet`, `patches.hold`), and whoever cannot carry on what has begun does not start, or stops. Why so:
docs/decisions/0009-two-builds-at-once.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from doorstep import releases
from doorstep.errors import DoorstepError, SetupError, nearest
from doorstep.gateway.delivery import CALL_SECONDS
from doorstep.gateway.fleet import ASKED_EVERY, wall_clock
from doorstep.models import workers
from doorstep.models.base import Database
from doorstep.models.journeys import JourneyRow, JourneyStatus
from doorstep.models.patience import patiently
from doorstep.models.tables import table
from doorstep.models.workers import WorkerRow
from doorstep.settings import Settings
from doorstep.workflows import patches, registry

log = structlog.get_logger(__name__)

NEWS_TRAVELS = ASKED_EVERY + timedelta(seconds=CALL_SECONDS + 4)
"""Until every gateway has heard of a new worker, and what it was just then starting has started and is written down."""
RECENTLY = timedelta(minutes=10)
_JOURNEYS = table(JourneyRow)


class Presence:
    """This process's row among the workers."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = wall_clock,
        news_travels: timedelta = NEWS_TRAVELS,
        among: Callable[[int], None] | None = None,
    ) -> None:
        """`among` is told at every beat how many workers run."""
        self._database, self._queue, self._clock = database, settings.task_queue, clock
        self._news_travels = news_travels
        self._among = among
        self._row = WorkerRow(
            id=f"wrk_{secrets.token_hex(8)}",
            task_queue=settings.task_queue,
            build=releases.build(settings.store_packages),
            place=f"{socket.gethostname()}:{os.getpid()}",
            types=sorted(registry.journeys()),
            patches=sorted(patches.declared()),
            started_at=clock(),
            seen_at=clock(),
        )
        self.trouble: DoorstepError | None = None
        """Why this worker has to stop."""

    async def enter(self, stop: asyncio.Event) -> None:
        """Before any work is taken: say so, and where others have what this build lacks, wait until nobody starts
        it any more. Raises `SetupError` when journeys have begun that this build cannot carry on."""
        lacking = await patiently(self._enter, stop)
        if lacking:
            log.info(
                "an older build beside a newer one: waiting until nothing starts that it lacks",
                lacking=sorted(lacking),
                seconds=self._news_travels.total_seconds(),
            )
            for _ in range(int(self._news_travels.total_seconds() * 10)):
                if stop.is_set():
                    return
                await asyncio.sleep(0.1)
        await patiently(self._look, stop)

    async def stay(self, stop: asyncio.Event) -> None:
        """Beats until cancelled. Sets `stop` (and `trouble`) once it may not go on: what has begun meanwhile is not
        known here. A database that is away changes nothing."""
        while True:
            await asyncio.sleep(workers.BEAT.total_seconds())
            try:
                await asyncio.to_thread(self._beat)
            except SetupError as error:
                log.error("this build cannot carry on what others have begun", error=error.what)
                self.trouble = error
                stop.set()
                return
            except (SQLAlchemyError, DoorstepError, OSError) as error:
                log.warning("a worker could not say that it is there", error=type(error).__name__)

    async def leave(self) -> None:
        """No more work is taken."""
        try:
            await asyncio.to_thread(self._leave)
        except (SQLAlchemyError, DoorstepError, OSError) as error:
            log.warning("a worker could not say that it leaves", error=type(error).__name__)

    def _enter(self) -> set[str]:
        """What others have, or had a moment ago, that is unknown here."""
        now = self._clock()
        self._row.seen_at = now
        with self._database.writing() as conn:
            workers.enter(conn, self._row)
        with self._database.reading() as conn:
            others = workers.seen_since(conn, self._queue, now - RECENTLY)
        theirs = {name for other in others for name in (*other.types, *other.patches)}
        return theirs - {*self._row.types, *self._row.patches}

    def _beat(self) -> None:
        with self._database.writing() as conn:
            workers.beat(conn, self._row.id, self._clock())
        self._look()

    def _look(self) -> None:
        """Check that this build can go on, and let begin what everybody knows. A worker that comes between the two
        is told so when it has waited, for it looks later than this begins."""
        check_open_journeys(self._database, self._row.types, self._row.patches)
        known = frozenset(self._row.patches)
        with self._database.reading() as conn:
            begun, others = workers.begun(conn), workers.present(conn, self._queue, self._clock())
        if self._among is not None:
            self._among(len(others))
        fresh = known - begun
        for other in others:
            fresh &= other.patches
        if fresh:
            with self._database.writing() as conn:
                workers.begin(conn, sorted(fresh), self._clock())
            log.info("patches begin to apply", patches=sorted(fresh))
        patches.hold(known - begun - fresh)

    def _leave(self) -> None:
        with self._database.writing() as conn:
            workers.leave(conn, self._row.id, self._clock())


@contextlib.asynccontextmanager
async def present(
    database: Database, settings: Settings, stop: asyncio.Event, among: Callable[[int], None] | None = None
) -> AsyncIterator[None]:
    """This worker is there for as long as the block lasts; `among` hears how many are. Raises `SetupError` when it may
    not start, and, having set `stop`, when it could not go on."""
    presence = Presence(database, settings, among=among)
    try:
        await presence.enter(stop)
        staying = asyncio.create_task(presence.stay(stop))
        try:
            yield
        finally:
            staying.cancel()
            await asyncio.gather(staying, return_exceptions=True)
    finally:
        await presence.leave()
    if presence.trouble is not None:
        raise presence.trouble


def check_open_journeys(database: Database, known: Iterable[str], patches_known: Iterable[str] = ()) -> None:
    """Raises `SetupError` naming every type of an open journey that is not registered, or every patch that has begun
    to apply and is not declared: a worker without it would fail its tasks for ever. Asked at every beat, so it costs a
    look into the index per type, however many journeys are open."""
    known, patches_known = set(known), set(patches_known)
    with database.reading() as connection:
        unknown = {kind: _open(connection, kind) for kind in _types(connection) if kind not in known}
        lacking = sorted(workers.begun(connection) - patches_known)
        affected = sum(_open(connection, kind) for kind in known) if lacking else 0
    missing = {kind: n for kind, n in unknown.items() if n}
    if missing:
        told = "; ".join(f"{n} of type '{kind}'{nearest(kind, known)}" for kind, n in missing.items())
        raise SetupError(
            f"Open journeys have no code here: {told}",
            mend="Deploy their version beside the new one until they have ended "
            "(is the package named in DOORSTEP_STORE_PACKAGES?).",
        )
    if affected:
        raise SetupError(
            f"{affected} open journeys may have taken the new way of {', '.join(lacking)}, "
            "which this code does not know.",
            mend="Deploy code that declares it; a patch's name stays for good.",
        )


def _types(connection: Connection) -> Iterator[str]:
    """Every workflow type that a journey ever had, in order: from one to the next by the index."""
    found: str | None = ""
    while found is not None:
        following = select(func.min(_JOURNEYS.c.type)).where(_JOURNEYS.c.type > found)
        found = connection.execute(following).scalar()
        if found is not None:
            yield found


def _open(connection: Connection, kind: str) -> int:
    """How many journeys of that type are open, or about to be."""
    of_kind = (_JOURNEYS.c.type == kind) & (_JOURNEYS.c.status != JourneyStatus.CLOSED.value)
    return int(connection.execute(select(func.count()).where(of_kind)).scalar_one())
