"""`explore(journey)`: searches for a story that breaks a limit, and makes it as small as it can be.

First every known scenario, then each single thing that can happen, then without end: two things shortly one after the
other, and changes of stories that made the journey do something new. Seeded: the same seed, journey and number of
stories give the same report.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from doorstep.errors import ScenarioError
from doorstep.ports import Renderer
from doorstep.rehearsal.exploring import steps
from doorstep.rehearsal.exploring.coverage import Coverage, Marks
from doorstep.rehearsal.exploring.finder import Finder
from doorstep.rehearsal.exploring.report import Report, weeks
from doorstep.rehearsal.exploring.shrinking import sound
from doorstep.rehearsal.exploring.stories import Stories, usual
from doorstep.rehearsal.in_sandbox import refused
from doorstep.rehearsal.limits import built_in
from doorstep.rehearsal.limits.finding import built_ins
from doorstep.rehearsal.limits.registry import Breach, Limit
from doorstep.rehearsal.rehearse import journey_class, rehearse
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.timeline import Timeline

Progress = Callable[[Report], None]
_TOLD_EVERY = 2.0


def explore(
    journey: str | type[Any],
    *,
    limits: Sequence[Limit] | None = None,
    bases: Iterable[Scenario] = (),
    runs: int = 2000,
    seconds: float | None = None,
    seed: int = 1,
    first: bool = False,
    renderer: Renderer | None = None,
    reachable: bool = True,
    progress: Progress | None = None,
) -> Report:
    """Plays at most `runs` stories, for at most `seconds` (shrinking what was found comes on top: a few hundred more
    for each finding). `limits`: by default the built-in ones. `bases`: scenarios to begin with. `first`: ends with the
    first finding. `reachable`: whether a step that no story came to is told. The class is played in the worker's
    sandbox before the search, and so is each finding after it; the thousands between are not.

    Raises `SetupError` for an unknown journey.
    """
    kind, cls = journey_class(journey)
    held = tuple(built_ins() if limits is None else limits)
    names = tuple(one.name for one in held) + ((built_in.REACHABLE,) if reachable else ())
    report = Report(journey=kind, seed=seed, limits=names, steps=steps.steps(cls))
    report.refused = refused(cls, usual(), renderer=renderer)
    if report.refused:
        report.ended, report.whole = "its first run, in the worker's sandbox, fails", False
        return report
    coverage = Coverage(cls)
    search = _Search(cls, held, report, coverage, renderer, reachable=reachable)
    with coverage.watching():
        try:
            search.go(list(bases), runs, seconds, first, progress)
        except KeyboardInterrupt:
            report.ended, report.whole = "it was interrupted", False
    _prove(cls, report, renderer)
    report.whole &= search.stories.systematic
    if reachable and report.whole:
        report.never_sent = tuple(sorted(p for p in report.steps if not _came(p, search.sent)))
    return report


def _prove(cls: type[Any], report: Report, renderer: Renderer | None) -> None:
    """Each finding once in the sandbox. Interrupted meanwhile, what was found is told as it is."""
    try:
        for n, one in enumerate(report.findings):
            report.findings[n] = replace(one, refused=refused(cls, one.scenario, renderer=renderer))
    except KeyboardInterrupt:
        report.ended, report.whole = "it was interrupted", False


def _came(pattern: str, sent: set[str]) -> bool:
    return any(fnmatchcase(step, pattern) for step in sent)


class _Search:
    """One search."""

    def __init__(
        self,
        cls: type[Any],
        limits: tuple[Limit, ...],
        report: Report,
        coverage: Coverage,
        renderer: Renderer | None,
        *,
        reachable: bool,
    ) -> None:
        self.cls, self.limits, self.report = cls, limits, report
        self.coverage, self.renderer = coverage, renderer
        self.sent: set[str] = set()
        chance = random.Random(report.seed)  # noqa: S311 - a search that can be repeated, no secret
        self.stories = Stories(cls, chance, self._lacking if reachable else lambda: False, coverage.lines)
        self._finder = Finder(limits, report, self.play)
        self._doubted: dict[Any, int] = {}

    def _lacking(self) -> bool:
        return not all(_came(step, self.sent) for step in self.report.steps)

    def go(
        self, bases: list[Scenario], runs: int, seconds: float | None, first: bool, progress: Progress | None
    ) -> None:
        """To the end of the budget."""
        begun = told = time.monotonic()
        report = self.report
        for scenario in self.stories.all(bases, self.play):
            report.elapsed = time.monotonic() - begun
            if report.runs >= runs:
                report.ended = f"{runs} stories were played"
                return
            if seconds is not None and report.elapsed >= seconds:
                report.ended = f"{seconds:g} seconds were over"
                return
            if first and report.findings:
                report.ended, report.whole = "something was found", False
                return
            if progress is not None and time.monotonic() - told >= _TOLD_EVERY:
                told = time.monotonic()
                progress(report)
            report.runs += 1
            self._one(sound(scenario))
            report.elapsed = time.monotonic() - begun

    # --- one story ----------------------------------------------------------------------------------------

    def play(self, scenario: Scenario, *, render: bool = False) -> Timeline:
        """Raises `ScenarioError` for a story that cannot be."""
        return rehearse(self.cls, scenario, render=render, renderer=self.renderer)

    def _one(self, scenario: Scenario) -> None:
        self.coverage.begin()
        try:
            timeline = self.play(scenario)
        except ScenarioError:
            return  # such as news that was heard before it happened
        self.sent |= {touch.step for touch in timeline.sent}
        done, followed = self.coverage.marks(timeline)
        done |= self._fullest(timeline)
        self.report.kept += self.stories.learn(scenario, timeline, done, followed)
        self._finder.found(self.broken(scenario, timeline), scenario)
        if self._in_doubt(timeline):
            worded = self.play(scenario, render=True)
            self._finder.found(self.broken(scenario, worded), scenario, render=True)

    def _fullest(self, timeline: Timeline) -> Marks:
        """How near the story came to what is too much of a week; the fullest ones are told."""
        every, promoting = weeks(timeline)
        if every.messages > self.report.fullest.messages:
            self.report.fullest = every
        if promoting.messages > self.report.fullest_promotions.messages:
            self.report.fullest_promotions = promoting
        return frozenset({("a week", promoting.messages)})

    def broken(self, scenario: Scenario, timeline: Timeline) -> list[Breach]:
        """The limits that a story breaks."""
        return [breach for one in self.limits for breach in one.breaches(timeline, scenario)]

    def _in_doubt(self, timeline: Timeline) -> bool:
        """Whether two messages say the same only their words tell: then a story is played again with words, a few
        times for what is alike."""
        asked = any(one.name == built_in.TWICE for one in self.limits)
        return asked and self._doubtful(built_in.alike(timeline))

    def _doubtful(self, pairs: list[Any]) -> bool:
        doubts = {(a.step, _shape(a.occurrence), _shape(b.occurrence)) for a, b in pairs}
        fresh = [doubt for doubt in doubts if self._doubted.get(doubt, 0) < 3]
        for doubt in fresh:
            self._doubted[doubt] = self._doubted.get(doubt, 0) + 1
        return bool(fresh)


def _shape(occurrence: str) -> str:
    """An occurrence without its numbers and refs."""
    return "".join(c for c in occurrence.split(":")[0] if not c.isdigit())
