"""Every error as problem+json (RFC 9457): what happened, a code to match on, and what to do about it.

`type` is an address on this server that explains the code; `instance` names this one occurrence, and the same
id stands in the `X-Request-Id` header and in our log line. Nothing here quotes what was sent, and nothing shows
internals: what went wrong inside is in the log, found by that id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from doorstep.api import misfits
from doorstep.api.codes import CODES, Code
from doorstep.contracts import ActionKind
from doorstep.errors import DoorstepError, SecretsUnreadable
from doorstep.models.trouble import passing

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
_VERBS = tuple(kind.value.replace("_", "-") for kind in ActionKind)

log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One field that does not fit. What was sent is not repeated: it may be personal."""

    model_config = ConfigDict(extra="forbid")

    at: str = Field(description="Where: `body.reason`, `query.limit`, `header.…`.")
    problem: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """An error, RFC 9457."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="Where this kind of problem is explained, relative to this server.")
    title: str = Field(description="The kind of problem; the same for every occurrence.")
    status: int
    code: str = Field(description="Stable; match on this.")
    detail: str = Field(description="What happened this time.")
    mend: str = Field(description="What to do about it.")
    instance: str = Field(description="This occurrence: quote it to whoever runs this installation.")
    waiting: list[str] | None = Field(
        default=None, description="`action_refused` only: the touches that could be acted on."
    )
    action_id: str | None = Field(default=None, description="Of actions only: the action this is about.")
    errors: list[FieldProblem] | None = Field(default=None, description="`invalid` only: field by field.")


def problem(
    request: Request,
    code: str,
    *,
    detail: str = "",
    mend: str = "",
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """The response. `status` and wording default to the code's own; `more` are the optional members."""
    known = CODES.get(code) or _unlisted(code, status or 500)
    said = Problem(
        type=f"/problems/{code}",
        title=known.title,
        status=status or known.status,
        code=code,
        detail=detail or known.meaning,
        mend=mend or known.mend,
        instance=f"urn:doorstep:request:{request_id(request)}",
        **more,
    )
    extra = dict(headers or {})
    if said.status in (429, 503):
        extra.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    if said.status == 401 and not said.code.startswith("signature"):
        extra.setdefault("WWW-Authenticate", 'Bearer realm="doorstep"')
    body = said.model_dump(exclude_none=True)
    return JSONResponse(body, status_code=said.status, headers=extra, media_type=MEDIA_TYPE)


def request_id(request: Request) -> str:
    """The id that `middleware` gave this request."""
    return str(request.scope.get("doorstep.request_id", "none"))


def _unlisted(code: str, status: int) -> Code:
    phrase = HTTPStatus(status).phrase
    return Code(status=status, title=phrase, meaning=f"{phrase}.", mend="")


# --- one handler per kind -------------------------------------------------------------------------------


async def on_doorstep_error(request: Request, error: Exception) -> JSONResponse:
    """Ours: they know what happened, what to do, and the status. One of status 500 is a surprise all the same."""
    assert isinstance(error, DoorstepError)
    if isinstance(error, SecretsUnreadable):
        return secrets_unreadable(request, error)
    if error.status == 500:
        return unexpected(request, error)
    extras: dict[str, Any] = getattr(error, "extras", {})
    wait = getattr(error, "retry_after", None)
    headers = {"Retry-After": str(max(1, round(wait.total_seconds())))} if wait is not None else None
    return problem(
        request,
        error.code,
        status=error.status,
        detail=error.what,
        mend=error.mend,
        headers=headers,
        **extras,
    )


async def on_invalid(request: Request, error: Exception) -> JSONResponse:
    """A request that does not fit the documented shape; its values are not repeated."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem(request, "not_json")
    fields = [
        FieldProblem(at=".".join(str(part) for part in item["loc"])[:200], problem=misfits.told(item)[:300])
        for item in found[:20]
    ]
    wrong = ", ".join(sorted({field.at for field in fields}))[:500]
    # of one field the form stands where people look first; of several beside each
    mend = (
        f"{fields[0].at}: {fields[0].problem}"
        if len(fields) == 1 and fields[0].problem != found[0]["msg"]
        else ""
    )
    return problem(request, "invalid", detail=f"These do not fit: {wrong}.", mend=mend, errors=fields)


async def on_http(request: Request, error: Exception) -> JSONResponse:
    """The framework's own: no such route, no such method, a body that cannot be read."""
    assert isinstance(error, HTTPException)
    codes = {400: "bad_input", 404: "no_such_route", 405: "method_not_allowed", 413: "payload_too_large"}
    code = codes.get(error.status_code, f"http_{error.status_code}")
    mend = ""
    if error.status_code == 404:
        near = misfits.nearest_route(request.url.path[:100], request.app.openapi()["paths"], _VERBS)
        mend = f"/docs lists every address.{near}"
    return problem(request, code, status=error.status_code, mend=mend, headers=error.headers)


async def on_database(request: Request, error: Exception) -> JSONResponse:
    """The database is gone or locked: a 503 to be tried again. Anything else it says is our mistake: a 500."""
    return surprise(request, error)


def surprise(request: Request, error: Exception) -> JSONResponse:
    """What nobody foresaw, or a database out of reach."""
    if not passing(error):
        return unexpected(request, error)
    log.warning("api.database_unavailable", error=type(error).__name__, request_id=request_id(request))
    return problem(request, "database_unavailable")


def secrets_unreadable(request: Request, error: SecretsUnreadable) -> JSONResponse:
    """A 503, to be tried again: which file it is and how to mend it is for whoever reads the log, not for callers."""
    log.error("api.secrets_unreadable", error=error.what, mend=error.mend, request_id=request_id(request))
    return problem(request, error.code)


def unexpected(request: Request, error: BaseException) -> JSONResponse:
    """A surprise: the log gets its place in the code under the request's id, the caller gets the id. Neither
    gets the message, which may quote personal data (SQL parameters, a refused value)."""
    log.error(
        "api.unexpected",
        request_id=request_id(request),
        error=type(error).__name__,
        caused_by=type(error.__cause__).__name__ if error.__cause__ else None,
        at=_places(error),
    )
    return problem(request, "internal")


def _places(error: BaseException) -> list[str]:
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-8:]


def install(app: FastAPI) -> None:
    """Gives the app one handler per kind of error. What none of them takes, the middleware does."""
    app.add_exception_handler(DoorstepError, on_doorstep_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(DBAPIError, on_database)
    app.add_exception_handler(PoolTimeout, on_database)
    for kind in (sqlite3.Error, psycopg.Error):  # of prepared statements: the driver's own
        app.add_exception_handler(kind, on_database)
