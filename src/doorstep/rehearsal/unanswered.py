"""Entries of a scenario that follow a touch which was never sent. A step that never was is a mistake of the file's,
unless the file came with Doorstep, or speaks of another journey of its package: then it is for another journey."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from doorstep.errors import nearest
from doorstep.rehearsal import audience, shelf
from doorstep.rehearsal.exploring import steps as source
from doorstep.rehearsal.moments import After
from doorstep.rehearsal.scenario import Entry, Scenario
from doorstep.rehearsal.script import Script
from doorstep.rehearsal.timeline import Happening, Kind


@dataclass
class Unanswered:
    """What to say of them."""

    problems: list[str] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)
    """Steps that this journey does not have, of a scenario that is for another."""
    notes: list[Happening] = field(default_factory=list)


def never_came(
    scenario: Scenario,
    journey: type[Any],
    came: Mapping[str, str],
    touches: Iterable[tuple[str, str]],
    script: Script,
    at: datetime,
) -> Unanswered:
    """`came`: the steps there were, with the state of each; `touches`: each with its occurrence. `at`: when the
    scenario was over (aware UTC)."""
    found, touches = Unanswered(), set(touches)
    for entry, key, step, occurrence in [(e, *spoken) for e in scenario.timeline for spoken in _spoken_of(e)]:
        if step in came:
            if occurrence and (step, occurrence) not in touches:
                never = _never_about(step, occurrence, touches)
                if audience.is_strangers(scenario, journey):
                    found.notes.append(_noted(entry, at, f"{step}:{occurrence}", never))
                else:
                    found.problems.append(f"{scenario.where(entry, key)}: {never}")
            continue
        if _excused(scenario, journey, step):
            found.lacks += [step] if step not in found.lacks else []
        elif audience.is_strangers(scenario, journey):
            found.notes.append(_noted(entry, at, step, "the journey never came to that step"))
        else:
            found.problems.append(f"{scenario.where(entry, key)}: {_never(step, journey, came)}")
    for after, entry in script.unanswered():
        if after.step in came:
            found.notes.append(_noted(entry, at, f"{after}", f"the touch was {came[after.step]}"))
    return found


def _excused(scenario: Scenario, journey: type[Any], step: str) -> bool:
    """Whether it is for another journey that it speaks of a step which this one does not have."""
    if source.has(journey, step):
        return False
    return shelf.is_shipped(scenario) or audience.is_anothers(scenario, journey, step)


def _noted(entry: Entry, at: datetime, what: str, why: str) -> Happening:
    return Happening(at=at, kind=Kind.NOTE, what=f"never came: {what}", order=entry.order, detail=why)


def _never(step: str, journey: type[Any], came: Iterable[str]) -> str:
    """A step that the journey has and did not come to, or the nearest that it has, or all of them."""
    known, never = {*came, *source.steps(journey)}, f"the journey never came to a step '{step}'"
    if step in known or (not (near := nearest(step, known)) and source.may_have(journey, step)):
        return f"{never}."
    return f"{never}.{near}" if near else f"{never}: it has none. Its steps: {', '.join(sorted(known))}."


def _never_about(step: str, occurrence: str, touches: Iterable[tuple[str, str]]) -> str:
    """A step that the journey came to, about something else: what it is about shows only in what was played."""
    about = sorted(o for s, o in touches if s == step)
    if not any(about):
        return f"'{step}' comes once and is about nothing in particular. Write '{step}', without ':{occurrence}'."
    known = ", ".join(f"'{step}:{one}'" if one else f"'{step}'" for one in about)
    near = nearest(occurrence, [one for one in about if one])
    return f"'{step}' was never about '{occurrence}'.{near} There were: {known}."


def _spoken_of(entry: Entry) -> Iterable[tuple[str, str, str]]:
    """The step it follows, and the one it is about: under which of its keys, the step, and its occurrence or none."""
    spoken = [("at", entry.at.step)] if isinstance(entry.at, After) else []
    spoken += [("step", step)] if (step := getattr(entry, "step", "")) else []
    told: dict[tuple[str, str], str] = {}
    for key, name in spoken:
        step, _, occurrence = name.partition(":")
        told.setdefault((step, occurrence), key)
    return [(key, step, occurrence) for (step, occurrence), key in told.items()]
