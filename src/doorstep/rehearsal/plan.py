"""What comes next for a live journey: rebuilt from its history as it stands (or stood), and run on in a world made of
the real facts, under named assumptions. The gate, the caps and the quiet hours are the production code; nothing is
rendered, nothing is sent, and no personal data is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHistory

from doorstep.contracts import CLAIM_ACTION, TOUCH, JourneyView, Wait
from doorstep.rehearsal.activities import ActivityFunction
from doorstep.rehearsal.asides import ahead
from doorstep.rehearsal.assuming import Arrival, Assumption, assumed, claims, paused_since, resume, run_on
from doorstep.rehearsal.rebuild import CodeGone, rebuild
from doorstep.rehearsal.siblings import Siblings
from doorstep.rehearsal.trouble import RehearsalError
from doorstep.rehearsal.unchanged import unchanged_by_json
from doorstep.rehearsal.watching import Ahead as Ahead
from doorstep.rehearsal.watching import Watch
from doorstep.rehearsal.world import World

#: no plan looks further ahead than this
HORIZON = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A journey's plan as of `at` (aware UTC). Not `rebuilt`: this code cannot carry it on, `note` says why, and only
    what was recorded is known. `waits`: what it waited for at `at`. `ends_at` is None when it would wait for ever."""

    journey_id: str
    type: str
    at: datetime
    assumption: Assumption
    assumed: tuple[str, ...]
    """What was taken to happen, in words; nothing where it is not `rebuilt`: nothing was run."""
    rebuilt: bool
    note: str = ""
    paused_since: datetime | None = None
    """When the pause began that held it at `at` (aware UTC): the plan is of what comes once it is resumed."""
    phase: str | None = None
    """Where it stood at `at`; None where it is not `rebuilt`."""
    exit_cause: str = ""
    """Why it had left its course by then and not ended yet; empty: it had not."""
    waits: tuple[Wait, ...] = ()
    ahead: tuple[Ahead, ...] = ()
    ends_at: datetime | None = None
    outcome: str = ""


def plan(
    history: WorkflowHistory,
    workflows: Mapping[str, type[Any]],
    world: World,
    *,
    at: datetime,
    assumption: Assumption = Assumption.NOTHING,
    arrivals: tuple[Arrival, ...] = (),
    activities: Mapping[str, ActivityFunction] | None = None,
) -> Plan:
    """The plan of the journey of that history. `world` holds the facts as of `at`; `activities` replace some of its.
    Raises `Unreadable` for what is no history."""
    watch = Watch(world)
    played = {**world.activities(), **(activities or {}), TOUCH: watch.touch, CLAIM_ACTION: claims(world)}
    type_ = history.events[0].workflow_execution_started_event_attributes.workflow_type.name
    told: dict[str, Any] = {
        "journey_id": history.workflow_id,
        "type": type_,
        "at": at,
        "assumption": assumption,
    }
    try:
        with (
            ahead(),
            rebuild(history, workflows, at=at, activities=played, vouched=unchanged_by_json) as engine,
        ):
            if not engine.done:
                engine.run_until(engine.now)  # what is under way may be its end
            view: JourneyView | None = None if engine.done else engine.query("state")
            watch.engine = engine
            since = paused_since(engine)
            resume(engine)
            siblings = Siblings(world, history.workflow_id)
            run_on(
                engine, world, at + HORIZON, arrivals if assumption is Assumption.ARRIVES else (), siblings
            )
            return Plan(
                **told,
                assumed=assumed(assumption, arrivals, resumed=since is not None, siblings=siblings.waited),
                rebuilt=True,
                paused_since=since,
                phase="closed" if view is None else view.phase,
                exit_cause="" if view is None else view.exit_cause,
                waits=() if view is None else view.waits,
                ahead=tuple(watch.ahead()),
                ends_at=engine.now if engine.done else None,
                outcome=str(engine.result) if engine.done and engine.failure is None else "",
            )
    except (CodeGone, RehearsalError) as error:
        return Plan(**told, assumed=(), rebuilt=False, note=f"{error.what} {error.mend}".strip())
