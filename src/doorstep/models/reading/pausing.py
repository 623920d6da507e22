"""A pause that lasts: since when, who asked for it, and what that means for what waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from doorstep.contracts import ActionKind
from doorstep.models.journeys import ActionStatus
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.goods import Moment, View
from doorstep.models.reading.views import ActionView

TOOK_HOLD = (ActionStatus.APPLIED, ActionStatus.CLAIMED)  # claimed: its answer was lost, or is under way


class Pause(View):
    """A pause that has not ended. A journey has no date for that: an agent resumes it, or an exit passes it."""

    since: Moment | None = Field(description="Null: not known.")
    action: str = Field(description="The agent's action (`act_…`) that paused it; empty: not known.")
    actor: str = Field(description="`key:<id>` of the key it was asked with; empty: not known.")
    reason: str = Field(description="Why, in the agent's words; empty: not known.")
    sentence: str


def pause_of(actions: Sequence[ActionView], clock: Clock, since: datetime | None = None) -> Pause:
    """The pause of a journey that is paused, or was at an instant: `since` is when that pause began, as the journey
    itself knows (aware UTC); None: the last one that the actions tell of."""
    asked = [a for a in actions if a.kind == ActionKind.PAUSE and a.status in TOOK_HOLD]
    if since is None:
        action = asked[-1] if asked else None
        since = None if action is None else action.done_at or action.created_at
    else:
        began = since  # two clocks, the API's and the journey's: the nearest is meant
        action = min(asked, key=lambda a: abs(a.created_at - began), default=None)
    when = f" since {clock.words(since)}" if since is not None else ""
    by = f", by an agent ({action.actor}: {action.reason})" if action is not None else ""
    return Pause(
        since=clock.maybe(since),
        action=action.id if action is not None else "",
        actor=action.actor if action is not None else "",
        reason=action.reason if action is not None else "",
        sentence=f"Paused{when}{by}. Nothing can go until it is resumed; no date is set for that.",
    )
