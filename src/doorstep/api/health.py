"""Whether the process lives, whether it can work, and a page that says where everything is.

*Ready* means: webhooks are kept and reads answered. That needs a database that takes writes, and nothing else, so
Temporal being away does not fail readiness: taking the API out of rotation would turn away webhooks that the inbox
would have kept.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool

from doorstep.api.assets import page
from doorstep.api.codes import CODES, Code
from doorstep.api.problems import Problem
from doorstep.api.schemas import examples
from doorstep.api.schemas.errors import errors, example
from doorstep.api.schemas.health import Alive, Part, PartState, Ready
from doorstep.api.wiring import Parts, Services
from doorstep.errors import DoorstepError, NotFound, nearest
from doorstep.models import Database, migrate

PROBE_SECONDS = 2.0

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="The process answers", responses={200: examples.ok(examples.ALIVE)})
async def healthz() -> Alive:
    """For a supervisor that restarts what hangs. Touches nothing else."""
    return Alive()


@router.get(
    "/readyz",
    summary="Requests can be served",
    response_model=Ready,
    responses={
        200: examples.ok(examples.READY),
        503: {
            "model": Ready,
            "description": "The database is out of reach or takes no writes, or its tables do not serve this release.",
            "content": {"application/json": {"examples": examples.named(examples.NOT_READY)}},
        },
    },
)
async def readyz(parts: Parts, response: Response) -> Ready:
    """For a load balancer. Temporal is told as a detail and does not fail it: reads and webhooks work without."""
    database, temporal = await asyncio.gather(_database(parts), _temporal(parts))
    ready = database.state is PartState.OK
    if not ready:
        response.status_code = 503
    return Ready(ready=ready, database=database, temporal=temporal)


async def _database(parts: Services) -> Part:
    try:
        stand, writes = await asyncio.wait_for(run_in_threadpool(_stand, parts.database), PROBE_SECONDS)
    except (TimeoutError, DBAPIError, PoolTimeout):
        return Part(state=PartState.DOWN, detail="Out of reach: nothing can be served.")
    if not writes:
        detail = "It takes no writes (a standby, or told so): reads are answered, webhooks are refused."
        return Part(state=PartState.DOWN, detail=detail)
    match stand.standing:
        case migrate.Standing.IN_STEP:
            return Part(state=PartState.OK, detail="Reads are answered and webhooks kept.")
        case migrate.Standing.AHEAD:  # an upgrade under way, or taken back: nobody leaves the rotation for it
            detail = "The tables are a newer release's and serve this one, which is to be updated."
            return Part(state=PartState.OK, detail=detail)
        case migrate.Standing.BEYOND:
            detail = "The tables are a newer release's and no longer serve this one: update it."
            return Part(state=PartState.BEYOND, detail=detail)
    return Part(state=PartState.BEHIND, detail="Run `doorstep migrate`: its tables are not this release's.")


def _stand(database: Database) -> tuple[migrate.Stand, bool]:
    with database.read() as session:
        stand = migrate.stand(migrate.revision_of(session.connection()))
    return stand, database.takes_writes()


async def _temporal(parts: Services) -> Part:
    probe = getattr(parts.gateway, "reachable", None)
    try:
        there = bool(await asyncio.wait_for(probe(), PROBE_SECONDS)) if probe is not None else False
    except (TimeoutError, DoorstepError):
        there = False
    if there:
        return Part(
            state=PartState.OK, detail="Journeys run; actions and live reads are answered by workers."
        )
    return Part(
        state=PartState.DOWN,
        detail="Out of reach: actions answer 503, webhooks wait in the inbox, reads are served.",
    )


@router.get("/", include_in_schema=False)
async def index() -> HTMLResponse:
    """Where everything is."""
    return HTMLResponse(page("index.html"))


@router.get("/docs", include_in_schema=False)
async def docs() -> HTMLResponse:
    """The documentation, rendered from /openapi.json by this server alone: it works without internet."""
    return HTMLResponse(page("docs.html"))


@router.get(
    "/problems/{code}",
    summary="What a problem's code means",
    responses={
        200: examples.ok(examples.named_value("not_found", example("not_found"))),
        **errors("not_found"),
    },
)
async def explain_problem(
    code: Annotated[str, Path(max_length=100, description="A problem's `code`.")],
) -> Problem:
    """The address in a problem's `type`: an example of it, with what to do."""
    known: Code | None = CODES.get(code)
    if known is None:
        raise NotFound(f"There is no such code.{nearest(code[:50], CODES)}", mend="/docs lists the codes.")
    return Problem(**example(code))
