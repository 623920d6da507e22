"""When a serving process looks for garbage cycles. Standard library only.

Python does it in whichever thread happens to allocate next, and all others wait: 30 to 100 ms for the younger objects
of a busy worker with thousands of journeys, half a second for all of them. Most often that thread held the database's
write lock, because those allocate most, and every webhook waited for it (`python -m bench webhooks`: a 99th
percentile of 109 to 362 ms). So what a process loads to begin with is set aside for good, and a thread of ours looks
through the rest, at moments when nobody in the process writes.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

LOOK_SECONDS = 0.5
YOUNG = 20_000
"""So many more objects with references than before are worth a look at the young ones."""
YOUNG_LOOKS = 40
"""Every so many looks go through everything …"""
GROWN_BYTES = 16 * 1024 * 1024
"""… and each that finds the process so much larger than after the last of those: a journey that leaves a worker's cache
is a cycle of old objects, and beside thousands of open ones what nobody had looked for took a fifth of the memory."""

_HELD = Path("/proc/self/statm")

Quiet = Callable[[], AbstractContextManager[None]]


class Collector:
    """Looks for cycles as often as objects gather. `quiet` gives a block during which no thread of this process makes
    others wait. One per process; `start` it when everything is loaded, `stop` it at the end."""

    def __init__(self, quiet: Quiet = nullcontext) -> None:
        self._quiet = quiet
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="doorstep-garbage", daemon=True)

    def start(self) -> Collector:
        """Starts the thread; answers itself."""
        gc.collect()
        gc.freeze()
        gc.disable()
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends the thread; Python does it by itself again."""
        self._ended.set()
        self._thread.join(10)
        gc.enable()
        gc.unfreeze()

    def _run(self) -> None:
        looks, was = 0, resident()
        while not self._ended.wait(LOOK_SECONDS):
            if gc.get_count()[0] < YOUNG:
                continue
            looks += 1
            everything = looks % YOUNG_LOOKS == 0 or resident() - was > GROWN_BYTES
            try:
                with self._quiet():
                    _free(everything)
            except Exception:  # noqa: BLE001 - the database is too busy to be still: collected all the same
                _free(everything)
            if everything:
                was = resident()


def _free(everything: bool) -> None:
    """Collects. What a whole collection freed goes back to the system: glibc keeps it otherwise, in pools of its own
    for each thread, which it locks one by one."""
    gc.collect(2 if everything else 1)
    if not everything:
        return
    with suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not tell (Linux does)."""
    try:
        pages = int(_HELD.read_text().split()[1])
    except OSError:
        return 0
    return pages * mmap.PAGESIZE
