"""The codec server: opens sealed payloads for Temporal's web UI and `temporal` command, behind our own keys.

Relied on: the protocol (github.com/temporalio/samples-go, codec-server/protocol.md: `Payloads` as proto3 JSON, 400 for
what cannot be decoded) and the UI's own client (temporalio/ui 2.54): it posts `/decode?preserveStorageRefs=true` across
origins with `Content-Type` and `X-Namespace`; it sends `Authorization` only when it has a login of its own and the
address is https, and cookies when its setting `includeCredentials` says so. So the command line sends a key
(`--codec-auth "Bearer dsk_…"`), and a browser is let in by a cookie that `/codec` gives for a key: for these addresses
only, for eight hours, for as long as the key is valid.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.security import HTTPAuthorizationCredentials
from google.protobuf import json_format
from starlette.concurrency import run_in_threadpool
from temporalio.api.common.v1 import Payloads
from temporalio.converter import PayloadCodec

from doorstep.api.assets import filled
from doorstep.api.auth import bearer, caller
from doorstep.api.limits import Limits
from doorstep.api.schemas.errors import errors
from doorstep.api.wiring import Parts, Services
from doorstep.codec import Codec, key_ring
from doorstep.errors import BadInput, Forbidden, Unauthenticated
from doorstep.models.keys import Caller, Scope, holder, recognise

COOKIE = "doorstep_codec"
SESSION_SECONDS = 8 * 3600

router = APIRouter(prefix="/codec", tags=["codec"])
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def reader(request: Request, parts: Parts, given: Given) -> Caller:
    """Who asks: by a key, or by the cookie that stands for one. Raises `Unauthenticated` or `Forbidden`."""
    cookie = request.cookies.get(COOKIE, "")
    if given is not None or not cookie:
        found = await run_in_threadpool(caller, request, parts, given)
    else:
        found = await run_in_threadpool(_of_cookie, parts, cookie)
    if not found.may(Scope.SUPPORT):
        raise Forbidden("This needs a key with the scope 'support'.", mend="Open /codec with such a key.")
    return found


@router.post(
    "/decode",
    summary="Open sealed payloads",
    description="Temporal's codec protocol: a `Payloads` message as proto3 JSON in and out. What is not sealed comes "
    "back as it is.",
    responses={
        200: {
            "content": {"application/json": {"example": {"payloads": [{"metadata": {}, "data": "Im9rIg=="}]}}}
        },
        **errors(
            *("bad_input", "codec_key_missing", "unauthenticated", "forbidden", "rate_limited"),
            "secrets_unreadable",
        ),
    },
)
async def decode(request: Request, parts: Parts, who: Annotated[Caller, Depends(reader)]) -> Response:
    return await _changed(request, _codec(parts), opening=True)


@router.post(
    "/encode",
    summary="Seal payloads",
    description="The same the other way, for input that is given in the UI or on the command line.",
    responses={
        200: {"content": {"application/json": {"example": {"payloads": [{"metadata": {}, "data": "AA=="}]}}}},
        **errors(
            *("bad_input", "codec_key_missing", "unauthenticated", "forbidden", "rate_limited"),
            "secrets_unreadable",
        ),
    },
)
async def encode(request: Request, parts: Parts, who: Annotated[Caller, Depends(reader)]) -> Response:
    return await _changed(request, _codec(parts), opening=False)


@router.get("", include_in_schema=False)
async def page(request: Request) -> HTMLResponse:
    """Where a person lets their browser read payloads."""
    return HTMLResponse(filled("codec.html", told=_DONE if "done" in request.query_params else ""))


@router.post("/session", include_in_schema=False)
async def session(request: Request, parts: Parts) -> Response:
    """A cookie for a key, so that the UI in this browser may open payloads."""
    fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=5)
    found = await run_in_threadpool(recognise, parts.database, fields.get("key", [""])[-1].strip())
    if found is None or not found.may(Scope.SUPPORT):
        limits: Limits = request.app.state.limits
        limits.wrong_one(request, "keys")
        return HTMLResponse(filled("codec.html", told=_REFUSED), status_code=401)
    answer = RedirectResponse("/codec?done", status_code=303)
    answer.set_cookie(
        COOKIE,
        _cookie(parts, found.key_id, int(time.time()) + SESSION_SECONDS),
        max_age=SESSION_SECONDS,
        path="/codec",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


_DONE = '<p class="told good">This browser may read payloads for eight hours. Go back to the UI and reload it.</p>'
_REFUSED = '<p class="told">That key is unknown, revoked, or lacks the scope support.</p>'


def _codec(parts: Services) -> PayloadCodec:
    return Codec(key_ring(parts.settings))


async def _changed(request: Request, codec: PayloadCodec, *, opening: bool) -> Response:
    try:
        told = json_format.Parse(await request.body(), Payloads(), ignore_unknown_fields=True)
    except (json_format.ParseError, TypeError, ValueError, AttributeError):  # its parser raises them all
        raise BadInput(
            "The body is no `Payloads` message as proto3 JSON.", mend='Like {"payloads": [{"data": "…"}]}.'
        ) from None
    made = await (codec.decode(told.payloads) if opening else codec.encode(told.payloads))
    body = json_format.MessageToJson(Payloads(payloads=made), indent=None)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


def _cookie(parts: Services, key_id: str, until: int) -> str:
    said = f"{key_id}.{until}"
    return f"{said}.{_signed(parts, said)}"


def _signed(parts: Services, said: str) -> str:
    return hmac.new(parts.settings.secret_key(), f"codec-session|{said}".encode(), hashlib.sha256).hexdigest()


def _of_cookie(parts: Services, cookie: str) -> Caller:
    said, _, signature = cookie.rpartition(".")
    key_id, _, until = said.partition(".")
    right = hmac.compare_digest(_signed(parts, said).encode(), signature.encode())
    found = holder(parts.database, key_id) if right and time.time() < int(until) else None
    if found is None:
        raise Unauthenticated(
            "The session is over, or its key revoked.", mend="Open /codec with a key again."
        )
    return found
