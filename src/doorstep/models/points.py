"""The points ledger: one row per movement, never changed; a balance is a sum over it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Connection

from doorstep.contracts import PointsRequest
from doorstep.loyalty import Balance, Movement, balance, movable
from doorstep.models.base import Database
from doorstep.models.care import PointsRow
from doorstep.models.facts import LOCK
from doorstep.models.tables import table

_points = table(PointsRow)


def move_points(database: Database, request: PointsRequest) -> int:
    """Move points once per key; answers what really moved, the same for every repetition.

    A reversal takes back at most what the movement it names gave, less what was taken back already; of one
    that never was, nothing. That nothing is written down too: a repetition must not find more, and should the gift
    still come (its attempt was under way when its journey left the course), it gives nothing.
    """
    with database.writing() as connection:
        if not database.is_sqlite:
            LOCK.first(connection, {"person": request.person_ref})
        held = connection.execute(select(_points.c.points).where(_points.c.key == request.key)).scalar()
        if held is not None:
            return int(held)
        moved = _moved(connection, request)
        connection.execute(
            insert(_points).values(
                key=request.key,
                store_id=request.store_id,
                person_id=request.person_ref,
                journey_id=request.journey_id,
                order_ref=request.order_ref,
                points=moved,
                reason=request.reason,
                at=request.at,
                available_at=request.available_at,
                reverses=request.reverses,
            )
        )
    return moved


def balance_of(connection: Connection, person_ref: str, at: datetime) -> Balance:
    """What the person has at that time: available, and still pending."""
    rows = connection.execute(
        select(_points.c.key, _points.c.points, _points.c.at, _points.c.available_at, _points.c.reverses)
        .where(_points.c.person_id == person_ref)
        .order_by(_points.c.at, _points.c.key)
    )
    return balance([Movement(**row._asdict()) for row in rows], at)


def _moved(connection: Connection, request: PointsRequest) -> int:
    if not request.reverses:
        undone = connection.execute(select(_points.c.key).where(_points.c.reverses == request.key)).first()
        return request.points if undone is None else 0
    given = connection.execute(
        select(_points.c.points).where(
            _points.c.key == request.reverses, _points.c.person_id == request.person_ref
        )
    ).scalar()
    taken = connection.execute(
        select(func.coalesce(func.sum(_points.c.points), 0)).where(_points.c.reverses == request.reverses)
    ).scalar_one()
    return movable(request.points, given=int(given or 0), taken=-int(taken))
