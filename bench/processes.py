"""Processes of the bench's own: started as their users start them, stopped by their own pid."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doorstep.processes import BEHIND_THE_API, tied, yield_to_others


@contextmanager
def process(*command: str, niceness: int = 0, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the bench's own, stopped by its own pid; where the bench is killed, it ends with it."""
    with subprocess.Popen(
        tied([sys.executable, *command]),
        env={**os.environ, **environment},
        stdout=None if os.environ.get("BENCH_LOGS") else subprocess.DEVNULL,  # the SDK core writes there
        stderr=None if os.environ.get("BENCH_LOGS") else subprocess.DEVNULL,
        process_group=0,  # as `up` does
    ) as running:
        if niceness:
            yield_to_others(running.pid, niceness)
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(12)
            except subprocess.TimeoutExpired:
                running.kill()


def environment(address: str, url: str, folder: Path, *, queue: str = "bench", **more: str) -> dict[str, str]:
    """The settings of a Doorstep process of the bench."""
    return {
        "DOORSTEP_DATA_DIR": str(folder / "data"),
        "DOORSTEP_DATABASE_URL": url,
        "DOORSTEP_TEMPORAL_ADDRESS": address,
        "DOORSTEP_TASK_QUEUE": queue,
        "DOORSTEP_LOG_LEVEL": "WARNING",
        "DOORSTEP_WORKER_NICENESS": str(BEHIND_THE_API),  # as `up` has it
        "DOORSTEP_RATE_KEYS": "0",  # one key asks as fast as it can
        **more,
    }


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
