"""A workflow's turn: what is called in it comes back, or is told why it does not."""

from __future__ import annotations

import asyncio
import dis
import signal
from collections.abc import Callable
from types import TracebackType

from temporalio.api.failure.v1 import Failure

from doorstep.rehearsal import guard
from doorstep.rehearsal.trouble import Place, authors, is_authors, within

_RAISES = dis.opmap["RAISE_VARARGS"]


class TurnError(Exception):
    """A turn came to no good end."""


class TaskFailedError(TurnError):
    """The instance failed its task: the failure as it would go to the server."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class StuckError(TurnError):
    """The instance did not come back, and was interrupted at `place`. `waited`: it did next to nothing until then.
    `computed`: it was in C code that nobody could interrupt."""

    def __init__(self, place: Place | None, *, waited: bool, computed: bool = False) -> None:
        super().__init__("stuck")
        self.place, self.waited, self.computed = place, waited, computed


class QuitError(TurnError):
    """The workflow's code wanted to end the process, at `place`; its words are the error as it raised it."""

    def __init__(self, said: str, place: Place | None) -> None:
        super().__init__(said)
        self.place = place


def in_turn[Given, Made](
    act: Callable[[Given], Made], given: Given, loop: asyncio.AbstractEventLoop | None
) -> Made:
    """What `act` makes of it under the guard's eyes, with this running loop in place of the caller's. Raises
    `StuckError` when it had to be interrupted, however it ended then, and `QuitError` for what only a process's end
    should raise. A person's Ctrl-C goes through."""
    outer = asyncio._get_running_loop()
    try:
        mine = guard.begin()
    except guard.Interrupted:  # a process that was stopped just here, and has gone on
        raise StuckError(None, waited=True) from None
    try:
        try:
            asyncio._set_running_loop(loop)
            made = act(given)
        finally:
            guard.end(mine)
    except BaseException as raised:
        guard.end(mine)  # an interruption may have come into the first one
        if isinstance(raised, KeyboardInterrupt) and not isinstance(raised, guard.Interrupted):
            if not _own(raised.__traceback__):
                raise
        elif mine.interrupted:
            raise StuckError(mine.place, waited=mine.waited(), computed=mine.computed) from None
        if isinstance(raised, (SystemExit, KeyboardInterrupt)):
            # Python remembers that one left a code that was given as text, as the sandbox's is, and would end the
            # process by a signal at last; the next such code makes it forget
            exec("")  # noqa: S102
            raise QuitError(repr(raised), authors(within(_places(raised.__traceback__)))) from None
        raise
    finally:
        asyncio._set_running_loop(outer)
    if mine.interrupted:
        raise StuckError(mine.place, waited=mine.waited(), computed=mine.computed)
    return made


def _own(trace: TracebackType | None) -> bool:
    """Whether a `KeyboardInterrupt` is the workflow's: raised by a `raise` in its author's file. A person's comes in
    between any two instructions, or out of whoever handles the signal."""
    handler = signal.getsignal(signal.SIGINT)
    handles = getattr(handler, "__code__", None)
    while trace is not None and trace.tb_next is not None:
        if trace.tb_frame.f_code is handles:
            return False
        trace = trace.tb_next
    if trace is None:
        return False
    code = trace.tb_frame.f_code
    return code is not handles and code.co_code[trace.tb_lasti] == _RAISES and is_authors(code.co_filename)


def _places(trace: TracebackType | None) -> list[Place]:
    """The places of a traceback, outermost first."""
    found: list[Place] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(Place(code.co_filename, trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    return found
