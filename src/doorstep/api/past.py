"""A plan as of an instant of a journey's past, with what it knew then: for API and command line."""

from __future__ import annotations

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
    return PlanAnswer.of(plan, detail, knew=knew)
