"""Why: each message sent, not sent, deferred or still waiting, rule by rule."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from doorstep.api.auth import Supporter
from doorstep.api.journeys import LIVE_SECONDS, Ref, read_detail
from doorstep.api.parameters import AsOf
from doorstep.api.past import detail_then, goes_on
from doorstep.api.planned import planner_of
from doorstep.api.schemas import examples_explain
from doorstep.api.schemas.errors import errors
from doorstep.api.schemas.examples import ok
from doorstep.api.schemas.explain import Explanation, something_waits
from doorstep.api.schemas.plan import PlanAnswer
from doorstep.api.wiring import Parts, Services
from doorstep.codec import CannotOpen
from doorstep.errors import NotFound, SetupError, Unavailable
from doorstep.models.reading.views import JourneyDetail
from doorstep.planning import check_past
from doorstep.rehearsal.exploring.steps import steps_of
from doorstep.workflows import registry

router = APIRouter(prefix="/journeys", tags=["journeys"])


@router.get(
    "/{ref}/explain",
    summary="Why a message went, or did not",
    description="For each step, or one: every time the gate was asked, rule by rule, with the facts it read and when, "
    "and the next moment it could go. For what still waits, `ahead` says what the gate would answer at that moment "
    "over the facts of now, and what would stop it: the journey is rebuilt from its history for that; nothing is sent "
    "and nothing is changed. While it is paused (`pause`) nothing can go, and `ahead` is of what comes once it is "
    "resumed. Needs no worker. With Temporal away `ahead` is empty and `note` says so; the rest is from the tables, "
    "and what waits is what they knew at `last_known`. "
    "With `as_of` what had been decided by an instant of its past, and what was coming then.",
    responses={
        200: ok(examples_explain.EXPLANATION),
        **errors("bad_input", "unauthenticated", "forbidden", "not_found", "step_not_found", "invalid"),
    },
)
async def explain(
    request: Request,
    parts: Parts,
    caller: Supporter,
    ref: Ref,
    step: Annotated[
        str | None, Query(max_length=300, description="One step's name, or a touch's key; without it: all.")
    ] = None,
    as_of: AsOf = None,
) -> Explanation:
    detail = await run_in_threadpool(read_detail, parts, caller, ref)
    if as_of is not None:
        check_past("`as_of`", as_of, detail.started.utc, parts.clock(), detail.person.zone)
    asks = something_waits(detail) if as_of is None else goes_on(detail, as_of)
    plan, note = await _ahead(request, parts, detail, as_of) if asks else (None, "")
    if as_of is not None:
        detail = await run_in_threadpool(detail_then, detail, plan, as_of, parts.database)

    def named(type_: str) -> frozenset[str]:
        with suppress(
            SetupError
        ):  # a package that is broken here has no code here; what was recorded is told
            registry.load(parts.settings.store_packages)
        return steps_of(type_)

    return Explanation.of(detail, step, plan, named, note, as_of=as_of)


async def _ahead(
    request: Request, parts: Services, detail: JourneyDetail, as_of: datetime | None
) -> tuple[PlanAnswer | None, str]:
    try:
        history = await parts.gateway.history(detail.id, LIVE_SECONDS)
    except (Unavailable, NotFound, CannotOpen) as error:
        return None, f"What the gate would say of what waits cannot be told: {error.what}"
    plan = await planner_of(request, parts).plan(history, now=parts.clock(), as_of=as_of)
    return PlanAnswer.of(plan, detail, past=as_of is not None), ""
