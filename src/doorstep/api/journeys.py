"""Reading journeys. The tables answer, whoever else is down; only `live=1` asks the workflow itself."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime
from starlette.concurrency import run_in_threadpool

from doorstep.api.auth import Supporter, store_for
from doorstep.api.live import compared
from doorstep.api.schemas import examples
from doorstep.api.schemas.errors import errors
from doorstep.api.schemas.journeys import JourneyAnswer, JourneyPage
from doorstep.api.wiring import Parts, Services
from doorstep.contracts import JourneyView
from doorstep.errors import Conflict, NotFound, Unavailable
from doorstep.models.journeys import JourneyStatus
from doorstep.models.keys import Caller
from doorstep.models.reading.detail import journey_detail
from doorstep.models.reading.listing import Filters, journeys
from doorstep.models.reading.views import JourneyDetail

LIVE_SECONDS = 4.0  # the whole answer stays within five

router = APIRouter(prefix="/journeys", tags=["journeys"])

Ref = Annotated[
    str,
    Path(
        pattern=r"^(jny|ord)_[a-z0-9_-]{1,64}$",
        description="The journey (`jny_…`) or its order (`ord_…`).",
        examples=[examples.JOURNEY_ID],
    ),
]


@router.get(
    "",
    summary="List journeys",
    description="Newest first, by any combination of filters. `next_cursor` leads to the next page; journeys that "
    "begin while you page do not move it. No personal data.",
    responses={
        200: examples.ok(examples.PAGE),
        **errors("cursor_invalid", "unauthenticated", "forbidden", "invalid"),
    },
)
def list_journeys(
    parts: Parts,
    caller: Supporter,
    store: Annotated[str | None, Query(max_length=100, description="Only this store.")] = None,
    status: Annotated[JourneyStatus | None, Query(description="pending, open or closed.")] = None,
    phase: Annotated[str | None, Query(max_length=100, description="Only journeys in this phase.")] = None,
    type_: Annotated[
        str | None, Query(alias="type", max_length=100, description="Such as `standard.v1`.")
    ] = None,
    paused: Annotated[bool | None, Query(description="Only paused ones, or only others.")] = None,
    due_before: Annotated[AwareDatetime | None, Query(description="Next due before this instant.")] = None,
    started_after: Annotated[
        AwareDatetime | None, Query(description="Began at or after this instant.")
    ] = None,
    started_before: Annotated[AwareDatetime | None, Query(description="Began before this instant.")] = None,
    person: Annotated[
        str | None, Query(max_length=100, description="Only this person's, by reference.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Journeys on a page.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=300, description="`next_cursor` of the page before.")
    ] = None,
) -> JourneyPage:
    filters = Filters(
        store_id=store_for(caller, store),
        status=status,
        phase=phase,
        type=type_,
        paused=paused,
        due_before=_utc(due_before),
        started_after=_utc(started_after),
        started_before=_utc(started_before),
        person_ref=person,
    )
    with parts.database.read() as session:
        found, following = journeys(session, filters, limit=limit, cursor=cursor)
    return JourneyPage(journeys=found, next_cursor=following)


@router.get(
    "/{ref}",
    response_model=JourneyAnswer,
    summary="One journey whole",
    description="Where it stands, every step with its outcome, reason and the rules behind it, the parcels, what it "
    "waits for and until when, and a ready answer to *where is my order*. From the tables: it answers with every "
    "worker and Temporal stopped. `live=1` also asks the workflow itself and marks what differs. It is of now: what "
    "was known at an instant of the past `/journeys/{ref}/plan?as_of=` tells.",
    responses={
        200: examples.ok(examples.DETAIL),
        **errors("unauthenticated", "forbidden", "not_found", "journey_closed", "invalid", "unavailable"),
    },
)
async def read_journey(
    parts: Parts,
    caller: Supporter,
    ref: Ref,
    live: Annotated[bool, Query(description="Ask the workflow itself too; needs a worker.")] = False,
) -> Response:
    detail = await run_in_threadpool(read_detail, parts, caller, ref)
    answer = JourneyAnswer.model_construct(**dict(detail))
    if live:
        word, differences = compared(await ask(parts, detail), detail, parts.clock())
        answer = JourneyAnswer.model_construct(**dict(detail), live=word, differences=differences)
    # Already validated, piece by piece: going through the framework's model again would cost as much as the queries.
    return Response(answer.model_dump_json(), media_type="application/json")


def read_detail(parts: Services, caller: Caller, ref: str) -> JourneyDetail:
    """The journey as the tables know it. Raises `NotFound`, also for another store's."""
    with parts.database.read() as session:
        found = journey_detail(session, ref, caller.store_id, parts.clock())
    if found is None:
        raise NotFound(
            "There is no such journey that this key may see.", mend="Look it up with POST /journeys/search."
        )
    return found


async def ask(parts: Services, detail: JourneyDetail) -> JourneyView:
    """The workflow's own word. Raises `Unavailable` within five seconds, `Conflict` when it is over and gone."""
    try:
        # Bounded here too: an RPC's own timeout has been seen to take twice as long as it said.
        return await asyncio.wait_for(parts.gateway.query_state(detail.id, LIVE_SECONDS), LIVE_SECONDS + 0.3)
    except (TimeoutError, Unavailable, NotFound) as error:
        if isinstance(error, NotFound) and detail.status == JourneyStatus.CLOSED:
            raise Conflict(
                "The journey is over, and Temporal has let go of it.",
                mend="Read it without `live`: the tables have all of it.",
                code="journey_closed",
            ) from error
        raise Unavailable(
            "The journey itself did not answer; nothing was changed.",
            mend="Read it without `live`: the tables are there. `doorstep doctor` says what is missing.",
        ) from error


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
