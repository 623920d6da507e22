"""Threads that stand back, and those that do not."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from doorstep.threads import pool

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


def test_a_machine_without_another_thread_is_an_error_and_not_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that had begun do not wait for the others for ever, which would keep the process from ending."""
    submit, asked = ThreadPoolExecutor.submit, []

    def scarce(self: ThreadPoolExecutor, *args: object) -> object:
        asked.append(args)
        if len(asked) > 2:
            raise RuntimeError("can't start new thread")
        return submit(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(ThreadPoolExecutor, "submit", scarce)
    with pytest.raises(RuntimeError, match="new thread"):
        pool(4, "scarce", behind=0, ahead=True)
    begun = [thread for thread in threading.enumerate() if thread.name.startswith("scarce")]
    for thread in begun:
        thread.join(30)
    assert not any(thread.is_alive() for thread in begun)
