"""`go install` of one pinned tool into our cache: one builder at a time, whole or not at all, and never silent.

The build goes to a temporary folder beside its destination and arrives by one rename. A build that was killed
leaves that folder, which the next one removes; Go's own module and build caches keep what was done, so that
running again goes on rather than starts over. Truly cold: about five minutes on two cores, 3.5 GB of Go's caches.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from doorstep import processes
from doorstep.errors import SetupError

GO_NEEDED = (1, 26)
FREE_BYTES_NEEDED = 4 * 1024**3  # modules and build cache of a cold server build
QUIET_SECONDS = 10.0  # between progress lines where there is no terminal to redraw
KEPT_LINES = 40

Report = Callable[[str], object]


@dataclass(frozen=True)
class Tool:
    """One official binary: `package` at `version` builds an executable called `binary`."""

    name: str
    version: str
    package: str
    binary: str

    def path_in(self, cache: Path) -> Path:
        """Where the binary lives in a cache; keyed by version, so that an upgrade never meets an old build."""
        return cache / f"{self.name}@{self.version}" / self.binary


@dataclass
class Progress:
    """What `go install -v` has said so far."""

    started: float = field(default_factory=time.monotonic)
    modules: int = 0
    packages: int = 0
    last: str = ""
    lines: list[str] = field(default_factory=list)

    def heard(self, line: str) -> None:
        if line.startswith("go: downloading "):
            self.modules += 1
            self.last = line.removeprefix("go: ")
        elif re.fullmatch(r"[\w.~-]+(/[\w.~@+-]+)*", line):
            self.packages += 1
            self.last = f"compiled {line}"
        if line:
            self.lines = [*self.lines, line][-KEPT_LINES:]

    def __str__(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self.started), 60)
        return f"{minutes}:{seconds:02d}, {self.modules} modules fetched, {self.packages} packages built; {self.last}"


def go_version() -> tuple[int, ...] | None:
    """The version of `go` on PATH, as numbers; None when there is none."""
    try:
        said = subprocess.run(
            ["go", "version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", said)
    return tuple(int(part) for part in match.groups() if part) if match else None


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def go_install(tool: Tool, cache: Path, report: Report) -> Path:
    """Installs `tool` into `cache` unless it is there; returns its path. Raises SetupError."""
    path = tool.path_in(cache)
    found = go_version()
    if found is None or found < GO_NEEDED:
        have = "is not on PATH" if found is None else f"is version {dotted(found)}"
        raise SetupError(f"Go {have}, and building {tool.name} needs {dotted(GO_NEEDED)} or newer.")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _alone(cache / f"{tool.name}@{tool.version}.lock", tool, report):
            if not path.is_file():  # else: another process built it while we waited
                _build(tool, path, report)
    except OSError as error:
        raise SetupError(
            f"Installing {tool.name} into {cache} failed: {error.strerror or error}.",
            mend="Make room or name another place in DOORSTEP_CACHE, and run the same command again.",
        ) from error
    return path


@contextmanager
def _alone(lock: Path, tool: Tool, report: Report) -> Iterator[None]:
    """Holds the tool's lock; the kernel frees it when its holder dies, however it dies."""
    with open(lock, "w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"Another process is installing {tool.name}; waiting for it …")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _build(tool: Tool, path: Path, report: Report) -> None:
    _room_for(tool)
    for left_over in path.parent.parent.glob(f".{tool.name}@{tool.version}.*"):
        shutil.rmtree(left_over, ignore_errors=True)  # a killed build's; we hold the lock, so nobody's now
    building = path.parent.with_name(f".{path.parent.name}.{os.getpid()}")
    building.mkdir()
    report(f"Building {tool.name} {tool.version} with Go, once for this machine (cold: about 5 minutes) …")
    try:
        progress = _run_go(tool, building, report)
        built = building / path.name
        if not built.is_file():
            raise SetupError(f"go install of {tool.name} made no {path.name}: {_cause(progress)}")
        shutil.rmtree(path.parent, ignore_errors=True)
        building.rename(path.parent)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    report(f"Installed {tool.name} {tool.version}: {path} ({int(time.monotonic() - progress.started)} s)")


def _run_go(tool: Tool, building: Path, report: Report) -> Progress:
    env = {**os.environ, "GOBIN": str(building), "CGO_ENABLED": "0", "GOFLAGS": ""}
    command = processes.tied(["go", "install", "-v", f"{tool.package}@{tool.version}"])
    progress = Progress()
    go = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert go.stdout is not None
    reader = threading.Thread(target=_listen, args=(go.stdout, progress), daemon=True)
    reader.start()
    try:
        _show(go, progress, tool, report)
    finally:
        if go.poll() is None:
            go.terminate()
            go.wait()
    reader.join(5)
    if go.returncode != 0:
        raise SetupError(f"go install of {tool.name} {tool.version} failed: {_cause(progress)}")
    return progress


def _listen(lines: Iterator[str], progress: Progress) -> None:
    for line in lines:
        progress.heard(line.strip())


def _show(go: subprocess.Popen[str], progress: Progress, tool: Tool, report: Report) -> None:
    """Redraws one line on a terminal; elsewhere reports a line now and then."""
    terminal = sys.stderr.isatty()
    said = time.monotonic()
    while go.poll() is None:
        time.sleep(0.2)
        if terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\033[K{f'  {tool.name} {progress}'[:width]}")
            sys.stderr.flush()
        elif time.monotonic() - said >= QUIET_SECONDS:
            said = time.monotonic()
            report(f"  {tool.name} {progress}")
    if terminal:
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()


def _room_for(tool: Tool) -> None:
    """Says beforehand what a full disk would say minutes later."""
    asked = subprocess.run(
        ["go", "env", "GOMODCACHE"], capture_output=True, text=True, timeout=20, check=False
    )
    place = Path(asked.stdout.strip() or Path.home())
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < FREE_BYTES_NEEDED:
        raise SetupError(
            f"{free / 1024**3:.1f} GB are free under {place}, and a cold build of {tool.name} needs "
            f"{FREE_BYTES_NEEDED / 1024**3:.0f} GB."
        )


def _cause(progress: Progress) -> str:
    """The one line of Go's output that tells why."""
    telling = ("no space left", "no such host", "connection refused", "timeout", "requires go", "dial tcp")
    for line in progress.lines:
        if any(word in line for word in telling):
            return f"{line[:300]}."
    return f"{progress.lines[-1][:300] if progress.lines else 'it said nothing'}."
