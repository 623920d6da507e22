"""An HTTP/1.1 client with next to no cost of its own, so that what is measured is the server. Bounded in count."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Shot:
    """One prepared request."""

    raw: bytes


@dataclass
class Result:
    """`latencies` in seconds, from when the request was due to its last byte; `refused` counts non-2xx."""

    latencies: list[float]
    refused: int = 0
    seconds: float = 0.0

    def percentile(self, p: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * p))]


def post(host: str, path: str, headers: dict[str, str], body: bytes) -> Shot:
    """A POST of JSON on a connection that stays open."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(body)}")
    return Shot("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def get(host: str, path: str, headers: dict[str, str]) -> Shot:
    """A GET on a connection that stays open."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *(f"{n}: {v}" for n, v in headers.items())]
    return Shot("\r\n".join(lines).encode() + b"\r\n\r\n")


class Line:
    """One open connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Line:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, shot: Shot) -> int:
        """Sends one request; its status, once the whole answer is there."""
        self._writer.write(shot.raw)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await self._reader.readexactly(int(line[15:]))
        return status

    def close(self) -> None:
        self._writer.close()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without the client's own garbage collections: they would stop it with thousands of requests in its hands, and
    be counted as the server's."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def at_rate(port: int, shots: Sequence[Shot], per_second: float, lines: int = 40) -> Result:
    """Open loop: every request has its moment, and a late answer does not put the next one off. Latency is
    counted from the moment, so waiting for a free connection counts too."""
    free: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(lines):
        free.put_nowait(await Line.open(port))
    result = Result([])
    began = time.perf_counter() + 0.05

    async def one(n: int, shot: Shot) -> None:
        due = began + n / per_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        line = await free.get()
        status = await line.ask(shot)
        free.put_nowait(line)
        result.latencies.append(time.perf_counter() - due)
        result.refused += not 200 <= status < 300

    await asyncio.gather(*(one(n, shot) for n, shot in enumerate(shots)))
    result.seconds = time.perf_counter() - began
    while not free.empty():
        free.get_nowait().close()
    return result


async def burst(port: int, shots: Sequence[Shot], lines: int) -> Result:
    """Closed loop: `lines` connections, each sending the next request as soon as the last is answered."""
    waiting = iter(shots)
    result = Result([])
    began = time.perf_counter()

    async def one() -> None:
        line = await Line.open(port)
        for shot in waiting:
            sent = time.perf_counter()
            status = await line.ask(shot)
            result.latencies.append(time.perf_counter() - sent)
            result.refused += not 200 <= status < 300
        line.close()

    await asyncio.gather(*(one() for _ in range(lines)))
    result.seconds = time.perf_counter() - began
    return result
