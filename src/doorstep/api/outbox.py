"""The outbox: what would have gone to customers, as they would see it, and as JSON for tests.

It shows personal data. Without a key it answers only where `DOORSTEP_OUTBOX_OPEN` says so (`doorstep up` does), and
there only requests that come from this machine *and* name this machine in `Host`: a page on the web whose name was
pointed at 127.0.0.1 (DNS rebinding) names itself there. The request alone cannot tell: a plain reverse proxy on this
machine connects from 127.0.0.1 and names it too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import AwareDatetime

from doorstep.api import outbox_pages, outbox_reads
from doorstep.api.auth import bearer, caller
from doorstep.api.outbox_reads import MAX_LIMIT, Cursor, Filter, OutboxFull, OutboxPage
from doorstep.api.wiring import Parts
from doorstep.channels.configured import serving
from doorstep.errors import Forbidden, SetupError
from doorstep.models.keys import Scope
from doorstep.settings import Settings

_LOOPBACK_CLIENTS = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
PAGE_SIZE = 50


def is_local(request: Request) -> bool:
    """Whether a person at this machine seems to ask, with no proxy between that tells of itself."""
    host = request.headers.get("host", "").lower()
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return (
        request.client is not None
        and request.client.host in _LOOPBACK_CLIENTS
        and name in _LOOPBACK_HOSTS
        and not any(header in request.headers for header in _PROXY_HEADERS)
    )


def require_outbox_access(
    request: Request, parts: Parts, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> str | None:
    """The store whose messages may be seen, `None` for all. Raises `Unauthenticated` or `Forbidden`."""
    if given is None and parts.settings.outbox_open and is_local(request):
        return None
    found = caller(request, parts, given)
    if not found.may(Scope.SUPPORT):
        raise Forbidden("The outbox needs a key with the scope 'support'.")
    return found.store_id


def outbox_router(access: Callable[..., Any] = require_outbox_access) -> APIRouter:
    """The routes. `access` is a dependency that answers the store to stay within, or refuses."""
    router = APIRouter(tags=["outbox"])
    store: Any = Depends(access)

    @router.get("/outbox.json", summary="What the outbox accepted, newest first")
    def as_json(
        parts: Parts,
        response: Response,
        store_id: str | None = store,
        journey: Annotated[str | None, Query(max_length=100, examples=["jny_…"])] = None,
        channel: Literal["email", "sms", "push"] | None = None,
        since: Annotated[AwareDatetime | None, Query(description="Sent at or after, with an offset.")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 100,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
    ) -> OutboxPage:
        response.headers.update(_PRIVATE)
        wanted = Filter(store_id=store_id, journey=journey, channel=channel, since=since)
        with parts.database.read() as session:
            return outbox_reads.page(
                session, wanted, limit=limit, cursor=Cursor.read(cursor) if cursor else None
            )

    @router.get("/outbox", summary="The outbox, as a page or as JSON", response_model=OutboxPage)
    def listed(
        request: Request,
        parts: Parts,
        store_id: str | None = store,
        journey: Annotated[str | None, Query(max_length=100)] = None,
        channel: Literal["email", "sms", "push", ""] | None = None,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        wanted = Filter(store_id=store_id, journey=(journey or "").strip() or None, channel=channel or None)
        with parts.database.read() as session:
            found = outbox_reads.page(
                session, wanted, limit=PAGE_SIZE, cursor=Cursor.read(cursor) if cursor else None
            )
        if _wants_json(request):
            return Response(found.model_dump_json(), media_type="application/json", headers=_PRIVATE)
        page, policy = outbox_pages.listing(
            found, wanted, live=cursor is None, serving=_serving(parts.settings)
        )
        return HTMLResponse(page, headers={**_PRIVATE, "Content-Security-Policy": policy})

    @router.get("/outbox/{id}", summary="One message, as the customer sees it", response_model=OutboxFull)
    def one(
        id: str, request: Request, parts: Parts, store_id: str | None = store, images: bool = False
    ) -> Response:
        with parts.database.read() as session:
            found = outbox_reads.message(session, id, store_id=store_id)
            sender = outbox_reads.sender_of(session, found.store_id)
        if _wants_json(request):
            return Response(found.model_dump_json(), media_type="application/json", headers=_PRIVATE)
        page, policy = outbox_pages.reading(found, sender, images=images)
        return HTMLResponse(page, headers={**_PRIVATE, "Content-Security-Policy": policy})

    @router.get("/outbox/{id}/body", summary="Its HTML alone, locked down", response_class=HTMLResponse)
    def body(id: str, parts: Parts, store_id: str | None = store, images: bool = False) -> Response:
        with parts.database.read() as session:
            found = outbox_reads.message(session, id, store_id=store_id)
        page, policy = outbox_pages.body(found, images=images)
        return HTMLResponse(page, headers={**_PRIVATE, "Content-Security-Policy": policy})

    return router


def _serving(settings: Settings) -> list[str]:
    """Who sends each channel's messages; half a provider is told, and keeps no page back."""
    try:
        return [one.sentence for one in serving(settings)]
    except SetupError as error:
        return [error.what.rstrip(".")]


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept


_PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept",
}
