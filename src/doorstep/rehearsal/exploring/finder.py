"""From a story that breaks a limit to what is told of it: the smallest story that shows the same, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from doorstep.errors import ScenarioError
from doorstep.rehearsal.exploring.report import Finding, Report
from doorstep.rehearsal.exploring.shrinking import Shrinker
from doorstep.rehearsal.limits import built_in
from doorstep.rehearsal.limits.registry import Breach, Limit
from doorstep.rehearsal.reading import read
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.timeline import Timeline
from doorstep.rehearsal.writing import write

MOST_OF_A_LIMIT = 4
"""Findings of one limit; what comes after them says the same once more."""
_TRIES = 2 * MOST_OF_A_LIMIT
"""Stories of one limit that are made small: some turn out to be one that was found."""


class Plays(Protocol):
    """Raises `ScenarioError` for a story that cannot be."""

    def __call__(self, scenario: Scenario, *, render: bool = False) -> Timeline: ...


class Finder:
    """Keeps a search's findings in its report."""

    def __init__(self, limits: Sequence[Limit], report: Report, play: Plays) -> None:
        self._limits = {one.name: one for one in limits}
        self._report, self._play = report, play
        self._known: set[tuple[str, str]] = set()

    def found(self, breaches: Sequence[Breach], scenario: Scenario, *, render: bool = False) -> None:
        """A story broke limits: of each limit the first breach that was not known. The others of that story have its
        cause. `render`: they show only in the words."""
        told: set[str] = set()
        for breach in breaches:
            mine = (breach.limit, breach.about)
            if breach.limit in told or mine in self._known or self._enough(breach.limit):
                continue
            told.add(breach.limit)
            self._known.add(mine)
            self._keep(breach, scenario, render)

    def _enough(self, limit: str) -> bool:
        found = sum(finding.breach.limit == limit for finding in self._report.findings)
        return found >= MOST_OF_A_LIMIT or sum(name == limit for name, _ in self._known) >= _TRIES

    def _keep(self, breach: Breach, scenario: Scenario, render: bool) -> None:
        def shows(candidate: Scenario) -> bool:
            return self._shown(candidate, breach, render) is not None

        smallest = scenario
        try:
            smallest = Shrinker(shows).smallest(scenario)
        finally:  # interrupted while it was made small, it is told as it is
            told = [f for f in self._report.findings if f.breach.limit == breach.limit]
            if not any(_alike(finding.scenario, smallest) for finding in told):
                last = self._shown(smallest, breach, render) or breach
                finding = Finding(
                    breach=last,
                    scenario=self._told(smallest, last),
                    run=self._report.runs,
                    events=len(scenario.timeline),
                )
                self._report.findings.append(finding)

    def _shown(self, scenario: Scenario, breach: Breach, render: bool) -> Breach | None:
        """The same breach in a story that its file tells as well."""
        try:
            timeline = self._play(scenario, render=render)
            if timeline.lacks or any(built_in.NO_STEP in problem for problem in timeline.problems):
                return None
            broken = self._limits[breach.limit].breaches(timeline, scenario)
            found = [b for b in broken if b.about == breach.about]
            if found and read(write(scenario)) != scenario:
                return None
        except ScenarioError:
            return None
        return found[0] if found else None

    def _told(self, scenario: Scenario, breach: Breach) -> Scenario:
        """Named after what it shows, and held to the limit it breaks."""
        slug = "-".join(word for word in breach.limit.replace(".", " ").split())
        about = (
            f"Found by `doorstep explore {self._report.journey} --seed {self._report.seed}`. {breach.what}"
        )
        return replace(scenario, name=slug, about=about[:300], limits=(breach.limit,), file="")


def _alike(found: Scenario, scenario: Scenario) -> bool:
    """One story that breaks a limit by several steps is one finding; another limit that it breaks is another."""
    plain: dict[str, Any] = {"name": "", "about": "", "limits": (), "file": ""}
    return replace(found, **plain) == replace(scenario, **plain)
