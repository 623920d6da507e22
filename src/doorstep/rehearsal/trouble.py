"""How a rehearsal ends badly: what was wrong, where in the author's code, when, and what had happened until then."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from doorstep.errors import DoorstepError

if TYPE_CHECKING:
    from doorstep.rehearsal.log import Entry

#: how many of the last entries an error's text shows; all of them are in `log`
SHOWN = 12

_REHEARSAL = str(Path(__file__).parent) + os.sep
_OURS = str(Path(__file__).parents[1]) + os.sep
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
_INSTALLED = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))
"""Other environments' libraries, which a path file adds to this one's."""
_not_libraries: tuple[str, ...] = (_OURS,)
"""Files and folders of Doorstep's and of what is rehearsed: installed where libraries are, they are none."""


class RehearsalError(DoorstepError):
    """A workflow could not be carried on. `file` and `line` name the author's code as near as is known (empty
    and 0 when it is not), `at` is the virtual time (aware UTC), `log` what had happened until then."""

    code = "rehearsal"

    def __init__(
        self, what: str, *, at: datetime, log: Sequence[Entry], place: Place | None = None, mend: str = ""
    ) -> None:
        self.at, self.log = at, tuple(log)
        self.file, self.line = (place.file, place.line) if place else ("", 0)
        where = f" in {place}" if place else ""
        super().__init__(f"{what}{where}, at {at:%Y-%m-%d %H:%M:%S} UTC of virtual time.", mend=mend)

    def __str__(self) -> str:
        told = "\n".join(f"  {entry}" for entry in self.log[-SHOWN:])
        more = len(self.log) - SHOWN
        before = f"\n  … {more} entries before" if more > 0 else ""
        return f"{super().__str__()}\nUntil then:{before}\n{told}" if told else super().__str__()


class WorkflowTaskFailed(RehearsalError):
    """The workflow's code raised: on a server its task would be tried again for ever, and it waits there."""

    code = "workflow_task_failed"


class Spinning(RehearsalError):
    """The workflow never lets go: a loop that awaits nothing, or tasks that follow one another without end."""

    code = "spinning"


class Blocking(RehearsalError):
    """The workflow did what blocks or reaches outside: sleeping, files, sockets, processes, threads."""

    code = "blocking"


class Quits(RehearsalError):
    """The workflow's code raised what ends a process (`SystemExit`, `KeyboardInterrupt`)."""

    code = "quits"


class NotDeterministic(RehearsalError):
    """The same history gave other commands: on a server, a worker that replays it would be stuck."""

    code = "not_deterministic"


class Refused(RehearsalError):
    """The workflow asked for what a rehearsal does not do (Nexus, a cron schedule), or for another workflow
    (a child, one to signal, to cancel or to continue as) whose class the `Engine` was not given."""

    code = "refused"


class Place:
    """A line of code."""

    def __init__(self, file: str, line: int, function: str = "") -> None:
        self.file, self.line, self.function = file, line, function

    def __str__(self) -> str:
        try:
            short = str(Path(self.file).relative_to(Path.cwd()))
        except ValueError:
            short = self.file
        return f"{short}:{self.line}"


def is_library(file: str) -> bool:
    """Whether a file is Python's or an installed package's, or made up (`<string>`). Doorstep's own and those of the
    journeys that are rehearsed here are not, wherever they are installed."""
    if file.startswith("<") or file == "workflow_sandbox.py":
        return True
    installed = file.startswith(_LIBRARIES) or any(folder in file for folder in _INSTALLED)
    return installed and not file.startswith(_not_libraries)


def rehearsed(cls: type[Any]) -> None:
    """This class is rehearsed: its module, the store package that it lives in, and those of the published journeys
    from which it is made are an author's from now on, wherever they are installed."""
    global _not_libraries
    for one in cls.__mro__:
        if one is cls or "journey_name" in vars(one):
            more = [place for place in _home(one.__module__) if place not in _not_libraries]
            if more:
                _not_libraries = (*_not_libraries, *more)
                is_authors.cache_clear()


def _home(module: str) -> Iterable[str]:
    """A module's file, and the folder of its topmost package; of a namespace, which others share, the topmost in it."""
    parts = module.split(".")
    for name in [".".join(parts[:n]) for n in range(1, len(parts) + 1)]:
        found = sys.modules.get(name)
        file: str | None = getattr(found, "__file__", None)
        if file is None:
            continue
        if name == module:
            yield file
        if hasattr(found, "__path__"):
            yield os.path.dirname(file) + os.sep
            return


def authors(places: Iterable[Place]) -> Place | None:
    """Of places listed outermost first, the innermost that is a journey's: nobody's library and not the engine of
    our journeys; failing that, the innermost of ours."""
    ours: Place | None = None
    found: Place | None = None
    for place in places:
        if is_authors(place.file):
            found = place
        elif place.file.startswith(_OURS) and not place.file.startswith(_REHEARSAL):
            ours = place
    return found or ours


@lru_cache(maxsize=1024)  # where a command is given is asked of every frame on the way to it
def is_authors(file: str) -> bool:
    """Whether a file is a journey's: nobody's library and not the engine of our journeys."""
    if is_library(file):
        return False
    return not file.startswith(_OURS) or Path(file).stem.startswith("standard_")


def asking(frame: FrameType | None, passed: Container[tuple[str, str]]) -> Place | None:
    """Of a running frame and its callers inside the workflow, what `authors` names: `authors(within(frames(frame)))`
    without what of this package is `passed` (file, function), and without a look at the frames beyond."""
    ours: Place | None = None
    while frame is not None:
        file, function = frame.f_code.co_filename, frame.f_code.co_name
        if file.startswith(_REHEARSAL):
            if (file, function) not in passed:
                break
        elif is_authors(file):
            return Place(file, frame.f_lineno, function)
        elif ours is None and file.startswith(_OURS):
            ours = Place(file, frame.f_lineno, function)
        frame = frame.f_back
    return ours


def within(places: list[Place]) -> list[Place]:
    """Of places listed outermost first, those inside the workflow: below the last one of this package."""
    ours = [n for n, place in enumerate(places) if place.file.startswith(_REHEARSAL)]
    return places[ours[-1] + 1 :] if ours else places


def frames(frame: FrameType | None) -> list[Place]:
    """The places of a running frame and its callers, outermost first."""
    found = []
    while frame is not None:
        found.append(Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return found[::-1]
