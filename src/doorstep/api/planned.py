"""What comes next for a journey: its plan, now or as of any instant of its past. Needs Temporal, and no worker."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from doorstep.api.auth import Supporter
from doorstep.api.journeys import LIVE_SECONDS, Ref, read_detail
from doorstep.api.parameters import AsOf
from doorstep.api.past import as_known
from doorstep.api.schemas import examples_knew, examples_plan
from doorstep.api.schemas.errors import errors
from doorstep.api.schemas.examples import ok
from doorstep.api.schemas.plan import PlanAnswer
from doorstep.api.wiring import Parts, Services
from doorstep.errors import Conflict
from doorstep.models.journeys import JourneyStatus
from doorstep.planning import Planner, check_past
from doorstep.rehearsal.assuming import Assumption

router = APIRouter(prefix="/journeys", tags=["journeys"])


@router.get(
    "/{ref}/plan",
    summary="What comes next",
    description="The journey is rebuilt from its history and run on under a named assumption, through the real rules "
    "and the person's real facts: for each touch to come when, what, over which channel, and what would stop it. "
    "Nothing is sent and nothing is changed. With `as_of` as it stood at an instant of its past: what it had heard, "
    "the ledger, consents and suppressions of then; the store's policy and catalogue of now. `knew` then tells what "
    "the journey knew: its phase, each parcel with what was heard of it, refunds, returns, complaints, further "
    "orders, what agents had done, what had been sent and what not. Needs no worker. Where "
    "this release does not have the journey's version, `rebuilt` is false and only what was recorded is told. Of a "
    "journey that is paused (`pause`) it tells what comes once it is resumed, and `assumed` says so.",
    responses={
        200: ok({**examples_plan.PLAN, **examples_knew.PLAN_AS_OF}),
        **errors(
            *("bad_input", "codec_key_missing", "unauthenticated", "forbidden", "not_found"),
            *("journey_not_started", "invalid", "unavailable"),
        ),
    },
)
async def read_plan(
    request: Request,
    parts: Parts,
    caller: Supporter,
    ref: Ref,
    as_of: AsOf = None,
    assume: Annotated[
        Assumption,
        Query(
            description="`nothing`: nothing else happens. `arrives`: each parcel arrives when its carrier says."
        ),
    ] = Assumption.NOTHING,
) -> PlanAnswer:
    detail = await run_in_threadpool(read_detail, parts, caller, ref)
    now = parts.clock()
    if detail.status == JourneyStatus.PENDING:
        raise Conflict(
            "The journey has not started yet: it has no plan.",
            mend="Ask again in a moment.",
            code="journey_not_started",
        )
    if as_of is not None:
        check_past("`as_of`", as_of, detail.started.utc, now, detail.person.zone)
    history = await parts.gateway.history(detail.id, LIVE_SECONDS)
    plan = await planner_of(request, parts).plan(history, now=now, as_of=as_of, assumption=assume)
    if as_of is None:
        return PlanAnswer.of(plan, detail)
    return await run_in_threadpool(as_known, plan, history, detail, parts.database)


def planner_of(request: Request, parts: Services) -> Planner:
    """The process's planner, made when first asked for."""
    held: Planner | None = getattr(request.app.state, "planner", None)
    if held is None:
        held = request.app.state.planner = Planner.of(parts.settings, parts.database)
    return held
