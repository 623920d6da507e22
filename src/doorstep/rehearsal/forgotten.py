"""Forgotten `await`s: coroutines that a journey's author made and nobody ever awaited, so that they did nothing.

Python tells of each as it is thrown away, by a warning that is easily overlooked. While a story is proven
(`in_sandbox`) it is asked instead, for the thread on which that happens and for nothing else.
"""

from __future__ import annotations

import asyncio
import linecache
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from doorstep.rehearsal.trouble import Place, is_authors

_HOOK = "_warn_unawaited_coroutine"
"""What the interpreter calls, in `warnings`, with each coroutine that was never begun. Its warning itself says less,
only once for each place, and as an error where warnings are errors."""
_lock = threading.Lock()
_watching: dict[int, list[Place]] = {}
"""Thread → what was found on it."""
_before: Any = None


@contextmanager
def watched() -> Iterator[list[Place]]:
    """What this thread forgets to await until the end of the block: where the author's code made it, its `function`
    being the one that was called. Everybody else's warnings go where they went before."""
    global _before
    found: list[Place] = []
    thread, depth = threading.get_ident(), sys.get_coroutine_origin_tracking_depth()
    with _lock:
        outer = _watching.get(thread)
        if not _watching:
            _before = getattr(warnings, _HOOK)
            setattr(warnings, _HOOK, _thrown_away)
        _watching[thread] = found
    sys.set_coroutine_origin_tracking_depth(max(depth, 1))
    try:
        yield found
    finally:
        sys.set_coroutine_origin_tracking_depth(depth)
        with _lock:
            if outer is not None:
                _watching[thread] = outer
            elif _watching.pop(thread, None) is not None and not _watching:
                setattr(warnings, _HOOK, _before)


def told(found: list[Place]) -> tuple[str, ...]:
    """A sentence for each place, and how to mend it."""
    return tuple(dict.fromkeys(_sentence(place) for place in found))


def _thrown_away(coroutine: Any) -> None:
    found = _watching.get(threading.get_ident())
    origin = coroutine.cr_origin
    if found is None or not origin or not is_authors(origin[0][0]) or not _forgets(*origin[0]):
        _before(coroutine)
        return
    file, line, _ = origin[0]
    found.append(Place(file, line, coroutine.__name__))


def _forgets(file: str, line: int, function: str) -> bool:
    """Whether what was made there is thrown away by a mistake: at once, or at the end of the function that kept it.
    What a cancelled task held for later is let go unawaited too, and rightly, where a journey ends or leaves an arm."""
    if asyncio._get_running_loop() is None or (task := asyncio.current_task()) is None:
        return False
    here = sys._getframe(2)
    if (here.f_code.co_filename, here.f_lineno) == (file, line):
        return True
    # a function that ends has no frame any more, but it is still its task's where it is the task's own
    codes = (here.f_code, getattr(task.get_coro(), "cr_code", None))
    keeps = any(code and (code.co_filename, code.co_name) == (file, function) for code in codes)
    return keeps and not task.cancelling()


def _sentence(place: Place) -> str:
    name = re.escape(place.function)
    written = re.search(rf"(?:\w+\s*\.\s*)*\b{name}(?=\s*\()", linecache.getline(place.file, place.line))
    call = written[0] if written else place.function
    return f"{place}: `{place.function}(…)` was never awaited, so it does nothing. Write `await {call}(…)`."
