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
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

LOOK_SECONDS = 0.5
YOUNG = 20_000
"""So many more objects with references than before are worth a look at the young ones."""
YOUNG_LOOKS = 40
"""Every so many looks go through everything …"""
GONE = 200
"""… and each after so many journeys have left a worker's cache since the last of those. Each is a cycle of old
objects (some 160 KB), and beside thousands of open ones what nobody had looked for took a fifth of the memory. Not by
how much the process grew: a cache that fills grows without leaving garbage, and a worker with a thousand journeys
stops for half a second to find that out."""

Quiet = Callable[[], AbstractContextManager[None]]

_lock = threading.Lock()
_rarely, _before = 0, 0
"""How many want it rarely just now, and what Python had to begin with."""


@contextmanager
def rarely() -> Iterator[None]:
    """For as long as it lasts Python looks for garbage once `YOUNG` objects are new, not at each 2,000: what goes
    through thousands of objects that it lets go of by itself (a rehearsal) is looked through for nothing, a dozen
    times. In the whole process, and with several at once until the last; one that looks less often already, or never,
    goes on so."""
    global _rarely, _before
    with _lock:
        if not _rarely:
            _before = gc.get_threshold()[0]
        raises = 0 < _before < YOUNG
        _rarely += 1
        if raises:
            gc.set_threshold(YOUNG)
    try:
        yield
    finally:
        with _lock:
            _rarely -= 1
            if not _rarely and raises:
                gc.set_threshold(_before)


class Turnover:
    """How many have left a cache that holds `room`, told only who comes: one that comes to a full one takes a place."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._numbers = itertools.count(1)
        self._came = 0

    def another(self) -> None:
        """One came. From any thread."""
        self._came = next(self._numbers)

    def gone(self) -> int:
        """How many have left; at most `room` too few."""
        return max(0, self._came - self._room)


class Collector:
    """Looks for cycles as often as objects gather. `quiet` gives a block during which no thread of this process makes
    others wait; `gone` tells how many journeys have left a cache so far. One per process; `start` it when everything is
    loaded, `stop` it at the end."""

    def __init__(self, quiet: Quiet = nullcontext, gone: Callable[[], int] = int) -> None:
        self._quiet = quiet
        self._gone = gone
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
        looks, then = 0, self._gone()
        while not self._ended.wait(LOOK_SECONDS):
            if gc.get_count()[0] < YOUNG:
                continue
            looks += 1
            gone = self._gone()
            everything = looks % YOUNG_LOOKS == 0 or gone - then >= GONE
            try:
                with self._quiet():
                    _free(everything)
            except Exception:  # noqa: BLE001 - the database is too busy to be still: collected all the same
                _free(everything)
            if everything:
                then = gone


def _free(everything: bool) -> None:
    """Collects. What a whole collection freed goes back to the system: glibc keeps it otherwise, in pools of its own
    for each thread, which it locks one by one."""
    gc.collect(2 if everything else 1)
    if not everything:
        return
    with suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
