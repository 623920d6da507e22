"""Which stories a search plays, one after the other: first what is known, then each single thing that can happen, then
without end what may be worth trying by what was learnt."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from doorstep.rehearsal import shelf
from doorstep.rehearsal.exploring import steps
from doorstep.rehearsal.exploring.bursts import Bursts
from doorstep.rehearsal.exploring.corpus import Corpus
from doorstep.rehearsal.exploring.coverage import CODE, Marks
from doorstep.rehearsal.exploring.mutating import Mutator
from doorstep.rehearsal.exploring.timing import GAPS, instants, local, resolved
from doorstep.rehearsal.exploring.together import together
from doorstep.rehearsal.exploring.vocabulary import heard, vocabulary
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.timeline import Timeline

_NEIGHBOURS, _FEW = 12, 5
"""Of a story that did something new, and of one of the first, in which nearly everything is new."""
_RELATED = 6
_NEWEST = 24
_PERSONS = 120
"""So many persons are tried for a step that hangs on a variant: what one in twenty gets is found almost surely."""


class Stories:
    """Those of one search. `lacking`: whether a step was not sent yet that may hang on who the person is; `lines`: the
    marks of the lines of each of the journey's functions."""

    def __init__(
        self, journey: Any, chance: random.Random, lacking: Callable[[], bool], lines: Mapping[str, Marks]
    ) -> None:
        self._journey, self._chance, self._lacking = journey, chance, lacking
        told = Scenario(name="any")
        words = vocabulary(told, journey)
        self._corpus = Corpus(chance)
        self._lines = lines
        self._bursts = Bursts(together(journey), words, chance, self._came)
        self._mutator = Mutator(words, chance, heard(told, journey), self._bursts)
        self._next: list[Scenario] = []
        """Neighbours of stories that went where no story had gone in the journey's code."""
        self._played = 0
        self.systematic = False
        """Every scenario and every single thing was played: what was not reached by then is worth telling."""

    def all(self, bases: list[Scenario], became: Callable[[Scenario], Timeline]) -> Iterator[Scenario]:
        """Without end. `became`: what becomes of a story, to be asked for the usual one."""
        told = usual()
        for base in [told, *bases]:
            yield replace(base, limits=())
        timeline = became(told)
        words = list({repr(word): word for word in self._mutator.words}.values())
        for word in words:
            self._mutator.words = [word]
            yield self._with_words(told, timeline, 1)
        yield from self._persons(told)
        self.systematic = True
        self._mutator.words = vocabulary(told, self._journey)
        pairs = self._mutator.pairs(told, timeline)
        while True:
            if self._next and self._chance.random() < 0.3:
                yield self._next.pop(self._newest(len(self._next)))
            elif pairs and self._chance.random() < 0.2:
                yield pairs.pop()
            else:
                yield self._tried(told, timeline)

    def learn(self, scenario: Scenario, timeline: Timeline, done: Marks, followed: Marks) -> bool:
        """What a story that was played did; whether that was new."""
        scenario = resolved(scenario, timeline)
        fresh = self._corpus.learn(scenario, timeline, done, followed)
        if self._played and any(mark[0] is CODE for mark in fresh):
            self._next += self._mutator.neighbours(
                scenario, timeline, _NEIGHBOURS if self.systematic else _FEW
            )
            if self._bursts and self.systematic:
                self._next += [self._bursts.related(scenario, timeline) for _ in range(_RELATED)]
        self._played += 1
        return bool(fresh)

    def _came(self, place: str) -> int:
        return self._corpus.least(self._lines.get(place, frozenset()))

    def _newest(self, count: int) -> int:
        """Mostly a place near the end: what was reached last is the hardest to reach."""
        if self._chance.random() < 0.7:
            return self._chance.randrange(max(0, count - _NEWEST), count)
        return self._chance.randrange(count)

    def _tried(self, usual: Scenario, timeline: Timeline) -> Scenario:
        """One by chance."""
        chance = self._chance.random()
        if chance < 0.3 and (group := self._bursts.wanted()):
            came = self._corpus.at(group.place)
            base, became = (came.scenario, came.timeline) if came else (usual, timeline)
            if came and self._chance.random() < 0.2:
                return self._mutator.otherwise(base, became)
            return self._bursts.further(base, became, group)
        if chance < 0.65 and self._bursts:
            return self._bursts.told(usual, timeline)
        if chance < 0.72 or not self._corpus:
            kept = self._corpus.early()
            base, became = (kept.scenario, kept.timeline) if kept else (usual, timeline)
            return self._with_words(base, became, self._chance.choice((2, 2, 3)))
        kept = self._corpus.drawn()
        if chance < 0.76:
            return self._mutator.spliced(kept.scenario, kept.timeline, self._corpus.drawn().scenario)
        return self._mutator.mutated(kept.scenario, kept.timeline, self._chance.choice((1, 1, 2, 3)))

    def _persons(self, usual: Scenario) -> Iterator[Scenario]:
        """The usual story with other persons, for as long as a step is missing that may hang on who it is."""
        persons = _PERSONS if steps.varies(self._journey) else 0
        for n in range(persons):
            if not self._lacking():
                return
            yield replace(usual, person=replace(usual.person, ref=f"per_{n}"))

    def _with_words(self, base: Scenario, timeline: Timeline, count: int) -> Scenario:
        """That many things, shortly one after the other, where it may matter."""
        at = self._chance.choice(instants(timeline))
        for _ in range(count):
            base = self._mutator.add(base, self._mutator.word(base, timeline, local(at, timeline)))
            at += self._chance.choice(GAPS)
        return base


def usual() -> Scenario:
    """A parcel of five days, and nothing else: what single things are tried on."""
    return replace(shelf.load("happy-path"), name="explored", about="", file="")
