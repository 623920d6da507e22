"""The raw body of a webhook: read up to a limit, and freed of its Content-Encoding up to the same limit; and the
address it was sent to."""

from __future__ import annotations

import zlib
from typing import Any

from fastapi import Request

from doorstep.errors import BadInput, PayloadTooLarge


class UnknownEncoding(BadInput):
    """A Content-Encoding that cannot be undone here."""

    code = "unknown_encoding"
    status = 415


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body, refused as soon as it is known to be larger than `limit` bytes. Raises `PayloadTooLarge`."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The body is larger than {limit} bytes; nothing was stored.",
        mend="Send less at a time, or raise DOORSTEP_MAX_BODY_BYTES.",
    )


def decoded(sent: bytes, encoding: str, limit: int) -> bytes:
    """The body without its Content-Encoding, at most `limit` bytes of it: a small upload must not unfold into a
    large memory. Raises `UnknownEncoding`, `PayloadTooLarge`, or `BadInput` for a damaged one."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return sent
    if name not in ("gzip", "x-gzip", "deflate"):
        raise UnknownEncoding("This Content-Encoding is not understood.", mend="Send it plain, or as gzip.")
    undo: Any = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, by its first bytes
    try:
        body: bytes = undo.decompress(sent, limit + 1)
    except zlib.error:
        raise BadInput("The compressed body is damaged.", mend="Send it again.") from None
    if len(body) > limit:
        raise _too_large(limit)
    if not undo.eof:
        raise BadInput("The compressed body is cut off.", mend="Send it again.")
    return body


def address(request: Request, public: str) -> str:
    """The address as its sender knows it, below `public`: what stands in front of us may have changed scheme, host and
    port, but neither path nor query."""
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope.get("raw_path", request.url.path.encode()).partition(b"?")[0].decode("latin-1")
    return f"{public}{path}{'?' + query if query else ''}"
