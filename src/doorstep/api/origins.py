"""Which other origins a browser may let read our answers: the Temporal UI's, on the codec server's addresses only."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ADDRESSES = "/codec/"


class UiMayAsk:
    """CORS for `origins` (`https://ui.example`), nobody else. Pure ASGI; any other address pays one comparison."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self.app, self._origins = app, frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(ADDRESSES):
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"])
        origin = given.get(b"origin", b"")
        allowed = _allowing(origin) if origin.decode("latin-1") in self._origins else []
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in given:
            status = 204 if allowed else 403
            await send({"type": "http.response.start", "status": status, "headers": allowed})
            await send({"type": "http.response.body", "body": b""})
            return

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *allowed]
            await send(message)

        await self.app(scope, receive, tell)


def _allowing(origin: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-allow-methods", b"POST"),
        (b"access-control-allow-headers", b"content-type, x-namespace, authorization, authorization-extras"),
        (b"access-control-max-age", b"600"),
        (b"vary", b"Origin"),
    ]
