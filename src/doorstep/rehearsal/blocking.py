"""What a workflow may not do in its turn since it blocks or reaches outside, as far as Python tells of it."""

from __future__ import annotations

import os
from typing import Any

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
        "_thread.start_joinable_thread",  # what threading.Thread starts, since Python 3.13
    }
)


class BlockedError(RuntimeError):
    """Raised where a workflow tried to block."""


def check(event: str, args: tuple[Any, ...]) -> None:
    """One of Python's audit events, in a workflow's turn. Raises `BlockedError` for what blocks."""
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
