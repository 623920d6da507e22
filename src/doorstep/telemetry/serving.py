"""A worker's `/metrics`: its own counts and those of Temporal's SDK, on one port.

The SDK's core serves its metrics from a port of its own, on loopback; they are fetched from there and joined, so that
a worker is one target. No key is asked for: bind it where only Prometheus reaches it. Nothing personal is told.
"""

from __future__ import annotations

import http.server
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CONTENT_TYPE_LATEST
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from doorstep.errors import SetupError
from doorstep.processes import LOOPBACK, free_ports
from doorstep.telemetry.instruments import exposed

CORE_SECONDS = 2.0


@contextmanager
def metrics_served(address: str | None) -> Iterator[Runtime | None]:
    """Answers `GET /metrics` at `address` (host:port) while the block lasts, and gives the SDK's runtime whose
    metrics are among them, for the client to be made with. `None`: nothing is served. Raises `SetupError`."""
    if address is None:
        yield None
        return
    core = f"{LOOPBACK}:{free_ports(1)[0]}"
    runtime = Runtime(
        telemetry=TelemetryConfig(
            metrics=PrometheusConfig(
                bind_address=core, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
            )
        )
    )
    server = _listening(address, core)
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield runtime
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _listening(address: str, core: str) -> http.server.ThreadingHTTPServer:
    host, _, port = address.rpartition(":")

    class Answers(_Answers):
        core_address = core

    try:
        return http.server.ThreadingHTTPServer((host.strip("[]"), int(port)), Answers)
    except (OSError, OverflowError) as error:
        raise SetupError(
            f"The worker's metrics cannot be served at {address}: {error}.",
            mend="Name a free address of this machine in DOORSTEP_WORKER_METRICS, or none.",
        ) from error


class _Answers(http.server.BaseHTTPRequestHandler):
    core_address = ""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        body = exposed() + self._core()
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _core(self) -> bytes:
        try:
            with urllib.request.urlopen(
                f"http://{self.core_address}/metrics", timeout=CORE_SECONDS
            ) as answer:
                told: bytes = answer.read()
                return told
        except OSError:
            return b""  # its absence shows; ours must not depend on it

    def log_message(self, format: str, *args: object) -> None:
        """Scrapes are not worth a line."""
