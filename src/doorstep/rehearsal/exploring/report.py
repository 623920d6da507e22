"""What a search found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from doorstep.rehearsal.limits.built_in import promotions
from doorstep.rehearsal.limits.registry import Breach
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.timeline import Timeline, Touch
from doorstep.rehearsal.writing import write

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A limit that was broken, and the smallest story that shows it. `run`: in which story it was first seen, which
    had `events` entries. `refused`: what the worker's sandbox has against the journey in that story."""

    breach: Breach
    scenario: Scenario
    run: int
    events: int
    refused: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "limit": self.breach.limit,
            "what": self.breach.what,
            "about": self.breach.about,
            "run": self.run,
            "events": len(self.scenario.timeline),
            "found_with_events": self.events,
            "refused": list(self.refused),
            "scenario": write(self.scenario),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The fullest seven days of one person in any story: how many messages."""

    messages: int = 0
    steps: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Report:
    """The whole search. `never_sent`: steps of the code that no story came to. Not `whole`: the search ended before
    each scenario and each single thing was played, so nothing is said of them. `ended`: why it ended. `refused`: what
    the worker's sandbox has against the journey; then nothing was searched, for nothing could be found again."""

    journey: str
    seed: int
    limits: tuple[str, ...]
    runs: int = 0
    elapsed: float = 0.0
    kept: int = 0
    """Stories that did something no other had done before."""
    ended: str = ""
    whole: bool = True
    refused: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    steps: frozenset[str] = frozenset()
    never_sent: tuple[str, ...] = ()
    fullest: Week = field(default_factory=Week)
    fullest_promotions: Week = field(default_factory=Week)

    @property
    def ok(self) -> bool:
        """The sandbox lets it pass, nothing broke a limit, and every step was reached."""
        return not self.refused and not self.findings and not self.never_sent

    def as_json(self) -> dict[str, Any]:
        return {
            "journey": self.journey,
            "seed": self.seed,
            "runs": self.runs,
            "seconds": round(self.elapsed, 3),
            "ended": self.ended,
            "limits": list(self.limits),
            "refused": list(self.refused),
            "findings": [finding.as_json() for finding in self.findings],
            "steps": sorted(self.steps),
            "never_sent": list(self.never_sent) if self.whole else None,
            "fullest_week": {"messages": self.fullest.messages, "steps": list(self.fullest.steps)},
            "fullest_week_of_promotions": {
                "messages": self.fullest_promotions.messages,
                "steps": list(self.fullest_promotions.steps),
            },
            "ok": self.ok,
        }


def fullest_week(touches: list[Touch]) -> Week:
    """The most messages in any seven days."""
    best: list[Touch] = []
    start = 0
    for end, touch in enumerate(touches):
        while touch.at - touches[start].at >= WEEK:
            start += 1
        if end + 1 - start > len(best):
            best = touches[start : end + 1]
    return Week(messages=len(best), steps=tuple(t.step for t in best))


def weeks(timeline: Timeline) -> tuple[Week, Week]:
    """Of all messages, and of promotions."""
    return fullest_week(list(timeline.sent)), fullest_week(list(promotions(timeline)))
