"""Finds the Temporal server, or installs it: once per machine, into a cache outside the checkout.

The order (design §8): the official server in our cache, a `temporal` CLI that is new enough, the official server
built by `go install` at the version pinned here, the CLI downloaded by the SDK. (`DOORSTEP_TEMPORAL_ADDRESS` comes
before all of them and is the caller's: then nothing is started.)

Run as `python -m doorstep.server_binaries` it installs what is missing and says what it is doing.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from doorstep.errors import SetupError
from doorstep.go_install import GO_NEEDED, Report, Tool, dotted, go_install

# The newest that Go 1.26.8 accepts; later ones ask for a newer Go.
SERVER = Tool("temporal-server", "v1.32.0", "go.temporal.io/server/cmd/server", "server")
SQL = Tool("temporal-sql", "v1.32.0", "go.temporal.io/server/cmd/tools/sql", "sql")
UI = Tool("temporal-ui", "v2.54.1", "github.com/temporalio/ui-server/v2/cmd/server", "server")

CLI_NEEDED = (1, 9)
CLI_DOWNLOAD = "v1.9.1"
DOWNLOAD_SECONDS = 60.0


@dataclass(frozen=True)
class ServerBinary:
    """What to run: the official server, or the CLI that has the same server (and the UI) in it."""

    path: Path
    version: str
    is_cli: bool = False


def cache_dir() -> Path:
    """`DOORSTEP_CACHE`, else `$XDG_CACHE_HOME` or `~/.cache`; always our own folder `doorstep` in it."""
    base = os.environ.get("DOORSTEP_CACHE") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base).expanduser().absolute() / "doorstep"


def cached(tool: Tool) -> Path | None:
    """The tool's binary in our cache. It arrives there by one rename, so being there means being whole."""
    path = tool.path_in(cache_dir())
    return path if path.is_file() and os.access(path, os.X_OK) else None


def find_cli() -> ServerBinary | None:
    """A `temporal` CLI new enough: the one `DOORSTEP_TEMPORAL_CLI` names (wrong: SetupError), on PATH, downloaded."""
    named = os.environ.get("DOORSTEP_TEMPORAL_CLI")
    if named:
        found = shutil.which(named)
        version = cli_version(Path(found)) if found else None
        if found is None or version is None or version < CLI_NEEDED:
            is_now = (
                "not found"
                if found is None
                else f"version {dotted(version)}"
                if version
                else "no Temporal CLI"
            )
            raise SetupError(
                f"DOORSTEP_TEMPORAL_CLI names {named!r}, which is {is_now}.",
                mend=f"Name a `temporal` of version {dotted(CLI_NEEDED)} or newer, or unset it.",
            )
        return ServerBinary(Path(found), dotted(version), is_cli=True)
    candidates = [shutil.which("temporal"), *map(str, _download_dir().glob("temporal*"))]
    for path in filter(None, candidates):
        version = cli_version(Path(path))
        if version and version >= CLI_NEEDED:
            return ServerBinary(Path(path), dotted(version), is_cli=True)
    return None


def cli_version(path: Path) -> tuple[int, ...] | None:
    """What `temporal --version` says, as numbers; None when it is no Temporal CLI."""
    try:
        said = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"temporal version (\d+)\.(\d+)(?:\.(\d+))?", said)
    return tuple(int(part) for part in match.groups() if part) if match else None


def find_server() -> ServerBinary | None:
    """What is on this machine already, without installing anything."""
    if os.environ.get("DOORSTEP_TEMPORAL_CLI"):  # named by a person: goes before what we would choose
        return find_cli()
    if path := cached(SERVER):
        return ServerBinary(path, SERVER.version)
    return find_cli()


def ensure_server(report: Report) -> ServerBinary:
    """Finds or installs the server; minutes on the first run with Go. Raises SetupError that names the ways out."""
    if found := find_server():
        return found
    failures: list[str] = []
    for install in (_build, _download_cli):
        try:
            return install(report)
        except SetupError as error:
            failures.append(error.what)
    raise SetupError(
        "No Temporal server is here and none could be installed: " + " ".join(failures),
        mend=f"Any one of these mends it: Go {dotted(GO_NEEDED)} or newer on PATH; the `temporal` CLI "
        f"{dotted(CLI_NEEDED)} or newer on PATH or named by DOORSTEP_TEMPORAL_CLI; a running server named by "
        "DOORSTEP_TEMPORAL_ADDRESS.",
    )


def ensure_ui(server: ServerBinary, report: Report) -> Path | None:
    """The web UI's binary, installed when missing; None when the CLI brings its own. Raises SetupError."""
    return None if server.is_cli else cached(UI) or go_install(UI, cache_dir(), report)


def ensure_schema_tool(report: Report) -> Path:
    """Temporal's schema tool for SQL databases, installed when missing (seconds, once the server was built).
    Raises SetupError."""
    return cached(SQL) or go_install(SQL, cache_dir(), report)


def _build(report: Report) -> ServerBinary:
    return ServerBinary(go_install(SERVER, cache_dir(), report), SERVER.version)


def _download_dir() -> Path:
    return cache_dir() / f"temporal-cli@{CLI_DOWNLOAD}"


def _download_cli(report: Report) -> ServerBinary:
    """The CLI through the SDK, which downloads it by starting it once. Bounded, for behind a firewall it may hang."""
    from temporalio.testing import WorkflowEnvironment  # heavy, and needed on this path only

    async def start_once() -> None:
        _download_dir().mkdir(parents=True, exist_ok=True)
        async with await WorkflowEnvironment.start_local(
            download_dest_dir=str(_download_dir()), dev_server_download_version=CLI_DOWNLOAD
        ):
            pass

    report(f"Trying to download the temporal CLI {CLI_DOWNLOAD} (for {DOWNLOAD_SECONDS:.0f} s at most) …")
    try:
        asyncio.run(asyncio.wait_for(start_once(), DOWNLOAD_SECONDS))
    except (RuntimeError, OSError, TimeoutError) as error:
        reason = str(error).splitlines()[0][:160] if str(error) else "no answer in time"
        raise SetupError(f"Downloading the temporal CLI failed ({reason}).") from error
    found = find_cli()
    if found is None:
        raise SetupError("The downloaded temporal CLI does not run on this machine.")
    return found


def main(arguments: Sequence[str] = ()) -> int:
    """Installs the server when missing; for `make server`. With `--schema-tool` that too."""

    def report(line: str) -> None:
        sys.stderr.write(line + "\n")

    try:
        if not os.environ.get("DOORSTEP_TEMPORAL_ADDRESS"):
            ensure_server(report)
        if "--schema-tool" in arguments:
            ensure_schema_tool(report)
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; run the same command again to go on.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
