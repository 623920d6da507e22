"""The audit log, to read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from doorstep.api.auth import Administrator
from doorstep.api.schemas import examples_privacy as examples
from doorstep.api.schemas.errors import errors
from doorstep.api.schemas.examples import ok
from doorstep.api.schemas.privacy import AuditLine, AuditPage
from doorstep.api.wiring import Parts
from doorstep.errors import Forbidden
from doorstep.models.reading.audit import Sought, audited

router = APIRouter(tags=["privacy"])
_REFERENCE = r"^[A-Za-z0-9:._-]{1,100}$"


@router.get(
    "/audit",
    summary="Who did what to whom, when and why",
    description="Newest first: every action of an agent and what became of it, keys made and revoked, exports, "
    "erasures, words on consent. The log only grows; the database refuses to change it. Needs an admin key to every "
    "store.",
    responses={
        200: ok(examples.AUDIT),
        **errors("unauthenticated", "forbidden", "invalid", "rate_limited"),
    },
)
def audit(
    parts: Parts,
    caller: Administrator,
    subject: Annotated[
        str | None,
        Query(pattern=_REFERENCE, description="A journey, person or key: `jny_…`, `per_…`, `key:…`."),
    ] = None,
    actor: Annotated[str | None, Query(pattern=_REFERENCE, description="Such as `key:h2kq7…`.")] = None,
    action: Annotated[
        str | None, Query(pattern=_REFERENCE, description="An action or its beginning: `journey.`, `person`.")
    ] = None,
    since: Annotated[AwareDatetime | None, Query(description="Not older than this.")] = None,
    before: Annotated[int | None, Query(ge=1, description="`next_before` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="Lines at most.")] = 100,
) -> AuditPage:
    if caller.store_id is not None:
        raise Forbidden(
            "The audit log is of every store; this key is of one.",
            mend="`doorstep keys create --scope admin` without a store makes one.",
        )
    sought = Sought(subject=subject or "", actor=actor or "", action=action or "", since=since, before=before)
    with parts.database.reading() as conn:
        rows = audited(conn, sought, limit + 1)
    lines = [AuditLine(**row._asdict()) for row in rows[:limit]]
    return AuditPage(lines=lines, next_before=lines[-1].id if len(rows) > limit else None)
