"""What is on this machine, what is missing, and how to get it. Installs and starts nothing."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx
from temporalio.service import RPCError

from doorstep import gateway, go_install, processes, server_binaries
from doorstep.errors import DoorstepError, Unavailable
from doorstep.packages import imported
from doorstep.private_files import open_to_others, private_files
from doorstep.running import BYTES_NEEDED, Running, running, usable
from doorstep.settings import Settings
from doorstep.templates.packages import page_words, renderer
from doorstep.temporal_namespace import look

PYTHON_NEEDED = (3, 13)
LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
LOOK_SECONDS = 4.0
START_IT = "`make up` starts it (or `doorstep up`)."


class State(StrEnum):
    """`missing` is necessary and not there; `warn` is worth knowing."""

    OK = "ok"
    WARN = "warn"
    MISSING = "missing"


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, what was found, and how to mend it (empty when there is nothing to)."""

    name: str
    state: State
    found: str
    mend: str = ""


def examine(settings: Settings) -> list[Check]:
    """Every check, in the order in which one would mend things. Takes a few seconds at most."""
    now = running(settings)
    checks: list[tuple[str, Callable[[], Check]]] = [
        ("python", python),
        ("packages", lambda: packages(LOCK)),
        ("go", go),
        ("temporal server", lambda: server(settings)),
        ("temporal cli", cli),
        ("temporal ui", lambda: ui(settings)),
        ("data directory", lambda: data_directory(settings)),
        ("secrets", lambda: secrets(settings)),
        ("api port", lambda: api_port(settings, now)),
        ("database", lambda: database(settings)),
        ("store packages", lambda: store_packages(settings)),
        ("providers", lambda: providers(settings)),
        ("temporal", lambda: temporal(settings)),
        ("api", lambda: api(settings)),
    ]
    return [_carefully(name, look_at) for name, look_at in checks]


def _carefully(name: str, look_at: Callable[[], Check]) -> Check:
    """One check's failure is that check's result, not the end of the others."""
    try:
        return look_at()
    except DoorstepError as error:
        return Check(name, State.MISSING, error.what, error.mend)
    except Exception as error:  # noqa: BLE001 - the doctor must not fall ill
        return Check(name, State.WARN, f"could not be looked at: {type(error).__name__}: {error}")


def python() -> Check:
    """The interpreter that runs this."""
    found = f"{sys.version.split()[0]} at {sys.executable}"
    if sys.version_info < PYTHON_NEEDED:
        return Check("python", State.MISSING, found, "Doorstep needs 3.13 or newer; install it or uv.")
    return Check("python", State.OK, found)


def packages(lock: Path) -> Check:
    """The installed versions against the lock's. Without a lock (an installed package) pip has seen to it."""
    if not lock.is_file():
        return Check("packages", State.OK, "installed as a package, no lock to compare with")
    wanted = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)( ;)?", lock.read_text(), re.MULTILINE)
    wrong = []
    for name, version, conditional in wanted:
        try:
            have = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            if not conditional:  # for another platform
                wrong.append(f"{name} is missing")
            continue
        if have != version:
            wrong.append(f"{name} is {have}, not {version}")
    if wrong:
        found = f"{len(wrong)} of {len(wanted)} are not as locked: {'; '.join(wrong[:3])}"
        return Check("packages", State.MISSING, found, "`make setup` installs what requirements.lock names.")
    return Check("packages", State.OK, f"{len(wanted)} as requirements.lock names them")


def go() -> Check:
    """Needed only to build what is not here yet."""
    version = go_install.go_version()
    if version and version >= go_install.GO_NEEDED:
        return Check("go", State.OK, go_install.dotted(version))
    found = f"{go_install.dotted(version)} on PATH" if version else "not on PATH"
    needed = go_install.dotted(go_install.GO_NEEDED)
    return Check(
        "go", State.WARN, found, f"Go {needed} or newer builds the Temporal server where none is here."
    )


def server(settings: Settings) -> Check:
    """What `doorstep up` would run."""
    if settings.temporal_address:
        return Check(
            "temporal server", State.OK, f"not ours: DOORSTEP_TEMPORAL_ADDRESS={settings.temporal_address}"
        )
    found = server_binaries.find_server()
    if found:
        kind = "CLI" if found.is_cli else "official server"
        return Check("temporal server", State.OK, f"{kind} {found.version} at {found.path}")
    version = go_install.go_version()
    state = State.WARN if version and version >= go_install.GO_NEEDED else State.MISSING
    return Check(
        "temporal server",
        state,
        f"not in {server_binaries.cache_dir()}, and no `temporal` CLI",
        "`make up` installs it once (with Go, about 5 minutes); or put the `temporal` CLI 1.9 or newer on PATH; "
        "or name a running server in DOORSTEP_TEMPORAL_ADDRESS.",
    )


def cli() -> Check:
    """Not needed when the official server is there; handy for looking into a journey."""
    found = server_binaries.find_cli()
    if found:
        return Check("temporal cli", State.OK, f"{found.version} at {found.path}")
    return Check("temporal cli", State.OK, "none (not needed)")


