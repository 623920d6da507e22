"""A vendor's server on 127.0.0.1 that notes every request and, where a test says so, fails as networks do."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. `body` is JSON unless it is bytes."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Fault:
    """What happens instead of an answer. `drop`: the connection ends; `silence`: nothing comes; `drip`: a byte now and
    then, for ever. `taken`: the vendor has done its work before that."""

    kind: str
    taken: bool = False


@dataclass(frozen=True)
class Asked:
    """One HTTP request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Loopback:
    """Base of the simulators. A subclass's `serve` is the vendor's logic; `script` is what the next requests get
    instead, in order: an `Answer`, a `Fault`, or None for the vendor's own."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Asked] = []
        self.script: list[Answer | Fault | None] = []
        self.over = threading.Event()
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve(self, asked: Asked) -> Answer:
        """The vendor's answer."""
        raise NotImplementedError

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                asked = Asked(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
                with vendor.lock:
                    vendor.requests.append(asked)
                    said = vendor.script.pop(0) if vendor.script else None
                if isinstance(said, Fault):
                    if said.taken:
                        vendor.serve(asked)
                    self._fail(said)
                    return
                self._say(said or vendor.serve(asked))

            do_GET = do_POST  # noqa: N815 - its name

            def _say(self, answer: Answer) -> None:
                with contextlib.suppress(OSError):  # the one who asked may be dead by now
                    self.send_response_only(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(answer.content)))
                    self.end_headers()
                    self.wfile.write(answer.content)

            def _fail(self, fault: Fault) -> None:
                self.close_connection = True
                if fault.kind == "silence":
                    vendor.over.wait(60)
                elif fault.kind == "drip":
                    with contextlib.suppress(OSError):
                        while not vendor.over.wait(0.05):
                            self.wfile.write(b"H")
                            self.wfile.flush()

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        return Handler


def eventually(holds: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What `holds` answers once it is true; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
    return found
