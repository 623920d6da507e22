"""Who may ask: bearer keys, by scope and store.

A key of one store sees nothing of another: references of other stores do not exist for it (404, never 403, so
that nobody can probe). Wrong keys are counted per address; past a limit they get 429. Right keys always pass,
so nobody can lock others out from behind a shared address; what one key may ask is limited too (`limits`).
"""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from doorstep.api.limits import Limits, RateLimited
from doorstep.api.wiring import Parts
from doorstep.errors import Forbidden, NotFound, Unauthenticated
from doorstep.models.keys import Caller, Scope, recognise

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    bearerFormat="dsk_<id>_<secret>",
    description="`Authorization: Bearer dsk_…`. `doorstep keys create --scope support` makes one; "
    "`doorstep up` prints the first admin key once.",
)


def caller(
    request: Request,
    parts: Parts,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Caller:
    """The holder of the request's key. Raises `Unauthenticated`, and `RateLimited` past what one may ask."""
    if given is None:
        raise Unauthenticated(
            "The request carries no key.",
            mend="Send `Authorization: Bearer dsk_…`; `doorstep keys create` makes one.",
        )
    limits: Limits = request.app.state.limits
    found = recognise(parts.database, given.credentials)
    if found is None:
        limits.wrong_one(request, "keys")
        raise Unauthenticated(
            "The key is unknown, wrong or revoked.", mend="`doorstep keys list` shows which there are."
        )
    if wait := limits.keys.wait(found.key_id, time.monotonic()):
        raise RateLimited(
            "This key asks more than is answered.",
            mend="Wait as the Retry-After header says; DOORSTEP_RATE_KEYS is the limit.",
            wait=wait,
        )
    request.scope["doorstep.key_id"] = found.key_id
    return found


class Needs:
    """The dependency that lets only keys of a scope through."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, found: Annotated[Caller, Depends(caller)]) -> Caller:
        """Raises `Forbidden` when the key lacks the scope."""
        if not found.may(self.scope):
            raise Forbidden(
                f"This needs a key with the scope '{self.scope}'.",
                mend=f"`doorstep keys create --scope {self.scope}` makes one.",
            )
        return found


Supporter = Annotated[Caller, Depends(Needs(Scope.SUPPORT))]
Administrator = Annotated[Caller, Depends(Needs(Scope.ADMIN))]


def store_for(found: Caller, asked: str | None) -> str | None:
    """The store to look in: the key's own, or the one asked for by a key to all. Another store's does not exist."""
    if found.store_id is None:
        return asked
    if asked is not None and asked != found.store_id:
        raise NotFound("There is no such store.", mend="Leave the store out: this key belongs to one.")
    return found.store_id
