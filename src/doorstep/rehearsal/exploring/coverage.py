"""What a story made the journey do, as a set of marks: lines and branches of its code that were taken, what its
yes-or-no functions said (`any(a.at < b.at for a in …)` has no branch of its own), touches with outcome and reason, what
followed what. A story with a mark that no story had before is worth going on from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from types import CodeType, FunctionType
from typing import Any

from doorstep.rehearsal.exploring.sources import authored
from doorstep.rehearsal.timeline import Kind, Timeline, Touch

Marks = frozenset[Any]
CODE = "code"
"""What a mark of the journey's own code begins with."""
_TOOL_NAME = "doorstep explore"
_WATCHED = (
    sys.monitoring.events.LINE
    | sys.monitoring.events.BRANCH
    | sys.monitoring.events.PY_RETURN
    | sys.monitoring.events.PY_YIELD
)
_TOLD = (Kind.EVENT, Kind.ORDER, Kind.REPORT, Kind.AGENT, Kind.FAULT)


class Coverage:
    """Lines and branches of a journey's own code, by Python's own monitoring (PEP 669): every place tells of itself
    once a story, so it costs next to nothing. Without a free tool id there are no such marks."""

    def __init__(self, journey: type[Any]) -> None:
        self._codes = [code for cls in authored(journey) for code in _codes(cls)]
        self._hit: set[Any] = set()
        self._tool: int | None = None

    @property
    def lines(self) -> dict[str, Marks]:
        """Function (`Tea.run`) → the marks of its lines, those of the functions within it included."""
        found: dict[str, set[Any]] = {}
        for code in self._codes:
            lines = {line for _, _, line in code.co_lines() if line} - {code.co_firstlineno}
            marks = {(CODE, code.co_qualname, line) for line in lines}
            found.setdefault(_outermost(code.co_qualname), set()).update(marks)
        return {place: frozenset(marks) for place, marks in found.items()}

    @contextmanager
    def watching(self) -> Iterator[Coverage]:
        """While it is entered, `marks` can be taken."""
        monitoring = sys.monitoring
        self._tool = next((n for n in (4, 3, 2, 5) if monitoring.get_tool(n) is None), None)
        if self._tool is None:
            yield self
            return
        monitoring.use_tool_id(self._tool, _TOOL_NAME)
        monitoring.register_callback(self._tool, monitoring.events.LINE, self._line)
        monitoring.register_callback(self._tool, monitoring.events.BRANCH, self._branch)
        monitoring.register_callback(self._tool, monitoring.events.PY_RETURN, self._answer)
        monitoring.register_callback(self._tool, monitoring.events.PY_YIELD, self._answer)
        for code in self._codes:
            monitoring.set_local_events(self._tool, code, _WATCHED)
        try:
            yield self
        finally:
            for code in self._codes:
                monitoring.set_local_events(self._tool, code, 0)
            monitoring.free_tool_id(self._tool)
            self._tool = None

    def _line(self, code: CodeType, line: int) -> Any:
        self._hit.add((CODE, code.co_qualname, line))
        return sys.monitoring.DISABLE

    def _branch(self, code: CodeType, offset: int, destination: int) -> Any:
        self._hit.add((CODE, code.co_qualname, offset, destination))
        # both ways of a branch are wanted, so it is not disabled

    def _answer(self, code: CodeType, offset: int, answer: object) -> Any:
        if answer is True or answer is False:
            self._hit.add((CODE, code.co_qualname, offset, answer))
            return None
        return sys.monitoring.DISABLE

    def begin(self) -> None:
        """A new story."""
        self._hit = set()
        if self._tool is not None:
            sys.monitoring.restart_events()

    def marks(self, timeline: Timeline) -> tuple[Marks, Marks]:
        """The marks of the story since `begin`: what the journey did (its code, what became of each touch), and what
        followed what, of which there is no end."""
        return frozenset(self._hit) | _done(timeline), _followed(timeline)


def place_of(mark: Any) -> str:
    """The function that a mark of the code is in: `Tea.run`."""
    return _outermost(mark[1])


def _outermost(qualified: str) -> str:
    return qualified.partition(".<locals>")[0]


def _codes(cls: type[Any]) -> Iterator[CodeType]:
    for value in vars(cls).values():
        inner = getattr(value, "fget", None) or getattr(value, "func", None) or value
        if isinstance(inner, FunctionType) and inner.__code__.co_name != "doorstep_main":
            yield from _within(inner.__code__)


def _within(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _within(constant)


def _done(timeline: Timeline) -> Marks:
    marks: set[Any] = set()
    for touch in timeline.touches:
        marks.add((touch.step, touch.outcome, touch.reason, touch.channel))
        marks.update((touch.step, "waits", deferral.reason) for deferral in touch.deferrals)
    marks.add(("phases", *(e.what for e in timeline.events if e.kind in (Kind.PHASE, Kind.END))))
    return frozenset(marks)


def _followed(timeline: Timeline) -> Marks:
    told = [e for e in timeline if isinstance(e, Touch) or e.kind in _TOLD]
    return frozenset((_word(one), _word(other)) for one, other in pairwise(told))


def _word(entry: Any) -> tuple[str, str]:
    return (entry.step, entry.outcome) if isinstance(entry, Touch) else (entry.kind.value, entry.what)
