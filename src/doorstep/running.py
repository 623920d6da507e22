"""One `doorstep up` per data directory, and where the one that runs can be found.

The lock is the kernel's: it ends with its holder, however that dies, so no stale pid file can stand in the way.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from doorstep.errors import SetupError
from doorstep.private_writing import write_private
from doorstep.settings import RUNNING_FILE, Settings

LOCK_FILE = "up.lock"
BYTES_NEEDED = (
    300 * 1024 * 1024
)  # a small store's year; less, and SQLite fails in the middle of somebody's order


@dataclass(frozen=True)
class Running:
    """What runs: process id of `doorstep up`, the API's base URL, Temporal's address and its web UI."""

    pid: int
    api: str
    temporal: str
    ui: str | None = None

    def note(self, settings: Settings) -> None:
        """Writes it where `running` and `Settings.temporal_target` look."""
        write_private(settings.data_dir / RUNNING_FILE, json.dumps(asdict(self)))


def running(settings: Settings) -> Running | None:
    """What runs on this data directory now; None when nothing holds its lock."""
    try:
        with open(settings.data_dir / LOCK_FILE) as lock:
            if _take(lock):
                return None
        return Running(**json.loads((settings.data_dir / RUNNING_FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def the_only_one(settings: Settings) -> Iterator[None]:
    """Holds the data directory for this process. Raises SetupError when it is unusable or held."""
    usable(settings.data_dir)
    with open(settings.data_dir / LOCK_FILE, "a+") as lock:
        if not _take(lock):
            lock.seek(0)
            pid = lock.read().strip() or "unknown"
            other = running(settings)
            where = f", on {other.api}" if other else ", still starting"
            raise SetupError(
                f"Doorstep already runs on {settings.data_dir} (pid {pid}{where}).",
                mend=f"Use that one, stop it with `kill {pid}`, or name another DOORSTEP_DATA_DIR and DOORSTEP_PORT.",
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        (settings.data_dir / RUNNING_FILE).unlink(missing_ok=True)
        try:
            yield
        finally:
            (settings.data_dir / RUNNING_FILE).unlink(missing_ok=True)


def usable(folder: Path, *, needed: int = BYTES_NEEDED) -> None:
    """Creates `folder` and writes to it once. Raises SetupError when that fails or too little is free."""
    mend = "Name another place in DOORSTEP_DATA_DIR."
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / f".probe-{os.getpid()}"
        probe.write_text("written by doorstep to see whether it can")
        probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        why = "no space is left" if error.errno == errno.ENOSPC else error.strerror
        raise SetupError(f"The data directory {folder} cannot be written: {why}.", mend=mend) from error
    if free < needed:
        raise SetupError(
            f"Only {free // 2**20} MB are free under {folder}, and Doorstep wants {needed // 2**20} MB.",
            mend=f"Make room. Or: {mend}",
        )


def _take(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
