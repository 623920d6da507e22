"""What outlives a journey: state in a variable of a module or class. The worker's sandbox imports a journey's modules
anew for every run; played fast, all runs share them, and one goes another way for what others left behind."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from doorstep.rehearsal.naming import naming
from doorstep.rehearsal.timeline import Kind, Timeline
from doorstep.rehearsal.trouble import Place

Step = tuple[datetime, str, str, str]
"""When (aware UTC), which order, what became of it in words, and the text by which the code names it."""
_CODES = frozenset({Kind.PHASE, Kind.TICKET, Kind.POINTS, Kind.END})
_MEND = (
    "It keeps something where it outlives a journey, in a variable of a module or of a class, or asks for id(): "
    "keep it on self."
)


def course(timeline: Timeline) -> tuple[Step, ...]:
    """Which way the journeys went, without the words that were sent, oldest first."""
    touches = [
        (t.at, t.order, f"'{t.name}' {f'by {t.channel} ' if t.channel else ''}{t.outcome}", t.step)
        for t in timeline.touches
    ]
    told = [(h.at, h.order, f"{h.kind} '{h.what}'", h.what) for h in timeline.events if h.kind in _CODES]
    return tuple(sorted([*touches, *told]))


def difference(journey: type[Any], alone: tuple[Step, ...], shared: tuple[Step, ...]) -> str | None:
    """Where the course of a story in the sandbox, `alone`, and that of the same story played after others part: a
    problem for the timeline, with the line that names the step. None: they do not."""
    missing, more = Counter(alone) - Counter(shared), Counter(shared) - Counter(alone)
    if not missing and not more:
        return None
    first = min([*missing, *more])
    then, otherwise = (first[2], "nothing of it") if first in more else ("nothing of it", first[2])
    place = naming(journey, first[3])
    where = f", at {Place(*place)}" if place else ""
    return (
        f"The journey hangs on those before it: on {first[0]:%Y-%m-%d %H:%M} UTC it says [{then}] after others in the "
        f"same process and [{otherwise}] in the worker's sandbox, where each has its modules to itself{where}. {_MEND}"
    )
