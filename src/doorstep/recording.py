"""Histories of an installation's journeys, kept as files for later releases to replay."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from doorstep import gateway
from doorstep.errors import NotFound
from doorstep.histories import as_text
from doorstep.models.base import Database
from doorstep.models.journeys import JourneyRow, JourneyStatus
from doorstep.models.tables import table
from doorstep.settings import Settings

_JOURNEYS = table(JourneyRow)


def chosen(
    database: Database, journeys: Sequence[str], most: int, *, live: bool = False
) -> list[tuple[str, str]]:
    """(id, type) of those journeys, or else of the latest `most` of each type that have ended, or that are under way
    when `live`. Raises `NotFound`."""
    rows = select(_JOURNEYS.c.id, _JOURNEYS.c.type).where(_JOURNEYS.c.type != "")
    with database.reading() as connection:
        if journeys:
            found = [(r.id, r.type) for r in connection.execute(rows.where(_JOURNEYS.c.id.in_(journeys)))]
            missing = sorted(set(journeys) - {id_ for id_, _ in found})
            if missing:
                raise NotFound(
                    f"There is no started journey {missing[0]}.", mend="`doorstep status` finds one."
                )
            return found
        types = (
            connection.execute(select(_JOURNEYS.c.type).where(_JOURNEYS.c.type != "").distinct())
            .scalars()
            .all()
        )
        status = JourneyStatus.OPEN if live else JourneyStatus.CLOSED
        latest = _JOURNEYS.c.started_at if live else _JOURNEYS.c.closed_at
        wanted = rows.where(_JOURNEYS.c.status == status.value).order_by(latest.desc()).limit(most)
        return [
            (r.id, r.type)
            for t in sorted(types)
            for r in connection.execute(wanted.where(_JOURNEYS.c.type == t))
        ]


def record(
    settings: Settings, database: Database, journeys: Sequence[tuple[str, str]], folder: Path
) -> list[Path]:
    """Writes `<folder>/<type>-<journey>.json` for each; what is sealed in Temporal is sealed there too. Raises
    `NotFound` for one that Temporal has forgotten, and `Unavailable`."""
    texts = asyncio.run(_fetched(settings, database, [journey for journey, _ in journeys]))
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for (journey, kind), text in zip(journeys, texts, strict=True):
        file = folder / f"{kind}-{journey}.json"
        file.write_text(text)
        made.append(file)
    return made


async def _fetched(settings: Settings, database: Database, journeys: Sequence[str]) -> list[str]:
    found = gateway.Gateway(await gateway.connect(settings), database, settings)
    return [as_text(await found.history(journey, opened=False)) for journey in journeys]
