"""Entries of a scenario that follow a touch which was never sent. A step that never was is a mistake of the file's,
unless the file came with Doorstep: then it is for another journey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from doorstep.errors import nearest
from doorstep.rehearsal import shelf
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
    """Steps that this journey does not have, of a scenario that came with Doorstep."""
    notes: list[Happening] = field(default_factory=list)


def never_came(
    scenario: Scenario, journey: type[Any], came: Mapping[str, str], script: Script, at: datetime
) -> Unanswered:
    """`came`: the steps there were, with the state of each. `at`: when the scenario was over (aware UTC)."""
    found = Unanswered()
    for entry in scenario.timeline:
        step = _spoken_of(entry)
        if not step or step in came:
            continue
        if shelf.is_shipped(scenario) and not source.has(journey, step):
            found.lacks += [step] if step not in found.lacks else []
        else:
            where = f"{scenario.file}:{entry.line}: " if entry.line else ""
            known = came.keys() | source.steps(journey)
            near = "" if step in known else nearest(step, known)
            found.problems.append(f"{where}the journey never came to a step '{step}'.{near}")
    for after, entry in script.unanswered():
        if after.step in came:
            found.notes.append(
                Happening(
                    at=at,
                    kind=Kind.NOTE,
                    what=f"never came: {after}",
                    order=entry.order,
                    detail=f"the touch was {came[after.step]}",
                )
            )
    return found


def _spoken_of(entry: Entry) -> str:
    if isinstance(entry.at, After):
        return entry.at.step
    step: str = getattr(entry, "step", "")
    return step.partition(":")[0]
