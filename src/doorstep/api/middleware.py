"""What happens around every request: an id, one log line, a bound on its body, and no surprise that escapes.

The log line names the *route*, never the address asked for: someone will put an email address into a path one
day. References of ours (`jny_…`) are opaque and stay.
"""

from __future__ import annotations

import re
import time
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorstep.api.problems import surprise
from doorstep.models.ids import draw
from doorstep.telemetry import metrics

MAX_BODY_BYTES = 64 * 1024
CODEC_BODY_BYTES = 4 * 1024 * 1024
"""A page of a history, sealed and in base64."""
_OURS = re.compile(r"(jny|ord|act|whk|evt|msg)_[a-z2-7]{10,40}")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OWN_LIMIT = "/webhooks/"  # webhooks bound their bodies by a setting, and read them raw

log = structlog.get_logger(__name__)


class Around:
    """Pure ASGI, so that it adds microseconds and no task per request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["doorstep.request_id"] = request_id = draw("req")
        began, answered = time.perf_counter(), 0
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def tell(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = message["status"]
                message["headers"] = [*message["headers"], *_headers(request_id)]
            await send(message)

        path = scope["path"]
        bounded = receive if path.startswith(_OWN_LIMIT) else _bounded(receive, _most(path))
        try:
            await self.app(scope, bounded, tell)
        except Exception as error:  # noqa: BLE001 - the last guard: what nobody foresaw becomes one logged problem
            response = surprise(Request(scope), error)
            if not answered:
                await response(scope, receive, tell)
        finally:
            _line(scope, answered, time.perf_counter() - began)


def _headers(request_id: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff")]


def _most(path: str) -> int:
    return CODEC_BODY_BYTES if path.startswith("/codec/") else MAX_BODY_BYTES


def _bounded(receive: Receive, most: int) -> Receive:
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(413)
        return message

    return bounded


def _line(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "(none)")
    method = scope["method"] if scope["method"] in _METHODS else "?"
    metrics.http_requests(seconds, method, route, str(status))
    if route in _QUIET and status < 400:
        return
    subject: dict[str, Any] = {
        name: value
        for name, value in (scope.get("path_params") or {}).items()
        if isinstance(value, str) and _OURS.fullmatch(value)
    }
    log.info(
        "api.request",
        method=method,
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 1),
        key=scope.get("doorstep.key_id"),
        **subject,
    )