def ui(settings: Settings) -> Check:
    """Temporal's web UI."""
    if settings.temporal_address:
        return Check("temporal ui", State.OK, "that server's own")
    found = server_binaries.find_server()
    path = server_binaries.cached(server_binaries.UI)
    if path or (found and found.is_cli):
        return Check("temporal ui", State.OK, str(path or "in the CLI"))
    return Check("temporal ui", State.WARN, "not installed", "`make up` installs it once, where Go is.")


def data_directory(settings: Settings) -> Check:
    """Writable, with room."""
    usable(settings.data_dir)
    free = shutil.disk_usage(settings.data_dir).free
    found = f"{settings.data_dir}, {free / 1024**3:.1f} GB free"
    if free < 4 * BYTES_NEEDED:
        return Check("data directory", State.WARN, found, "Make room before it fills.")
    return Check("data directory", State.OK, found)


def secrets(settings: Settings) -> Check:
    """Files that hold secrets or customers, and that others on this machine could read; and whether a codec is on.
    Raises `SecretsUnreadable` for one that we cannot read ourselves."""
    from doorstep.codec import key_ring

    settings.check_files()
    ids = key_ring(settings).ids
    sealing = f"payloads are sealed with {ids[0]}" if ids else "payloads go to Temporal as they are"
    bare = open_to_others(private_files(settings))
    if bare:
        mend = f"`chmod 600 {' '.join(map(str, bare))}`, or `chmod 700` their folder."
        return Check("secrets", State.WARN, f"others can read {', '.join(p.name for p in bare)}", mend)
    return Check("secrets", State.OK, f"nobody else can read them; {sealing}")


def api_port(settings: Settings, now: Running | None) -> Check:
    """Free, or used by the Doorstep of this data directory."""
    place = f"{settings.host}:{settings.port}"
    if now and now.api == settings.base_url:
        return Check("api port", State.OK, f"{place} is ours (pid {now.pid})")
    if processes.is_free(settings.port, settings.host):
        return Check("api port", State.OK, f"{place} is free")
    return Check("api port", State.WARN, f"{place} is taken", "Name another port in DOORSTEP_PORT.")


def database(settings: Settings) -> Check:
    """At this release's revision, or at a newer one's that serves it."""
    from doorstep.models import migrate

    if settings.database_url.startswith("sqlite") and not Path(settings.database_url[10:]).exists():
        return Check("database", State.WARN, "not made yet", START_IT)
    stand = migrate.current(settings.database_url)
    if not stand.serves:
        return Check("database", State.MISSING, stand.found, stand.mend)
    return Check("database", State.WARN if stand.mend else State.OK, stand.found, stand.mend)


def store_packages(settings: Settings) -> Check:
    """Whether every package in DOORSTEP_STORE_PACKAGES can be imported, and its brand, templates and pages read."""
    if not settings.store_packages:
        return Check("store packages", State.OK, "none named")
    for name in settings.store_packages:
        imported(name)
    renderer(settings.store_packages)
    page_words(settings.store_packages)
    return Check("store packages", State.OK, ", ".join(settings.store_packages))


def providers(settings: Settings) -> Check:
    """Who sends each channel's messages, and whether what they report can reach us."""
    from doorstep.channels.configured import serving

    told = serving(settings)
    found = "; ".join(one.sentence for one in told)
    if all(one.missing for one in told):
        return Check("providers", State.OK, found)
    if settings.public_url is None:
        mend = (
            "Set DOORSTEP_PUBLIC_URL: without it no provider's report, and no customer's click, reaches us."
        )
        return Check("providers", State.WARN, found, mend)
    return Check("providers", State.OK, found)


def temporal(settings: Settings) -> Check:
    """Whether the server answers and a worker polls."""
    address = settings.temporal_target()

    async def ask() -> int:
        return await look(await gateway.connect(settings), settings.task_queue)

    try:
        seen = asyncio.run(asyncio.wait_for(ask(), LOOK_SECONDS))
    except (Unavailable, RPCError, TimeoutError):
        return Check("temporal", State.WARN, f"{address} does not answer", START_IT)
    if not seen:
        return Check(
            "temporal", State.WARN, f"{address} answers, no worker polls '{settings.task_queue}'", START_IT
        )
    return Check("temporal", State.OK, f"{address} answers, {seen} polling '{settings.task_queue}'")


def api(settings: Settings) -> Check:
    """Whether the API is ready."""
    try:
        answer = httpx.get(f"{settings.base_url}/readyz", timeout=LOOK_SECONDS, trust_env=False)
    except httpx.HTTPError:
        return Check("api", State.WARN, f"{settings.base_url} does not answer", START_IT)
    if answer.is_success:
        return Check("api", State.OK, f"{settings.base_url} is ready")
    try:
        why = json.dumps(answer.json())[:300]
    except ValueError:
        why = answer.reason_phrase
    return Check(
        "api", State.WARN, f"{settings.base_url} is not ready: {why}", "See the logs in the data directory."
    )
