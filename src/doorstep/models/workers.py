"""Which workers run, and what each can carry on: so that a deployment in which two builds run side by side starts only
what every one of them can replay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Connection, Index, select
from sqlmodel import Field, SQLModel

from doorstep.models.base import instant
from doorstep.models.tables import insert_into, table

BEAT = timedelta(seconds=5)
"""How often a worker says that it is there."""
GONE_AFTER = timedelta(seconds=30)
"""A worker that has said nothing for so long is taken for dead; one that ends in order says so itself."""
FORGOTTEN_AFTER = timedelta(days=30)


class WorkerRow(SQLModel, table=True):
    """One worker process, from its start to its end."""

    __tablename__ = "workers"
    __table_args__ = (Index("ix_workers_queue", "task_queue", "seen_at"),)

    id: str = Field(primary_key=True)
    task_queue: str
    build: str
    """Digest of the code it runs: two workers with the same build are the same."""
    place: str
    """Host and process id."""
    types: list[Any] = Field(default_factory=list, sa_type=JSON)
    """The workflow types it has."""
    patches: list[Any] = Field(default_factory=list, sa_type=JSON)
    """The patches of shared code it knows."""
    started_at: datetime = instant()
    seen_at: datetime = instant()
    stopped_at: datetime | None = instant(nullable=True)


class PatchRow(SQLModel, table=True):
    """A patch that has begun to apply to journeys: from then on no worker may run that does not know it."""

    __tablename__ = "patches"

    name: str = Field(primary_key=True)
    since: datetime = instant()


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """One worker as the others see it."""

    id: str
    build: str
    place: str
    types: frozenset[str]
    patches: frozenset[str]
    started_at: datetime
    seen_at: datetime


_WORKERS, _PATCHES = table(WorkerRow), table(PatchRow)


def enter(conn: Connection, row: WorkerRow) -> None:
    """The worker is there; told again it is there once. Rows that nobody asks for any more go."""
    conn.execute(insert_into(conn.dialect, _WORKERS).values(**row.model_dump()).on_conflict_do_nothing())
    conn.execute(_WORKERS.delete().where(_WORKERS.c.seen_at < row.seen_at - FORGOTTEN_AFTER))


def beat(conn: Connection, worker: str, now: datetime) -> None:
    """It is still there."""
    conn.execute(_WORKERS.update().where(_WORKERS.c.id == worker).values(seen_at=now))


def leave(conn: Connection, worker: str, now: datetime) -> None:
    """It takes no more work."""
    conn.execute(_WORKERS.update().where(_WORKERS.c.id == worker).values(seen_at=now, stopped_at=now))


def present(conn: Connection, task_queue: str, now: datetime) -> list[Present]:
    """The workers that run, longest first. When none does: the last that did, for whoever comes next may be like
    it. Empty only where no worker has run for a month."""
    of_queue = select(_WORKERS).where(_WORKERS.c.task_queue == task_queue)
    alive = of_queue.where(_WORKERS.c.stopped_at.is_(None), _WORKERS.c.seen_at > now - GONE_AFTER)
    rows = conn.execute(alive.order_by(_WORKERS.c.started_at, _WORKERS.c.id)).all()
    if not rows:
        rows = conn.execute(of_queue.order_by(_WORKERS.c.seen_at.desc()).limit(1)).all()
    return [_present(row) for row in rows]


def seen_since(conn: Connection, task_queue: str, since: datetime) -> list[Present]:
    """Every worker that was there at some time since then, ended or not."""
    rows = conn.execute(
        select(_WORKERS).where(_WORKERS.c.task_queue == task_queue, _WORKERS.c.seen_at > since)
    )
    return [_present(row) for row in rows]


def common(workers: Iterable[Present]) -> frozenset[str] | None:
    """The workflow types that every one of them has; None where there are none to ask."""
    sets = [worker.types for worker in workers]
    return frozenset.intersection(*sets) if sets else None


def begun(conn: Connection) -> frozenset[str]:
    """The patches that have begun to apply."""
    return frozenset(conn.execute(select(_PATCHES.c.name)).scalars())


def begin(conn: Connection, names: Iterable[str], now: datetime) -> None:
    """These may apply from now on. Again is once."""
    for name in names:
        made = insert_into(conn.dialect, _PATCHES).values(name=name, since=now)
        conn.execute(made.on_conflict_do_nothing())


def _present(row: Any) -> Present:
    return Present(
        id=row.id,
        build=row.build,
        place=row.place,
        types=frozenset(row.types),
        patches=frozenset(row.patches),
        started_at=row.started_at,
        seen_at=row.seen_at,
    )
