"""A journey's touches as the ledger had them at an instant of the past: what was decided later is left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlmodel import Session

from doorstep.contracts import ActionKind
from doorstep.domain.outcomes import FINAL_STATES, TouchState
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.pausing import TOOK_HOLD
from doorstep.models.reading.steps import ledger_of, step_view
from doorstep.models.reading.views import ActionView, Step


def steps_then(
    session: Session, journey_id: str, clock: Clock, at: datetime, *, paused: bool = False
) -> list[Step]:
    """Every touch that the gate had been asked about, or that had ended, by `at` (aware UTC); decisions and providers'
    reports until then. `paused`: the journey was, and none that waits has a next moment."""
    made = []
    for row, decisions, reports in ledger_of(session, journey_id):
        decided = [one for one in decisions if one.at <= at]
        then = row_then(row, decided, at)
        if then is not None:
            made.append(step_view(then, decided, [r for r in reports if r.at <= at], clock, paused))
    return made


def row_then(row: Any, decisions: Sequence[Any], at: datetime) -> Any | None:
    """A touch's row (the columns of `ledger`) as it was at `at`, of the decisions until then, the last one last; None:
    there was none."""
    known = [one for one in (row.decided_at, row.sending_at, row.accepted_at) if one is not None]
    if known and max(known) <= at:
        return row
    if not decisions:
        return None
    last = decisions[-1]
    sent_since = row.sending_at is not None and row.sending_at <= at
    state = TouchState.DEFERRED if last.verdict == "defer" else TouchState.RESERVED
    if sent_since:
        state = TouchState.SENDING
    elif last.verdict == "skip":
        state = TouchState.SKIPPED
    waits = state is TouchState.DEFERRED
    return SimpleNamespace(
        **{
            **row._asdict(),
            "state": state.value,
            "reason": last.reason,
            "detail": last.trace[-1].get("detail", "") if last.trace and last.verdict != "send" else "",
            "channel": last.channel,
            "decided_at": last.at,
            "deferred_until": last.until if waits else None,
            "sending_at": row.sending_at if sent_since else None,
            "accepted_at": None,
            "attempts": row.attempts if sent_since else 0,
            "provider": row.provider if sent_since else "",
            "provider_message_id": "",
            "template_digest": row.template_digest if sent_since else "",
            "shadow": row.shadow and state in FINAL_STATES,
        }
    )


def actions_then(actions: Sequence[ActionView], at: datetime) -> list[ActionView]:
    """What agents had done to the journey by then, oldest first; what it refused is nothing done."""
    done = [a for a in actions if a.status in TOOK_HOLD and (a.done_at or a.created_at) <= at]
    return sorted(done, key=lambda a: (a.done_at or a.created_at, a.id))


def paused_then(actions: Sequence[ActionView], at: datetime) -> datetime | None:
    """Since when the journey was paused at `at`, as far as the actions tell; None: it was not."""
    since: datetime | None = None
    for action in actions_then(actions, at):
        if action.kind == ActionKind.PAUSE:
            since = action.done_at or action.created_at
        elif action.kind in (ActionKind.RESUME, ActionKind.CANCEL):
            since = None
    return since
