"""Threads that stand back, and those that do not."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

TELL = """
import json, os, sys, threading
from doorstep.threads import pool

def mine(_=None):
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

found, later = [], []
with pool(4, "activity", behind=7, ahead=sys.argv[1] == "ahead") as threads:
    gate = threading.Barrier(4)
    found = list(threads.map(lambda _: (gate.wait(), mine())[1], range(4)))
    thread = threading.Thread(target=lambda: later.append(mine()))
    thread.start()
    thread.join()
print(json.dumps([found, later, mine()]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="niceness by thread is Linux's")
@pytest.mark.parametrize(("which", "niceness"), [("ahead", 0), ("behind", 7)])
def test_what_holds_sqlites_lock_does_not_stand_back(which: str, niceness: int) -> None:
    """Everything else of the process does. In a process of its own: a niceness is not taken back."""
    told = subprocess.run([sys.executable, "-c", TELL, which], capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == [[niceness] * 4, [7], 7]
