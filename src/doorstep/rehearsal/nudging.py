"""How an interruption gets into a thread that does not come back, by whatever it is held: Python's own loops, C code
that waits (locks, reads), C code that computes (regular expressions), and handlers that swallow what is raised.

`guard.py` decides when; here is how. Nothing of it stays: signals are heard while a turn lasts, lines are looked at
while a turn is interrupted, and a tick that nobody hears is dropped by the system.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found] # of Python's own, and not in typeshed
import ctypes
import signal
import sys
import threading
from collections.abc import Callable
from types import CodeType
from typing import Any

#: Nobody sends it (it is for sockets' out-of-band data, on request), and whoever does not listen is not told of it
SIGNAL: int = getattr(signal, "SIGURG", 0)
#: `signal.signal` without its enumerations, which cost more than all the rest of a turn's guard
hear: Callable[[int, Any], Any] = _signal.signal
heard_by: Callable[[int], Any] = _signal.getsignal
#: seconds of the process's processor time from one tick to the next
TICKS_EVERY = 0.25

_PROCESSOR, _MONOTONIC = 2, 1
"""Linux's numbers of its clocks."""


class _Event(ctypes.Structure):
    """Linux's `struct sigevent`: 64 bytes."""

    _fields_ = [
        ("value", ctypes.c_void_p),
        ("number", ctypes.c_int),
        ("kind", ctypes.c_int),
        ("rest", ctypes.c_int * 12),
    ]


def tick() -> None:
    """From now on this process gets `SIGNAL` every `TICKS_EVERY`, from the system itself: C code that computes without
    letting go of the interpreter keeps every other thread from sending one. Where the system has no such clock (it is
    Linux's) nothing happens. A child that is forked has to ask for its own."""
    if sys.platform != "linux" or not SIGNAL:
        return
    try:
        library = ctypes.CDLL(None)
        create, begin = library.timer_create, library.timer_settime
    except (OSError, AttributeError):
        return
    event, timer = _Event(number=SIGNAL, kind=0), ctypes.c_void_p()
    nanos = int(TICKS_EVERY * 1e9)
    for clock in (_PROCESSOR, _MONOTONIC):
        if create(clock, ctypes.byref(event), ctypes.byref(timer)) == 0:
            begin(timer, 0, ctypes.byref((ctypes.c_long * 4)(0, nanos, 0, nanos)), None)
            return


def listening() -> int | None:
    """The thread in which signals are heard, if `SIGNAL` may be used here: a handler that is not Python's could not be
    put back."""
    if not SIGNAL or signal.getsignal(SIGNAL) is None:
        return None
    return threading.main_thread().ident


def throw(thread: int, error: type[BaseException] | None) -> None:
    """Raise an error in a thread at its next instruction of Python; None: take back what has not been raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), None if error is None else ctypes.py_object(error)
    )


class Lines:
    """Calls a function with the code of every line that any thread comes to, while it is on. What the function raises
    is raised in that line: also in the handler that has just swallowed the one before."""

    def __init__(self, seen: Callable[[CodeType], None]) -> None:
        self._seen = seen
        self._tool: int | None = None

    def on(self) -> None:
        """From the next line on. Without effect when it is on, or when all of Python's places for tools are taken."""
        watching = sys.monitoring
        free = [n for n in (4, 3, 5, 2, 1, 0) if watching.get_tool(n) is None]
        if self._tool is not None or not free:
            return
        self._tool = free[0]
        watching.use_tool_id(self._tool, "rehearsal")
        watching.register_callback(self._tool, watching.events.LINE, self._line)
        watching.set_events(self._tool, watching.events.LINE)

    def off(self) -> None:
        """No more. Without effect when it is off."""
        if self._tool is None:
            return
        tool, watching = self._tool, sys.monitoring
        watching.set_events(tool, 0)
        watching.register_callback(tool, watching.events.LINE, None)
        watching.free_tool_id(tool)
        self._tool = None

    def _line(self, code: CodeType, line: int) -> Any:
        self._seen(code)
