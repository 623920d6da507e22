"""Watches a workflow's turn from outside it: one that does not come back is interrupted where it is, again and again
until it does, and one that blocks (sleeps, opens a socket, writes a file, starts a process or a thread) is refused as
it tries. What blocks without a word to Python (a lock, a read) is interrupted like a loop.

Clock and chance are the sandbox's to catch; this is for what the sandbox lets pass in libraries it does not
import anew, and for code that runs without it. A turn that nothing reaches ends the process: see `ENDS_AFTER`.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from types import CodeType, FrameType
from typing import Any

from doorstep.rehearsal import blocking, nudging
from doorstep.rehearsal.trouble import Place, authors, frames, is_authors, within

#: seconds of a processor a workflow may take for one task: as long as a worker allows before it calls it a deadlock.
#: Not of the clock: on a machine that is busy with something else an innocent one waits for its turn
STUCK_AFTER = 2.0
#: seconds of the clock, for one that waits for what never comes
WAITS_AFTER = 30.0
#: seconds of the clock for which a turn on the main thread is interrupted without ending; then the process ends. (On
#: another thread it is somebody's server, which has other things to do: it is said, and the thread is lost.)
ENDS_AFTER = 30.0

_LOOKS_EVERY = 0.25
_SAMPLES = 200
_EVERYTHING = 2


class Interrupted(KeyboardInterrupt):
    """Raised into a workflow that does not come back. (asyncio lets only this family and SystemExit out of a task.)"""


class _Turn:
    """One workflow task under way."""

    used: float | None = None
    """What its thread's clock said when it was first looked at: most turns are over by then."""
    seen = looked = 0.0
    """When that was, and when it was looked at last."""
    computed = False
    """It took its time in one piece, in which nobody could look at it: in C code that keeps the interpreter."""
    collecting: float | None = None
    place: Place | None = None
    interrupted = insisted = lost = over = False
    since = 0.0
    """When it was first interrupted from outside."""
    before: Any = None
    """Who heard the signal before this turn did."""

    def __init__(self, thread: int) -> None:
        self.thread = thread
        self.began = time.monotonic()
        # asked for while the thread lives: for one that has gone it may be the end
        self.clock = _main_clock if thread == _main else _clock(thread)

    def stuck(self) -> bool:
        """Whether it has lasted too long. Called again and again while it lasts."""
        now = time.monotonic()
        unseen, self.looked = now - (self.looked or self.began), now
        if now - self.began > WAITS_AFTER:
            if unseen > WAITS_AFTER / 2:
                self.computed = _process.busy(now)
            return True
        if self.collecting is not None:
            return False
        if self.used is None:
            self.used, self.seen = _read(self.clock), now
        return _read(self.clock) - self.used > STUCK_AFTER

    def waited(self) -> bool:
        """Whether it had next to nothing of a processor so far (False where the system does not tell)."""
        if self.used is None:
            return not self.computed  # nobody ever looked, and it was interrupted all the same
        return _read(self.clock) - self.used < 0.1 * (time.monotonic() - self.seen)


class _Process:
    """This process, as the watcher saw it last."""

    def __init__(self) -> None:
        self.look()

    def look(self) -> None:
        self._seen, self._used = time.monotonic(), time.process_time()

    def busy(self, now: float) -> bool:
        """Whether it had a processor most of the time since then: one that was stopped had none."""
        return time.process_time() - self._used > 0.1 * (now - self._seen)


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
_process = _Process()
_lock = threading.Lock()
_watcher: threading.Thread | None = None
_hooked = False
_main: int | None = None
"""The thread that hears signals, where that can be used."""
_main_clock: int | None = None


def begin() -> _Turn:
    """A workflow's turn on this thread begins. `Interrupted` is raised into it when it takes longer than
    `STUCK_AFTER`, and again until it ends; its `place` then says where it was, and it is `interrupted`, whatever it
    made of that. `end` must follow, whatever happens."""
    if _watcher is None:
        _start()
    thread = threading.get_ident()
    mine = _turns[thread] = _Turn(thread)
    try:
        if thread == _main:
            mine.before = nudging.heard_by(nudging.SIGNAL)
            if mine.before is not _heard:
                nudging.hear(nudging.SIGNAL, _heard)
    except BaseException:  # a person's Ctrl-C, say
        end(mine)
        raise
    return mine


