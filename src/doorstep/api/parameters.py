"""Query parameters that a route does not have are refused, as fields are that a body does not have: ignored, `?as_of=`
on a route without it would answer with now and look like then."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from pydantic import AfterValidator

from doorstep.api.auth import caller
from doorstep.errors import BadInput, nearest
from doorstep.models.keys import Caller


def _in_utc(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


AsOf = Annotated[
    datetime | None,
    AfterValidator(lambda at: None if at is None else _in_utc(at)),
    Query(
        description="An instant of its past, such as 2026-03-31T10:00:00Z; one without a zone is taken in UTC, as on "
        "the command line, and the answer says which it was. Without it: now."
    ),
]
"""Of routes that tell the past: aware."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,60}")
_ELSEWHERE = {
    "as_of": "`/journeys/{ref}/plan?as_of=` tells the past: what the journey knew then, and its plan; "
    "`/journeys/{ref}/explain?as_of=` what had been decided by then.",
    "live": "`live` is asked of `/journeys/{ref}`.",
    "assume": "`assume` is asked of `/journeys/{ref}/plan`.",
    "step": "`step` is asked of `/journeys/{ref}/explain`.",
}
"""Parameters that another route has."""


class UnknownParameter(BadInput):
    """A query parameter that the route does not have."""

    code = "invalid"
    status = 422

    def __init__(self, names: list[str], known: frozenset[str]) -> None:
        shown = [name if _NAME.fullmatch(name) else "(a parameter)" for name in names]
        asked = ", ".join(f"`{name}`" for name in shown)
        offers = "".join(nearest(name, known) for name in shown)
        has = f"It has: {', '.join(sorted(known))}." if known else "It has none."
        super().__init__(
            f"This route has no query parameter {asked}; nothing was done.{offers}",
            mend=" ".join([*(_ELSEWHERE[name] for name in shown if name in _ELSEWHERE), has]),
        )
        self.extras = {
            "errors": [
                {"at": f"query.{name}", "problem": "This route has no such parameter."} for name in shown
            ]
        }


class RepeatedParameter(BadInput):
    """A query parameter that is given more than once: taking the last would answer another question than was asked."""

    code = "invalid"
    status = 422

    def __init__(self, names: list[str]) -> None:
        told = ", ".join(f"`{name}`" for name in names)
        super().__init__(f"Given more than once: {told}; nothing was done.", mend="Give it once.")
        self.extras = {"errors": [{"at": f"query.{name}", "problem": "Give it once."} for name in names]}


async def declared_only(request: Request, _: Annotated[Caller, Depends(caller)]) -> None:
    """For routes that need a key: raises `UnknownParameter` for what they do not declare, and `RepeatedParameter` for
    what is given twice, once the key is known. No route takes a list."""
    if not request.url.query:
        return
    known = _declared(request.scope["route"].dependant)
    if unknown := [name for name in dict.fromkeys(request.query_params) if name not in known]:
        raise UnknownParameter(unknown[:20], known)
    given = [name for name, _ in request.query_params.multi_items()]
    if repeated := [name for name in dict.fromkeys(given) if given.count(name) > 1]:
        raise RepeatedParameter(repeated)


def _declared(dependant: Dependant) -> frozenset[str]:
    """Its own and those of everything it depends on."""
    own = {field.alias for field in dependant.query_params}
    return frozenset(own.union(*(_declared(part) for part in dependant.dependencies)))
