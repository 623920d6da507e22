"""What agents ask of journeys: an action's row from asking to its end, each move a conditional update.

`pending → claimed` is the journey's own move; everything here competes with it fairly: a row is withdrawn
only while it is pending, so *withdrawn* means that the journey never acts on it, whenever it wakes.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from doorstep.models.access import AuditRow
from doorstep.models.base import Database
from doorstep.models.journeys import ActionRow, ActionStatus

#: states that no longer change
OVER = (ActionStatus.APPLIED, ActionStatus.REFUSED, ActionStatus.WITHDRAWN)


def ask(session: Session, row: ActionRow) -> None:
    """Records a new action and its audit line, in the caller's transaction."""
    session.add(row)
    session.add(_audit(row, row.created_at, "asked", row.actor))
    session.flush()


def find(database: Database, action_id: str) -> ActionRow | None:
    """The action as it stands now."""
    with database.read() as session:
        return session.get(ActionRow, action_id)


def withdraw(database: Database, action_id: str, now: datetime, why: str) -> bool:
    """Gives up an action that the journey has not claimed. True: it will never be applied."""
    with database.write() as session:
        row = session.get(ActionRow, action_id)
        if row is None:
            return True
        moved = session.execute(
            update(ActionRow)
            .where(col(ActionRow.id) == action_id, col(ActionRow.status) == ActionStatus.PENDING)
            .values(status=ActionStatus.WITHDRAWN, detail=why, done_at=now)
            .execution_options(synchronize_session=False)
        )
        gone = bool(moved.rowcount)  # type: ignore[attr-defined] # an UPDATE answers a CursorResult
        if gone:
            session.add(_audit(row, now, "withdrawn", "api"))
        return gone


def settle(
    database: Database, action_id: str, *, applied: bool, detail: str, waiting: tuple[str, ...], now: datetime
) -> ActionRow | None:
    """Writes what the journey answered, unless its projection has told it already; answers the row."""
    status = ActionStatus.APPLIED if applied else ActionStatus.REFUSED
    with database.write() as session:
        moved = session.execute(
            update(ActionRow)
            .where(col(ActionRow.id) == action_id, col(ActionRow.status).not_in(OVER))
            .values(status=status, detail=detail, waiting=list(waiting), done_at=now)
            .execution_options(synchronize_session=False)
        )
        row = session.get(ActionRow, action_id)
        if row is not None and moved.rowcount:  # type: ignore[attr-defined]
            session.add(_audit(row, now, status.value, "journey"))
            session.flush()
        if row is not None:
            session.expunge(row)
        return row


def _audit(row: ActionRow, at: datetime, became: str, actor: str) -> AuditRow:
    return AuditRow(
        at=at,
        actor=actor,
        action=f"journey.{row.kind}.{became}",
        subject=row.journey_id,
        reason=row.reason,
        detail={"action": row.id, "step": row.step, "occurrence": row.occurrence, "asked_by": row.actor},
    )
