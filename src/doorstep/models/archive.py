"""Histories of closed journeys, kept when Temporal's retention has let go of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, LargeBinary, and_, or_, select, update
from sqlmodel import Field, SQLModel

from doorstep.models.base import instant
from doorstep.models.journeys import JourneyRow, JourneyStatus
from doorstep.models.tables import insert_into, table


class HistoryArchiveRow(SQLModel, table=True):
    """One journey's history as Temporal told it: payloads that were sealed stay sealed. `format` says how `body` is
    written; `lost` is one that Temporal had forgotten before it could be kept."""

    __tablename__ = "history_archive"

    journey_id: str = Field(primary_key=True)
    run_id: str
    type: str
    format: str
    events: int
    body: bytes = Field(sa_type=LargeBinary)
    archived_at: datetime = instant()


_ARCHIVE, _JOURNEYS = table(HistoryArchiveRow), table(JourneyRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unarchived:
    """A closed journey whose history is not kept yet."""

    journey_id: str
    type: str
    closed_at: datetime


def unarchived(
    connection: Connection, closed_before: datetime, after: tuple[datetime, str] | None, most: int
) -> list[Unarchived]:
    """Closed journeys without their history, the longest closed first, from behind `after` (closed_at, id) on. By
    the index on (status, archived_at, closed_at): what is archived costs nothing."""
    asked = (
        select(_JOURNEYS.c.id, _JOURNEYS.c.type, _JOURNEYS.c.closed_at)
        .where(
            _JOURNEYS.c.status == JourneyStatus.CLOSED.value,
            _JOURNEYS.c.archived_at.is_(None),
            _JOURNEYS.c.closed_at < closed_before,
        )
        .order_by(_JOURNEYS.c.closed_at, _JOURNEYS.c.id)
        .limit(most)
    )
    if after is not None:
        closed_at, journey = after
        asked = asked.where(
            or_(
                _JOURNEYS.c.closed_at > closed_at,
                and_(_JOURNEYS.c.closed_at == closed_at, _JOURNEYS.c.id > journey),
            )
        )
    return [
        Unarchived(journey_id=row.id, type=row.type, closed_at=row.closed_at)
        for row in connection.execute(asked)
    ]


def keep_history(connection: Connection, values: dict[str, Any]) -> bool:
    """Keeps one history (the columns of `HistoryArchiveRow`) and marks its journey, in the caller's transaction.
    Told twice it is there once, and the first stays. Whether it was new."""
    added = connection.execute(
        insert_into(connection.dialect, _ARCHIVE).values(values).on_conflict_do_nothing(),
        execution_options={"preserve_rowcount": True},  # else unknown on PostgreSQL
    )
    connection.execute(
        update(_JOURNEYS)
        .where(_JOURNEYS.c.id == values["journey_id"], _JOURNEYS.c.archived_at.is_(None))
        .values(archived_at=values["archived_at"])
    )
    return added.rowcount > 0


def kept_history(connection: Connection, journey_id: str) -> HistoryArchiveRow | None:
    """The journey's kept history; None where there is none."""
    row = connection.execute(select(_ARCHIVE).where(_ARCHIVE.c.journey_id == journey_id)).first()
    return None if row is None else HistoryArchiveRow(**row._mapping)


def kept_bodies(connection: Connection) -> Iterator[tuple[str, bytes]]:
    """(journey id, `body`) of every kept history, a few at a time: `connection` of `Database.scanning`."""
    asked = select(_ARCHIVE.c.journey_id, _ARCHIVE.c.body).execution_options(yield_per=100)
    for row in connection.execute(asked):
        yield row.journey_id, row.body
