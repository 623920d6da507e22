"""`doorstep up`: everything on this machine, in the right order, until Ctrl-C; and then nothing of it.

Temporal server and web UI, worker and API are processes of their own, so that each can die and come back alone. The
worker and the API write to `<data dir>/logs/`, the server to `<data dir>/temporal/`.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import httpx

from doorstep import processes, server_binaries
from doorstep.children import Child, Report
from doorstep.errors import DoorstepError, SetupError
from doorstep.running import Running, the_only_one
from doorstep.settings import DEFAULT_TEMPORAL_PORT, DEFAULT_UI_PORT, PREFIX, Settings
from doorstep.temporal_server import LONG_RETENTION, TemporalServer

READY_SECONDS = 120.0  # seconds on a quiet machine; a busy one is no reason to give up
WATCH_SECONDS = 0.25
CHILD_GRACE = 6.0  # with the server's below 10 s together: what a person waits for after Ctrl-C
SERVER_GRACE = 2.0
DEATHS_TO_GIVE_UP = 3  # before the first readiness; afterwards it is tried for ever


def up(settings: Settings, report: Report, *, ui: bool = True, sample: bool = True) -> None:
    """Runs until SIGINT or SIGTERM. Raises SetupError when something is not as it must be."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, _interrupt)
    with ExitStack() as stack:
        try:
            stack.enter_context(the_only_one(settings))
            everything = Everything(settings, report, ui=ui)
            stack.callback(everything.stop)
            everything.start()
            if sample:
                load_sample(settings, report)
            report(everything.where())
            everything.watch()
        except KeyboardInterrupt:
            report("Stopping …")
    report("Stopped. `make up` goes on where this ended.")


