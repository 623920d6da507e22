"""An agent's action, taken by its journey: the one move that makes it the journey's to carry out."""

from __future__ import annotations

from sqlalchemy import select, update

from doorstep.contracts import Action, ActionKind, CatchUp, ClaimRequest
from doorstep.errors import Conflict, NotFound
from doorstep.models.base import Database
from doorstep.models.journeys import ActionRow, ActionStatus
from doorstep.models.tables import table

_actions = table(ActionRow)


def claim(database: Database, request: ClaimRequest) -> Action:
    """`pending → claimed` in one statement, so that it and a withdrawal cannot both win. The same journey
    asking again gets the same answer; a withdrawn action comes back as `withdrawn`.

    Raises `NotFound` for an action that does not exist and `Conflict` for another journey's.
    """
    with database.writing() as connection:
        connection.execute(
            update(_actions)
            .where(
                _actions.c.id == request.action_id,
                _actions.c.journey_id == request.journey_id,
                _actions.c.status == ActionStatus.PENDING.value,
            )
            .values(status=ActionStatus.CLAIMED.value, claimed_at=request.at)
        )
        row = connection.execute(select(_actions).where(_actions.c.id == request.action_id)).first()
    if row is None:
        raise NotFound(f"There is no action '{request.action_id}'.")
    if row.journey_id != request.journey_id:
        raise Conflict(f"Action '{row.id}' is not for journey '{request.journey_id}'.")
    return Action(
        id=row.id,
        kind=ActionKind(row.kind),
        step=row.step,
        occurrence=row.occurrence,
        catch_up=CatchUp(row.catch_up),
        withdrawn=row.status == ActionStatus.WITHDRAWN,
    )
