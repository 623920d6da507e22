"""A journey as it was at an instant of its past: what it knew then, and what had been decided. For API and command
line."""

from __future__ import annotations

from datetime import datetime

from temporalio.client import WorkflowHistory

from doorstep.api.schemas.knew import Knew
from doorstep.api.schemas.plan import PlanAnswer
from doorstep.models.base import Database
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.past import paused_then, steps_then
from doorstep.models.reading.views import JourneyDetail
from doorstep.rehearsal.plan import Plan
from doorstep.rehearsal.premises import heard


def as_known(plan: Plan, history: WorkflowHistory, detail: JourneyDetail, database: Database) -> PlanAnswer:
    """The plan as of `plan.at`, and what the journey knew then. Where it could not be rebuilt: what its history and
    the tables tell of then. Reads the database; raises `Unreadable` for a history that is none of a journey."""
    clock = Clock(detail.person.zone)
    since = plan.paused_since if plan.rebuilt else paused_then(detail.actions, plan.at)
    with database.read() as session:
        steps = steps_then(session, detail.id, clock, plan.at, paused=since is not None)
    knew = Knew.of(plan, heard(history, plan.at), steps, detail, clock)
    return PlanAnswer.of(plan, detail, past=True, knew=knew)


def detail_then(
    detail: JourneyDetail, plan: PlanAnswer | None, at: datetime, database: Database
) -> JourneyDetail:
    """The detail with its touches, its waits and its pause as they were at `at` (aware); the rest is of now. `plan`: of
    then; None: there is none to be had, and what it waited for is not known. Reads the database."""
    clock = Clock(detail.person.zone)
    paused = plan.pause is not None if plan is not None else paused_then(detail.actions, at) is not None
    with database.read() as session:
        steps = steps_then(session, detail.id, clock, at, paused=paused)
    waits = list(plan.waits) if plan is not None else []
    return detail.model_copy(update={"steps": steps, "waits": waits, "paused": paused})


def goes_on(detail: JourneyDetail, at: datetime) -> bool:
    """Whether the journey had not ended by `at`: there was something to come."""
    return detail.closed is None or detail.closed.utc > at