def _interrupt(number: int, frame: FrameType | None) -> None:
    """The first signal stops; more of them, while stopping, change nothing (it is bounded)."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt


class Everything:
    """The processes of one embedded installation."""

    def __init__(self, settings: Settings, report: Report, *, ui: bool) -> None:
        self.settings = settings
        self.first_key: str | None = None
        self._report = report
        self._with_ui = ui
        self._server: TemporalServer | None = None
        self._children: list[Child] = []

    def start(self) -> None:
        """In order: what can be refused first, then the database, the server, the worker, the API."""
        settings = self.settings
        if not processes.is_free(settings.port, settings.host):
            raise SetupError(
                f"Port {settings.port} on {settings.host} is taken.",
                mend="Stop what uses it, or name another port in DOORSTEP_PORT.",
            )
        if settings.temporal_address is None:
            self._server = self._prepare_server()
        self.first_key = prepare_database(settings, self._report)
        if self._server is not None:
            self._server.start()
            self._report(f"Temporal server up on {self._server.address}")
        ui = self._server.ui_url if self._server else None
        Running(os.getpid(), settings.base_url, self._temporal(), ui).note(settings)
        env = child_environment(settings, self._temporal())
        if ui and not settings.ui_origins:
            env[f"{PREFIX}UI_ORIGINS"] = f"{ui},{ui.replace('127.0.0.1', 'localhost')}"
        for name in ("worker", "api"):
            command = [sys.executable, "-m", "doorstep", name]
            log = settings.data_dir / "logs" / f"{name}.log"
            self._children.append(Child(name, command, log=log, env=env, report=self._report))
            self._children[-1].start()
        self._wait_ready()

    def _temporal(self) -> str:
        return self._server.address if self._server else self.settings.temporal_target()

    def _prepare_server(self) -> TemporalServer:
        binary = server_binaries.ensure_server(self._report)
        ui: Path | None = None
        if self._with_ui:
            try:
                ui = server_binaries.ensure_ui(binary, self._report)
            except SetupError as error:  # worth a line, not worth a refusal
                self._report(f"Going on without Temporal's web UI: {error.what}")
        settings = self.settings
        return TemporalServer(
            settings.data_dir / "temporal",
            binary=binary,
            ui=ui,
            with_ui=self._with_ui and binary.is_cli,
            frontend_port=_port("temporal_port", settings.temporal_port, DEFAULT_TEMPORAL_PORT),
            ui_port=_port("ui_port", settings.ui_port, DEFAULT_UI_PORT),
            namespace=settings.temporal_namespace,
            retention=LONG_RETENTION,
            codec=f"{settings.base_url}/codec" if settings.codec_keys() else "",
            report=self._report,
        )

    def _wait_ready(self) -> None:
        """Until `/readyz` says so. Raises SetupError with the last words of what keeps dying."""
        deadline = time.monotonic() + READY_SECONDS
        with httpx.Client(timeout=2, trust_env=False) as client:
            while time.monotonic() < deadline:
                try:
                    if client.get(f"{self.settings.base_url}/readyz").is_success:
                        return
                except httpx.HTTPError:
                    pass  # not listening yet
                self._watch_once()
                for child in self._children:
                    if child.deaths >= DEATHS_TO_GIVE_UP:
                        raise SetupError(
                            f"The {child.name} does not start: {processes.tail(child.log, 1)}",
                            mend=f"Its log is {child.log}.",
                        )
                time.sleep(WATCH_SECONDS)
        raise SetupError(
            f"The API was not ready after {READY_SECONDS:.0f} s.",
            mend=f"See the logs in {self.settings.data_dir / 'logs'}, and `doorstep doctor`.",
        )

    def _watch_once(self) -> None:
        if self._server and not self._server.is_running():
            self._report("The Temporal server stopped; starting it again. Journeys wait meanwhile.")
            self._server.start()
        for child in self._children:
            child.watch()

    def watch(self) -> None:
        """Keeps everything running; returns never, the signal does."""
        while True:
            self._watch_once()
            time.sleep(WATCH_SECONDS)

    def stop(self) -> None:
        """Worker and API first and together, then the server they talk to."""
        for child in self._children:
            child.ask_to_stop()
        deadline = time.monotonic() + CHILD_GRACE
        for child in self._children:
            child.stop(grace=max(0.0, deadline - time.monotonic()))
        if self._server:
            self._server.stop(grace=SERVER_GRACE)
        if self.first_key:  # made, and then something failed: it exists now, and cannot be shown later
            self._report(self._show_first_key())

    def _show_first_key(self) -> str:
        key, self.first_key = self.first_key, None
        return f"  First admin key, shown this once: {key}"

    def where(self) -> str:
        """Where everything is, for the terminal."""
        base = self.settings.base_url
        ui = self._server.ui_url if self._server else None
        lines = [
            "",
            "Doorstep is up.",
            f"  API, documented  {base}/docs",
            f"  Sent messages    {base}/outbox",
            f"  Temporal UI      {ui or 'not started here'}",
            f"  Temporal         {self._temporal()}",
            f"  Data and logs    {self.settings.data_dir}",
        ]
        if ui and self.settings.codec_keys():
            lines.insert(
                -2, f"                   payloads are sealed: {base}/codec lets a browser read them there"
            )
        if self.first_key:
            lines += ["", self._show_first_key()]
        lines += ["", "Next: open the outbox, or `doorstep status <order>`. Ctrl-C stops; data stays.", ""]
        return "\n".join(lines)


def prepare_database(settings: Settings, report: Report) -> str | None:
    """Migrates, and returns the first admin key when it was made just now. Raises SetupError."""
    from doorstep.models import keys, migrate
    from doorstep.models.base import Database

    stand = migrate.stand(migrate.upgrade(settings.database_url))
    if stand.mend:
        report(f"The database is {stand.found}. {stand.mend}")
    database = Database.of(settings, pool_size=1)
    try:
        return keys.ensure_first_admin_key(database, datetime.now(UTC))
    finally:
        database.dispose()


def load_sample(settings: Settings, report: Report) -> None:
    """The sample store, through the real webhook endpoint. Its failure is told, and everything else goes on."""
    try:
        load: Callable[[Settings, str], object] = importlib.import_module("doorstep.sample").load
        load(settings, settings.base_url)
    except ModuleNotFoundError as error:
        if error.name != "doorstep.sample":
            raise
        report("No sample store is part of this installation; going on without.")
    except (DoorstepError, httpx.HTTPError) as error:
        report(f"The sample store was not loaded: {error}")


def child_environment(settings: Settings, temporal: str) -> dict[str, str]:
    """Our environment with what we decided, so that worker and API see the same deployment whatever their folder.
    To a server of our own none of the SDK's variables apply: a shell may hold some for another cluster."""
    ours = settings.temporal_address is None
    inherited = {k: v for k, v in os.environ.items() if not (ours and k.startswith("TEMPORAL_"))}
    return {
        f"{PREFIX}OUTBOX_OPEN": "1",  # one machine, its own person: unless our environment says otherwise
        f"{PREFIX}METRICS_OPEN": "1",
        f"{PREFIX}WORKER_NICENESS": str(processes.BEHIND_THE_API),
        **inherited,
        f"{PREFIX}DATA_DIR": str(settings.data_dir),
        f"{PREFIX}DATABASE_URL": settings.database_url,
        f"{PREFIX}TEMPORAL_ADDRESS": temporal,
        f"{PREFIX}TEMPORAL_NAMESPACE": settings.temporal_namespace,
        f"{PREFIX}HOST": settings.host,
        f"{PREFIX}PORT": str(settings.port),
        "PYTHONUNBUFFERED": "1",
    }


def _port(setting: str, wanted: int, default: int) -> int | None:
    """The wanted port; another one (None) when only the default is taken. Raises SetupError for a chosen one."""
    if processes.is_free(wanted):
        return wanted
    if wanted == default:
        return None
    raise SetupError(
        f"Port {wanted} is taken.", mend=f"Name another in {PREFIX}{setting.upper()}, or leave it to us."
    )
