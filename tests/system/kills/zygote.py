"""Starts doomed processes fast: imports everything once, then forks. Each child is a process of its own that runs
the real entry point (`doorstep worker`, `doorstep api`) and is waited for here, where its exit status is seen.

One line of JSON per child on stdin (`kind`, `env`, `log`); on stdout `{"pid"}` for each, and `{"pid", "code"}`
when one has ended (negative: the signal).
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import uvicorn  # noqa: F401 - what children would import
from temporalio.worker._worker import load_default_build_id
from tests.system.kills import doomed, story  # noqa: F401
from tests.system.kills.plan import Plan

import doorstep.api.app
import doorstep.worker
import doorstep.workflows.standard_v1  # noqa: F401
from doorstep.cli import run
from doorstep.processes import PR_SET_PDEATHSIG


def main() -> None:
    load_default_build_id()  # hashes every module loaded, and remembers; each child would need 0.6 s for it
    gc.freeze()
    say({"pid": os.getpid()})
    waiting = b""
    while True:
        ready, _, _ = select.select([0], [], [], 0.01)
        if ready:
            read = os.read(0, 65536)
            if not read:
                return
            *lines, waiting = (waiting + read).split(b"\n")
            for line in lines:
                bear(json.loads(line))
        reap()


def bear(asked: dict[str, Any]) -> None:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        say({"pid": pid})
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        os.environ.update(asked["env"])
        live(asked["kind"])
    except BaseException:  # noqa: BLE001 - a child must never come back into the zygote's loop
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def live(kind: str) -> None:
    """The real entry point, with its boundaries watched."""
    if folder := os.environ.get("KILLS_PLAN"):
        plan = Plan(Path(folder), kind)
        doomed.impatient()
        doomed.doomed_calls(plan)
        doomed.doomed_marks(plan)
        if kind == "worker":
            doomed.held_sweep(plan)
            doomed.doomed_touches(plan)
            doomed.doomed_showing(plan)
        else:
            doomed.doomed_inbox(plan)
    (run.worker if kind == "worker" else run.api)()


def reap() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        say({"pid": pid, "code": os.waitstatus_to_exitcode(status)})


def say(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