def end(mine: _Turn) -> None:
    """The turn is over; an interruption still on its way must not land in whoever runs next. One may land in here: who
    has caught something of a turn calls this once more, which is without effect otherwise."""
    mine.over = True  # from here on nothing is sent any more, and nothing is raised of what was
    with _lock:
        _turns.pop(mine.thread, None)
        if mine.interrupted:
            nudging.throw(mine.thread, None)
            if not any(other.insisted for other in _turns.values()):
                _lines.off()
    if mine.before is not None:
        if nudging.heard_by(nudging.SIGNAL) is not mine.before:
            nudging.hear(nudging.SIGNAL, mine.before)
        mine.before = None


@contextmanager
def listening() -> Iterator[None]:
    """The signal is heard here between turns, too, where it means nothing: to begin and end a turn costs a third of
    what it does by itself, and a rehearsal has dozens of them. Who heard it before hears it again afterwards."""
    before = nudging.heard_by(nudging.SIGNAL) if threading.get_ident() == _main else None
    if before is None or before is _heard:
        yield
        return
    try:
        nudging.hear(nudging.SIGNAL, _heard)
        yield
    finally:
        if nudging.heard_by(nudging.SIGNAL) is _heard:  # else somebody else has taken it meanwhile
            nudging.hear(nudging.SIGNAL, before)


def turns() -> Container[int]:
    """The threads on which a workflow has its turn now."""
    return _turns


def _start() -> None:
    global _watcher, _hooked, _main, _main_clock
    _main = nudging.listening()
    _main_clock = None if _main is None else _clock(_main)
    nudging.tick()
    _watcher = threading.Thread(target=_watch, name="rehearsal-watch", daemon=True)
    _watcher.start()
    if not _hooked:
        _hooked = True
        sys.addaudithook(_audit)
        gc.callbacks.append(_collects)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_forked)


def _forked() -> None:
    """A fork takes no threads along, and the system's timers neither."""
    global _watcher, _lock
    _watcher, _lock = None, threading.Lock()
    _turns.clear()


def _collects(phase: str, info: dict[str, int]) -> None:
    """Python looks through everything for garbage, in whichever thread comes along: with millions of objects (a whole
    test suite's) for seconds, which are not the workflow's."""
    held = _turns.get(threading.get_ident())
    if held is None or info["generation"] < _EVERYTHING:
        return
    if phase == "start":
        held.collecting = _read(held.clock)
    elif held.collecting is not None:
        if held.used is not None:
            held.used += _read(held.clock) - held.collecting
        held.collecting = None


def _watch() -> None:
    while True:
        time.sleep(_LOOKS_EVERY)
        for held in list(_turns.values()):
            if held.stuck():
                _interrupt(held)
        _process.look()


def _interrupt(held: _Turn) -> None:
    """From the watcher's thread: once more at each look."""
    for _ in range(_SAMPLES):  # a loop that yields is in its author's code only now and then
        if held.place is not None or _turns.get(held.thread) is not held:
            break
        held.place = authors(within(frames(sys._current_frames().get(held.thread))))
        time.sleep(0.0005)
    with _lock:
        if _turns.get(held.thread) is not held or held.over:
            return
        held.interrupted = True
        if not held.since:
            held.since = time.monotonic()
        elif not held.insisted:  # what was raised was swallowed, or has not arrived
            held.insisted = True
            _lines.on()
        if held.thread == _main:
            signal.pthread_kill(held.thread, nudging.SIGNAL)
        else:
            nudging.throw(held.thread, Interrupted)
    if held.since and time.monotonic() - held.since > ENDS_AFTER:
        _give_up(held)


def _heard(number: int, frame: FrameType | None) -> None:
    """The signal, in the main thread: the watcher's, or a tick that comes where the watcher cannot."""
    held = _turns.get(threading.get_ident())
    if held is None or held.over or not (held.interrupted or held.stuck()):
        return
    held.place = held.place or authors(within(frames(frame)))
    held.interrupted = True
    raise Interrupted


def _came_to(code: CodeType) -> None:
    """A line, of whichever thread: only a journey's own is where an error leaves nothing half done."""
    held = _turns.get(threading.get_ident())
    if held is not None and held.insisted and not held.over and is_authors(code.co_filename):
        raise Interrupted


_lines = nudging.Lines(_came_to)


def _give_up(held: _Turn) -> None:
    """Nothing has ended the turn: said on standard error itself, since Python's may be held by it."""
    if held.lost:
        return
    held.lost = True
    where = f" in {held.place}" if held.place else ""
    end = "it cannot be interrupted, so the process ends" if held.thread == _main else "its thread is lost"
    with suppress(OSError):
        os.write(2, f"doorstep: The workflow does not come back{where}: {end}.\n".encode())
    if held.thread == _main:
        os._exit(1)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _turns and threading.get_ident() in _turns:
        blocking.check(event, args)
