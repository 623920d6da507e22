"""A journey's word about itself, written where support reads it."""

from __future__ import annotations

from sqlalchemy import Dialect, bindparam, case, select, update

from doorstep.contracts import Projection
from doorstep.errors import NotFound
from doorstep.models.base import Database
from doorstep.models.codec_json import waits_json
from doorstep.models.journeys import JourneyRow, JourneyStatus
from doorstep.models.prepared import Prepared, prepared
from doorstep.models.tables import table

_journeys = table(JourneyRow)


def _update(_dialect: Dialect) -> object:
    def keep_first(column: str) -> object:
        """What was told once stays: an exit is not taken back by a projection that does not know of it."""
        held = _journeys.c[column]
        return case((held.is_(None), bindparam(column, type_=held.type)), else_=held)

    plain = ("status", "phase", "paused", "waits", "next_due_at", "outcome", "closed_at")
    return (
        update(_journeys)
        .where(_journeys.c.id == bindparam("journey"), _journeys.c.revision < bindparam("told_revision"))
        .values(
            {name: bindparam(name, type_=_journeys.c[name].type) for name in plain}
            | {
                "revision": bindparam("told_revision"),
                "projected_at": bindparam("told_at", type_=_journeys.c.projected_at.type),
                "exited_at": keep_first("exited_at"),
                "exit_cause": case(
                    (_journeys.c.exit_cause == "", bindparam("exit_cause")), else_=_journeys.c.exit_cause
                ),
            }
        )
    )


_UPDATE = Prepared(_update)
_THERE = prepared(select(_journeys.c.revision).where(_journeys.c.id == bindparam("journey")))


def project(database: Database, projection: Projection) -> bool:
    """The journey's row as the projection says. False: a newer one was there already, nothing changed.

    Raises `NotFound` for a journey without a row: ingest writes it before the journey starts.
    """
    due = [wait.until for wait in projection.waits if wait.until is not None]
    values = {
        "journey": projection.journey_id,
        "told_revision": projection.revision,
        "told_at": projection.at,
        "status": (JourneyStatus.CLOSED if projection.closed else JourneyStatus.OPEN).value,
        "phase": projection.phase,
        "paused": projection.paused,
        "waits": waits_json(projection.waits),
        "next_due_at": min(due, default=None),
        "outcome": projection.outcome,
        "closed_at": projection.at if projection.closed else None,
        "exited_at": projection.exited_at,
        "exit_cause": projection.exit_cause,
    }
    with database.writing() as connection:
        if _UPDATE.run(connection, values) == 1:
            return True
        if _THERE.first(connection, values) is None:
            raise NotFound(f"There is no journey '{projection.journey_id}'.")
    return False
