"""Where a workflow's tasks stand, and what for: an author's code runs in the story's task and its arms, while the
workflow's own task waits for them in the engine of our journeys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from doorstep.rehearsal.trouble import Place, authors, is_authors
from doorstep.workflows import arms
from doorstep.workflows.journey import Journey

_WAIT = Journey._until.__code__
"""All that an author waits for by name goes through here."""


@dataclass(frozen=True, slots=True, order=True)
class Stand:
    """A task that waits in the author's code. `what`: what support reads of it; empty for a bare wait."""

    file: str
    line: int
    what: str
    for_others: bool
    """It waits for other tasks, its arms."""

    @property
    def place(self) -> Place:
        return Place(self.file, self.line)


def stands(tasks: Iterable[asyncio.Task[Any]]) -> list[Stand]:
    """Where the unfinished ones stand in the author's code, by file and line (the SDK keeps them in a set)."""
    found = (_stand(list(_frames(task.get_coro()))) for task in tasks if not task.done())
    return sorted(one for one in found if one is not None)


def awaiting(task: asyncio.Task[Any]) -> Place | None:
    """Where a task waits, the author's place if there is one."""
    return authors(_place(frame) for frame in _frames(task.get_coro()))


def _stand(frames: list[FrameType]) -> Stand | None:
    place = authors(map(_place, frames))
    if place is None or not is_authors(place.file):
        return None
    said = [f.f_locals.get("name") for f in frames if _is(f, _WAIT.co_filename, _WAIT.co_name)]
    others = any(f.f_code.co_filename == arms.__file__ for f in frames)
    return Stand(place.file, place.line, str(said[-1] or "") if said else "", others)


def _is(frame: FrameType, file: str, function: str) -> bool:
    """By name: in the sandbox the code is another object."""
    return (frame.f_code.co_filename, frame.f_code.co_name) == (file, function)


def _place(frame: FrameType) -> Place:
    return Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def _frames(coroutine: Any) -> Iterator[FrameType]:
    """Of a suspended coroutine and those it awaits, outermost first."""
    while coroutine is not None and (frame := getattr(coroutine, "cr_frame", None)) is not None:
        yield frame
        coroutine = getattr(coroutine, "cr_await", None)


def waits_for(stands: Iterable[Stand], shown: Iterable[str]) -> str:
    """What a journey waits for that never ends, in words, with the places. `shown`: the names of what it waits for
    until a moment, or for an agent."""
    every = list(stands)
    own = [one for one in every if not one.for_others] or every
    named = {f"{one.what} ({one.place})": None for one in own if one.what}
    told = [*named, *(name for name in dict.fromkeys(shown) if name not in {one.what for one in own})]
    bare = {f"{one.place}": None for one in own if not one.what}
    what = ", ".join(told) or "nothing that comes by itself"
    return f"{what}{f', at {", ".join(bare)}' if bare else ''}"
