"""A story that counts: played in the worker's sandbox first, where clock, chance and I/O are errors on every way it
takes and a forgotten `await` shows, and then fast, for what is told of it; where the two go different ways, a journey
hangs on what others left behind. The CLI, the pytest plugin and `explore` prove what they tell by this; `rehearse()`
itself does not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from doorstep.rehearsal import asides, forgotten, outliving
from doorstep.rehearsal.rehearse import journey_class, rehearse
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.timeline import Timeline

_MOST = 4000
_PROOFS: dict[tuple[Any, ...], Proof] = {}
"""Class and story → its proof. A process's code does not change, so one is enough."""
_MET: set[type[Any]] = set()
"""Classes that were played fast once."""
_COURSE = ("first_day", "person_ref", "later_first")
"""Options of `rehearse` on which it hangs where a story goes; the others decide about words."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A story in the sandbox."""

    problems: tuple[str, ...]
    """What was wrong there."""
    unawaited: tuple[str, ...]
    """What the journey never awaited."""
    course: tuple[outliving.Step, ...]
    """Which way it went."""


def proven(journey: str | type[Any], scenario: Scenario, *, words: bool = False, **options: Any) -> Timeline:
    """The timeline of `rehearse(journey, scenario, **options)`; where nothing else must be mended, its `problems` are
    what the sandbox refused, or that the story goes another way there. What was never awaited is among them in any
    case: it is often why the rest went wrong. `words`: templates are filled in for the proof too, so that they are
    compiled and the time of what is told does not tell of that. Raises as `rehearse` does."""
    shown = proof(journey, scenario, words=words, **options)
    timeline = rehearse(journey, scenario, **options)
    problems = timeline.problems or shown.problems or _apart(journey, scenario, shown, timeline, options)
    if timeline.ok or shown.unawaited:
        return replace(timeline, problems=(*problems, *shown.unawaited))
    return timeline


def proof(journey: str | type[Any], scenario: Scenario, *, words: bool = False, **options: Any) -> Proof:
    """Of the story in the sandbox; each class and story played once in a process (some tens of milliseconds). The
    first of a class is played fast as well: what it leaves behind shows in what is played next. `options`: as for
    `rehearse`. Raises as that does."""
    cls = journey_class(journey)[1]
    key = (cls, repr(scenario), *(repr(options.get(name)) for name in _COURSE))
    if key not in _PROOFS:
        if len(_PROOFS) >= _MOST:
            _PROOFS.clear()
        with forgotten.watched() as found, asides.unheard():
            played = rehearse(cls, scenario, **{**options, "render": words, "sandboxed": True})
        _PROOFS[key] = Proof(played.problems, forgotten.told(found), outliving.course(played))
        if played.ok and cls not in _MET:
            _MET.add(cls)
            with asides.unheard():
                rehearse(cls, scenario, **{**options, "render": False})
    return _PROOFS[key]


def _apart(
    journey: str | type[Any], scenario: Scenario, shown: Proof, fast: Timeline, options: dict[str, Any]
) -> tuple[str, ...]:
    """That the story goes another way in the sandbox than fast. One that seems to is played there once more: that it
    was proven with other templates is no difference."""
    shared = outliving.course(fast)
    if shared == shown.course:
        return ()
    cls = journey_class(journey)[1]
    with asides.unheard():
        alone = rehearse(cls, scenario, **{**options, "sandboxed": True})
    said = outliving.difference(cls, outliving.course(alone), shared)
    return () if said is None else (said,)


def refused(cls: type[Any], scenario: Scenario, **options: Any) -> tuple[str, ...]:
    """What the sandbox alone has against the journey in this story (whatever shows in the fast run too is a limit's
    business), that it goes another way there, and what was never awaited. Raises as `rehearse` does."""
    story, options = replace(scenario, limits=()), {**options, "render": False}
    shown = proof(cls, story, **options)
    fast = rehearse(cls, story, **options)
    if not fast.ok:
        return shown.unawaited
    return (*(shown.problems or _apart(cls, story, shown, fast, options)), *shown.unawaited)
