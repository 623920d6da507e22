"""Which journeys a scenario is for: those that it names under `journey`, and where it names none, any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from doorstep.errors import DoorstepError, ScenarioError, nearest
from doorstep.packages import home
from doorstep.rehearsal import shelf
from doorstep.rehearsal.exploring import steps as source
from doorstep.rehearsal.marks import opened
from doorstep.rehearsal.scenario import Scenario
from doorstep.workflows import registry


def fits(scenario: Scenario, kind: str) -> bool:
    """Whether it is for that workflow type (`ride.v1`). For a class that is not published every scenario is: nothing
    says whose it is."""
    name = registry.name_of(kind)
    return not scenario.journeys or not name or name in scenario.journeys or kind in scenario.journeys


def check(scenario: Scenario, kind: str) -> None:
    """Raises `ScenarioError` for one that is for other journeys only, with its line, and offers the nearest name where
    it names none that there is."""
    if fits(scenario, kind):
        return
    check_names([scenario])
    names, mine = scenario.journeys, registry.name_of(kind)
    wanted = ", ".join(f"'{name}'" for name in names)
    raise ScenarioError(
        f"{_where(scenario)}: the scenario '{scenario}' is for the journey{'s' * (len(names) > 1)} {wanted}, not for "
        f"'{mine}'.",
        mend=f"Play it with '{names[0]}', or write 'journey: [{', '.join(names)}, {mine}]'.",
    )


def check_names(scenarios: Iterable[Scenario]) -> None:
    """That there are the journeys they are for, as far as those are imported. Raises `ScenarioError` offering the
    nearest."""
    types = registry.journeys()
    known = sorted({registry.name_of(kind) for kind in types})
    for scenario in scenarios:
        for name in scenario.journeys:
            if name not in known and name not in types:
                raise ScenarioError(
                    f"{_where(scenario)}: there is no journey '{name}'.{nearest(name, [*known, *types])}",
                    mend=f"There are: {', '.join(known)}.",
                )


def chosen(scenarios: Mapping[str, Scenario], kind: str) -> dict[str, Scenario]:
    """Those that are for that workflow type. Raises `ScenarioError` for one that is for a journey which is none: it
    would be left out for ever."""
    check_names(scenarios.values())
    return {name: scenario for name, scenario in scenarios.items() if fits(scenario, kind)}


def is_anothers(scenario: Scenario, journey: type[Any], step: str) -> bool:
    """Whether the scenario lies in the store package of a journey, says not for whom it is, and speaks of a step that
    another journey of that package has."""
    package = journey.__module__.partition(".")[0]
    if scenario.journeys or not scenario.file or package == "doorstep":
        return False
    try:
        folder = home(package)
    except DoorstepError:
        return False  # a script's, which is no package
    if folder is None or folder.resolve() not in Path(scenario.file).resolve().parents:
        return False
    others = {cls for cls in registry.journeys().values() if cls.__module__.partition(".")[0] == package}
    return any(source.has(other, step) for other in others - {journey})


def is_strangers(scenario: Scenario, journey: type[Any]) -> bool:
    """Whether it came with Doorstep and the journey did not: whoever wrote the one cannot change the other."""
    return shelf.is_shipped(scenario) and journey.__module__.partition(".")[0] != "doorstep"


def _where(scenario: Scenario) -> str:
    """File and line of the names, as far as they are known."""
    try:
        line = opened(Path(scenario.file).read_text(encoding="utf-8"), scenario.file).at(("journey",)).line
    except (OSError, ValueError, StopIteration, DoorstepError):
        return scenario.file or scenario.name  # it was never written, or was changed meanwhile
    return f"{scenario.file}:{line}"
