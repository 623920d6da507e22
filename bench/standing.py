"""What the bench's processes are to Linux's scheduler: one group of equals, among which only niceness counts.

Run by hand, each session (every process of PostgreSQL is one) is given an equal share of the processors whatever its
niceness, as desktops want it (`sched_autogroup_enabled`). Services and containers have control groups instead, in
which that does not apply: so has the bench, where it may. On PostgreSQL a webhook's 99th percentile was half of what it
is without (43 and 44 ms against 76 and 95 in turn).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GROUPS = Path("/proc/self/cgroup")
SWITCH = Path("/proc/sys/kernel/sched_autogroup_enabled")
MOUNTED = Path("/sys/fs/cgroup")


@contextmanager
def standing() -> Iterator[str]:
    """For the block, in a control group of our own. Answers a sentence where it could not be made and is needed."""
    top = _top()
    if top is None:
        yield ""
        return
    own = top / f"doorstep-bench-{os.getpid()}"
    try:
        own.mkdir()
        (own / "cgroup.procs").write_text(str(os.getpid()))
    except OSError as error:
        if own.exists():
            own.rmdir()
        yield (
            f"Linux groups processes by session here ({error.strerror}): PostgreSQL's answers come later than in a "
            "service or a container. `sysctl kernel.sched_autogroup_enabled=0` ends it."
        )
        return
    try:
        yield ""
    finally:
        _leave(top, own)


def _top() -> Path | None:
    """Where the processors are shared out, if this process is grouped by session there."""
    try:
        if SWITCH.read_text().strip() != "1":
            return None
        for line in GROUPS.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if "cpu" in controllers.split(","):
                return MOUNTED / controllers if path == "/" else None
        return MOUNTED if (MOUNTED / "cgroup.controllers").exists() and _at_top_of_one() else None
    except OSError:
        return None  # not Linux, or none of this is shown


def _at_top_of_one() -> bool:
    """On a system with one hierarchy for everything: at its top, which shares out processors."""
    shared = (MOUNTED / "cgroup.subtree_control").read_text().split()
    return "0::/" in GROUPS.read_text().splitlines() and "cpu" in shared


def _leave(top: Path, own: Path) -> None:
    """Whoever is still there goes back; the group goes."""
    for pid in (own / "cgroup.procs").read_text().split():
        try:
            (top / "cgroup.procs").write_text(pid)
        except OSError:
            pass  # it has ended meanwhile
    try:
        own.rmdir()
    except OSError:
        pass  # a process that ends just now holds it; an empty group costs nothing
