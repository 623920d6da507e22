"""A story that counts: played in the worker's sandbox first, where clock, chance and I/O are errors on every way it
takes and a forgotten `await` shows, and then fast, for what is told of it. The CLI, the pytest plugin and `explore`
prove what they tell by this; `rehearse()` itself does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from doorstep.rehearsal import forgotten
from doorstep.rehearsal.rehearse import journey_class, rehearse
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.timeline import Timeline

_MOST = 4000
_PROOFS: dict[tuple[Any, ...], tuple[tuple[str, ...], tuple[str, ...]]] = {}
"""Class and story → what the sandbox had against it, and what was never awaited. A process's code does not change, so
one proof is enough."""
_COURSE = ("first_day", "person_ref", "later_first")
"""Options of `rehearse` on which it hangs where a story goes; the others decide about words."""


def proven(journey: str | type[Any], scenario: Scenario, *, words: bool = False, **options: Any) -> Timeline:
    """The timeline of `rehearse(journey, scenario, **options)`; where nothing else must be mended, its `problems` are
    what the sandbox refused. What was never awaited is among them in any case: it is often why the rest went wrong.
    `words`: templates are filled in for the proof too, so that they are compiled and the time of what is told does not
    tell of that. Raises as `rehearse` does."""
    problems, unawaited = proof(journey, scenario, words=words, **options)
    timeline = rehearse(journey, scenario, **options)
    if timeline.ok or unawaited:
        return replace(timeline, problems=(*(timeline.problems or problems), *unawaited))
    return timeline


def proof(
    journey: str | type[Any], scenario: Scenario, *, words: bool = False, **options: Any
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The problems of the story in the sandbox, and what the journey never awaited in it; each class and story played
    once in a process (some tens of milliseconds). `options`: as for `rehearse`. Raises as that does."""
    cls = journey_class(journey)[1]
    key = (cls, repr(scenario), *(repr(options.get(name)) for name in _COURSE))
    if key not in _PROOFS:
        if len(_PROOFS) >= _MOST:
            _PROOFS.clear()
        with forgotten.watched() as found:
            played = rehearse(cls, scenario, **{**options, "render": words, "sandboxed": True})
        _PROOFS[key] = played.problems, forgotten.told(found)
    return _PROOFS[key]


def refused(cls: type[Any], scenario: Scenario, **options: Any) -> tuple[str, ...]:
    """What the sandbox alone has against the journey in this story (whatever shows in the fast run too is a limit's
    business), and what was never awaited. Raises as `rehearse` does."""
    story = replace(scenario, limits=())
    problems, unawaited = proof(cls, story, **options)
    shows = problems and not rehearse(cls, story, **{**options, "render": False}).ok
    return unawaited if shows else (*problems, *unawaited)
