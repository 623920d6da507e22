"""`explore(journey)`: searches for a story that breaks a limit, and makes it as small as it can be.

First every known scenario, then each single thing that can happen, then without end: two things shortly one after the
other, and changes of stories that made the journey do something new. Seeded: the same seed, journey and number of
stories give the same report.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from doorstep.errors import ScenarioError
from doorstep.ports import Renderer
from doorstep.rehearsal import shelf
from doorstep.rehearsal.exploring import steps
from doorstep.rehearsal.exploring.coverage import CODE, Coverage
from doorstep.rehearsal.exploring.finder import Finder
from doorstep.rehearsal.exploring.mutating import Mutator
from doorstep.rehearsal.exploring.report import Report, weeks
from doorstep.rehearsal.exploring.shrinking import sound
from doorstep.rehearsal.exploring.timing import GAPS, instants, local, resolved
from doorstep.rehearsal.exploring.vocabulary import heard, vocabulary
from doorstep.rehearsal.in_sandbox import refused
from doorstep.rehearsal.limits import built_in
from doorstep.rehearsal.limits.finding import built_ins
from doorstep.rehearsal.limits.registry import Breach, Limit
from doorstep.rehearsal.rehearse import journey_class, rehearse
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.timeline import Timeline

Progress = Callable[[Report], None]
_TOLD_EVERY = 2.0
_NEIGHBOURS = 12
_KEPT = 600
"""Stories of each kind that are gone on from; older ones are let go."""
_PERSONS = 120
"""So many persons are tried for a step that hangs on a variant: what one in twenty gets is found almost surely."""


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
    report.refused = refused(cls, _usual(), renderer=renderer)
    if report.refused:
        report.ended, report.whole = "its first run, in the worker's sandbox, fails", False
        return report
    coverage = Coverage(cls)
    chance = random.Random(seed)  # noqa: S311 - a search that can be repeated, no secret
    search = _Search(cls, held, report, chance, coverage, renderer, reachable=reachable)
    with coverage.watching():
        try:
            search.go(list(bases), runs, seconds, first, progress)
        except KeyboardInterrupt:
            report.ended, report.whole = "it was interrupted", False
    _prove(cls, report, renderer)
    report.whole &= search.systematic
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
    """One search. `corpus`: the stories that did something new, with what became of them."""

    def __init__(
        self,
        cls: type[Any],
        limits: tuple[Limit, ...],
        report: Report,
        chance: random.Random,
        coverage: Coverage,
        renderer: Renderer | None,
        *,
        reachable: bool,
    ) -> None:
        self._reachable = reachable
        self.cls, self.limits, self.report, self.chance = cls, limits, report, chance
        self.coverage, self.renderer = coverage, renderer
        self.corpus: list[tuple[Scenario, Timeline]] = []
        self._others: list[tuple[Scenario, Timeline]] = []
        """Those in which only the order of things was new."""
        self._next: list[Scenario] = []
        """Neighbours of stories that went where no story had gone in the journey's code."""
        self.sent: set[str] = set()
        self.systematic = False
        """Every scenario and every single thing was played: what was not reached by then is worth telling."""
        self._marks: set[Any] = set()
        self._finder = Finder(limits, report, self.play)
        self._doubted: dict[Any, int] = {}
        told = Scenario(name="any")
        self._mutator = Mutator(vocabulary(told, cls), chance, heard(told, cls))

    def go(
        self, bases: list[Scenario], runs: int, seconds: float | None, first: bool, progress: Progress | None
    ) -> None:
        """To the end of the budget."""
        begun = told = time.monotonic()
        report = self.report
        for scenario in self._stories(bases):
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

    # --- which stories ------------------------------------------------------------------------------------

    def _stories(self, bases: list[Scenario]) -> Iterator[Scenario]:
        usual = _usual()
        for base in [usual, *bases]:
            yield replace(base, limits=())
        timeline = self.play(usual)
        words = list({repr(word): word for word in self._mutator.words}.values())
        for word in words:
            self._mutator.words = [word]
            yield self._with_words(usual, timeline, 1)
        if self._reachable:
            yield from self._persons(usual)
        self.systematic = True
        self._mutator.words = vocabulary(usual, self.cls)
        pairs = self._mutator.pairs(usual, timeline)
        while True:
            if self._next and self.chance.random() < 0.6:
                yield self._next.pop(self.chance.randrange(len(self._next)))
                continue
            if pairs and self.chance.random() < 0.6:
                yield pairs.pop()
                continue
            if self.chance.random() < 0.35 or not self.corpus:
                base, became = self.chance.choice(self.corpus[:40] or [(usual, timeline)])
                yield self._with_words(base, became, self.chance.choice((2, 2, 3)))
            else:
                among = self.corpus if self.chance.random() < 0.75 else self._others or self.corpus
                base, became = self.chance.choice(among[-25:] if self.chance.random() < 0.5 else among)
                yield self._mutator.mutated(base, became, self.chance.choice((1, 1, 2, 3)))

    def _persons(self, usual: Scenario) -> Iterator[Scenario]:
        """The usual story with other persons, for as long as a step is missing that may hang on who it is."""
        persons = _PERSONS if steps.varies(self.cls) else 0
        for n in range(persons):
            if all(_came(step, self.sent) for step in self.report.steps):
                return
            yield replace(usual, person=replace(usual.person, ref=f"per_{n}"))

    def _with_words(self, base: Scenario, timeline: Timeline, count: int) -> Scenario:
        """That many things, shortly one after the other, where it may matter."""
        at = self.chance.choice(instants(timeline))
        for _ in range(count):
            base = self._mutator.add(base, self._mutator.word(base, timeline, local(at, timeline)))
            at += self.chance.choice(GAPS)
        return base

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
        if any(mark[0] is CODE for mark in done - self._marks) and self.report.runs > 1:
            self._next += self._mutator.neighbours(resolved(scenario, timeline), timeline, _NEIGHBOURS)
        if done - self._marks or followed - self._marks:
            kept = replace(timeline, touches=tuple(replace(t, trace=()) for t in timeline.touches))
            corpus = self.corpus if done - self._marks else self._others
            corpus.append((resolved(scenario, timeline), kept))
            del corpus[: len(corpus) - _KEPT]
            self._marks |= done | followed
            self.report.kept += corpus is self.corpus
        self._most(timeline)
        self._finder.found(self.broken(scenario, timeline), scenario)
        if self._in_doubt(timeline):
            worded = self.play(scenario, render=True)
            self._finder.found(self.broken(scenario, worded), scenario, render=True)

    def _most(self, timeline: Timeline) -> None:
        every, promoting = weeks(timeline)
        if every.messages > self.report.fullest.messages:
            self.report.fullest = every
        if promoting.messages > self.report.fullest_promotions.messages:
            self.report.fullest_promotions = promoting

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


def _usual() -> Scenario:
    """A parcel of five days, and nothing else: what single things are tried on."""
    return replace(shelf.load("happy-path"), name="explored", about="", file="")
