"""How the threads of one process take turns, among themselves and with other processes. Standard library only."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

TURN_SECONDS = 0.0005


def take_short_turns() -> None:
    """For a process whose threads hold a database transaction while another thread computes.

    Each statement gives Python's lock away, and a busy thread may keep it for a turn: with the default of 5 ms a
    transaction of a dozen statements held SQLite's write lock for 20 to 70 ms, and every webhook waited for it. Shorter
    is no better: whoever waits for Python's lock wakes up after each turn, and at 0.1 ms that took a fifth of a
    worker's processor time.
    """
    sys.setswitchinterval(TURN_SECONDS)


def pool(threads: int, name: str, *, behind: int, ahead: bool) -> ThreadPoolExecutor:
    """Threads for what a process does beside its main thread, which from now on stands back for other processes by
    `behind`, a niceness from 0 to 19.

    `ahead`: these threads do not. On SQLite they hold the lock that everybody waits for: one that had to stand back in
    the middle of its transaction held it three times as long as it computed, and a webhook waited for that. (Linux
    counts niceness by thread, and one begun later inherits it. Elsewhere all of the process stands back.)
    """
    made = ThreadPoolExecutor(threads, thread_name_prefix=name)
    if ahead:
        all_there = threading.Barrier(threads + 1)
        try:
            for _ in range(threads):
                made.submit(all_there.wait)
            all_there.wait()
        except BaseException:
            # the machine has no more threads, or Ctrl-C: those that wait would keep us from ending
            all_there.abort()
            raise
    if behind:
        os.setpriority(os.PRIO_PROCESS, 0, behind)
    return made
