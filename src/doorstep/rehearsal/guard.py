"""Watches a workflow's turn from outside it: one that does not come back is interrupted where it is, and one that
blocks (sleeps, opens a socket, writes a file, starts a process or a thread) is refused as it tries.

Clock and chance are the sandbox's to catch; this is for what the sandbox lets pass in libraries it does not
import anew, and for code that runs without it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import time
from collections.abc import Container
from typing import Any

from doorstep.rehearsal.trouble import Place, authors, frames, within

#: seconds of a processor a workflow may take for one task: as long as a worker allows before it calls it a deadlock.
#: Not of the clock: on a machine that is busy with something else an innocent one waits for its turn
STUCK_AFTER = 2.0
#: seconds of the clock, for one that waits for what never comes
WAITS_AFTER = 30.0

_LOOKS_EVERY = 0.25
_SAMPLES = 200
_EVERYTHING = 2

#: Python's audit events of what blocks or reaches outside
_BLOCKS = frozenset(
    {
        "time.sleep",
        "socket.connect",
        "socket.bind",
        "socket.getaddrinfo",
        "socket.sendto",
        "subprocess.Popen",
        "os.system",
        "os.fork",
        "os.posix_spawn",
        "sqlite3.connect",
        "_thread.start_new_thread",
    }
)


class Interrupted(KeyboardInterrupt):
    """Raised into a workflow that does not come back. (asyncio lets only this family and SystemExit out of a task.)"""


class BlockedError(RuntimeError):
    """Raised where a workflow tried to block."""


class _Turn:
    """One workflow task under way."""

    __slots__ = ("began", "clock", "collecting", "interrupted", "place", "thread", "used")

    def __init__(self, thread: int) -> None:
        self.thread = thread
        self.began = time.monotonic()
        self.clock = _clock(
            thread
        )  # asked for while the thread lives: for one that has gone it may be the end
        self.used = _read(self.clock)
        self.collecting: float | None = None
        self.place: Place | None = None
        self.interrupted = False

    @property
    def stuck(self) -> bool:
        lasted = time.monotonic() - self.began
        if lasted > WAITS_AFTER:
            return True
        if lasted <= STUCK_AFTER or self.collecting is not None:
            return False
        return _read(self.clock) - self.used > STUCK_AFTER


def _clock(thread: int) -> int | None:
    """What tells the seconds of a processor that a living thread has had; None where the system does not tell."""
    if sys.platform == "win32" or sys.platform == "darwin":
        return None
    return time.pthread_getcpuclockid(thread)


def _read(clock: int | None) -> float:
    if clock is None:
        return time.monotonic()
    try:
        return time.clock_gettime(clock)
    except OSError:  # its thread has gone meanwhile, and so has its turn
        return 0.0


_turns: dict[int, _Turn] = {}
_lock = threading.Lock()
_watcher: threading.Thread | None = None
_hooked = False


def begin() -> _Turn:
    """A workflow's turn on this thread begins. `Interrupted` is raised into it when it takes longer than
    `STUCK_AFTER`; its `place` then says where it was. `end` must follow, whatever happens."""
    _start()
    thread = threading.get_ident()
    mine = _turns[thread] = _Turn(thread)
    return mine


def end(mine: _Turn) -> None:
    """The turn is over; an interruption still on its way must not land in whoever runs next."""
    with _lock:
        _turns.pop(mine.thread, None)
        if mine.interrupted:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(mine.thread), None)


def turns() -> Container[int]:
    """The threads on which a workflow has its turn now."""
    return _turns


def _start() -> None:
    global _watcher, _hooked
    if _watcher is None or not _watcher.is_alive():  # also after a fork, which takes no threads along
        _watcher = threading.Thread(target=_watch, name="rehearsal-watch", daemon=True)
        _watcher.start()
    if not _hooked:
        _hooked = True
        sys.addaudithook(_audit)
        gc.callbacks.append(_collects)


def _collects(phase: str, info: dict[str, int]) -> None:
    """Python looks through everything for garbage, in whichever thread comes along: with millions of objects (a whole
    test suite's) for seconds, which are not the workflow's."""
    held = _turns.get(threading.get_ident())
    if held is None or info["generation"] < _EVERYTHING:
        return
    if phase == "start":
        held.collecting = _read(held.clock)
    elif held.collecting is not None:
        held.used += _read(held.clock) - held.collecting
        held.collecting = None


def _watch() -> None:
    while True:
        time.sleep(_LOOKS_EVERY)
        for held in list(_turns.values()):
            if held.stuck:
                _interrupt(held)


def _interrupt(held: _Turn) -> None:
    for _ in range(_SAMPLES):  # a loop that yields is in its author's code only now and then
        if held.place is not None or _turns.get(held.thread) is not held:
            break
        held.place = authors(within(frames(sys._current_frames().get(held.thread))))
        time.sleep(0.0005)
    with _lock:
        if _turns.get(held.thread) is held:
            held.interrupted = True
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(held.thread), ctypes.py_object(Interrupted)
            )


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if not _turns or threading.get_ident() not in _turns:
        return
    if event in _BLOCKS or (event == "open" and _writes(args)):
        raise BlockedError(f"{event} blocks or reaches outside: a workflow must not.")


def _writes(args: tuple[Any, ...]) -> bool:
    """Whether a file is opened to be written; not what Python itself keeps of a module that the sandbox imports."""
    path, mode, flags = (*args, None, 0)[:3]
    if isinstance(path, int):  # opened before, and looked at then
        return False
    if isinstance(path, str) and ".pyc" in path.rpartition("/")[2]:
        return False
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
