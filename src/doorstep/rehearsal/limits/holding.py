"""The limits of a scenario, asked of what was played. One that names a step which never can be would hold for ever, and
is a mistake of the file's, unless the file came with Doorstep or speaks of another journey of its package: then it is
for another journey."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from doorstep.errors import BadInput, DoorstepError
from doorstep.rehearsal import audience, shelf
from doorstep.rehearsal.limits.finding import check_steps, find, unknown_steps
from doorstep.rehearsal.marks import opened
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.timeline import Timeline


def held_to(journey: type[Any], scenario: Scenario, timeline: Timeline) -> Timeline:
    """The timeline, with each limit of the scenario's that it breaks among its problems, and each that is about a step
    which the journey does not have (`lacks`, where the scenario is for another)."""
    came = {touch.step for touch in timeline.touches}
    problems, lacks = [*timeline.problems], [*timeline.lacks]
    for name in scenario.limits:
        unknown = unknown_steps(name, journey, came)
        if shelf.is_shipped(scenario) or (
            unknown and all(audience.is_anothers(scenario, journey, step) for step in unknown)
        ):
            lacks += unknown
        elif refused := _refused(name, journey, scenario, came):
            problems.append(refused)
            continue
        problems += [f"{breach}" for breach in find(name).breaches(timeline, scenario)]
    return replace(timeline, problems=tuple(problems), lacks=tuple(dict.fromkeys(lacks)))


def _refused(name: str, journey: type[Any], scenario: Scenario, came: Iterable[str]) -> str:
    """What is wrong with a limit's words, after the place; empty where they are right."""
    try:
        check_steps(name, journey, came)
    except BadInput as error:
        said = error.what if "Did you mean" in error.what else f"{error}"
        return f"{_place(scenario.file, name)}{said}"
    return ""


def _place(file: str, name: str) -> str:
    """`file:line: ` of a limit in a scenario's file, as far as it is known."""
    try:
        whole = opened(Path(file).read_text(encoding="utf-8"), file).fields()
        line = next(spot.line for spot in whole["limits"].items() if find(spot.text()).name == name)
    except (OSError, ValueError, KeyError, StopIteration, DoorstepError):
        return f"{file}: " if file else ""  # it was never written, or was changed meanwhile
    return f"{file}:{line}: "
