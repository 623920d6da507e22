"""The process that runs under another hash seed ends with the one that asked it, however that ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from doorstep import processes

_ASKS = f"from doorstep.rehearsal.proving import with_hash_seed; with_hash_seed('{__name__}:waits', 1)"


def waits() -> list[str]:
    note = Path(os.environ["WAITS_IN"])
    note.with_suffix(".new").write_text(str(os.getpid()))
    note.with_suffix(".new").rename(note)
    time.sleep(120)
    return []


def test_killed_it_leaves_no_process_that_goes_on(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    known = {"PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path]), "WAITS_IN": str(note)}
    with subprocess.Popen([sys.executable, "-c", _ASKS], env=os.environ | known) as asks:
        until = time.monotonic() + 90
        while not note.exists() and time.monotonic() < until:
            time.sleep(0.02)
        asks.kill()
    assert processes.wait_gone(int(note.read_text()), timeout=30)
