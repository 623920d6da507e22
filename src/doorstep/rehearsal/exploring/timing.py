"""Where in a story something could happen that matters."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from doorstep.domain.moments import local_date, zone
from doorstep.rehearsal.moments import After, Moment
from doorstep.rehearsal.scenario import Entry, Scenario
from doorstep.rehearsal.timeline import Kind, Timeline

MINUTE = timedelta(minutes=1)
GAPS = (
    MINUTE,
    timedelta(minutes=20),
    timedelta(hours=1),
    timedelta(hours=5),
    timedelta(hours=20),
    timedelta(days=2),
)
SOON = (MINUTE, timedelta(minutes=10))
LATE = (timedelta(minutes=10), timedelta(hours=3), timedelta(days=1), timedelta(days=9))
_HAPPENINGS = (Kind.EVENT, Kind.ORDER, Kind.REPORT, Kind.AGENT, Kind.PHASE)


def local(at: datetime, timeline: Timeline) -> Moment:
    """An instant as the story's own day and clock, to the minute."""
    here = at.astimezone(zone(timeline.zone))
    days = (local_date(at, timeline.zone) - local_date(timeline.placed_at, timeline.zone)).days
    return Moment(day=days, at=here.time().replace(second=0, microsecond=0))


def instants(timeline: Timeline) -> list[datetime]:
    """Where a difference may lie: just before and after a touch falls due, while it waits, just after it was decided,
    and shortly after everything that happened."""
    found = [timeline.placed_at + MINUTE, timeline.placed_at - timedelta(hours=1)]
    for touch in timeline.touches:
        found += [touch.due_at - MINUTE, touch.due_at + MINUTE, touch.at + MINUTE]
        found += [d.at + (d.until - d.at) / 2 for d in touch.deferrals[:3]]
    for event in timeline.events:
        if event.kind in _HAPPENINGS:
            found += [event.at - MINUTE, event.at + MINUTE, event.at + timedelta(hours=1)]
    return sorted(set(found))


def drawn(timeline: Timeline, chance: random.Random) -> datetime:
    """One of the `instants`; of each phase as many, however long it lasts."""
    begins = sorted({event.at for event in timeline.events if event.kind is Kind.PHASE})[1:]
    phase = chance.randrange(len(begins) + 1)
    after, before = [None, *begins][phase], [*begins, None][phase]
    found = instants(timeline)
    within = [at for at in found if (after is None or at >= after) and (before is None or at < before)]
    return chance.choice(within or found)


def resolved(scenario: Scenario, timeline: Timeline) -> Scenario:
    """The story with every `3h after STEP` as the time it came to; those that never came are left out. So it can be
    changed without losing its place."""
    sent = {(t.order, t.step): t.at for t in reversed(timeline.sent)}
    entries: list[Entry] = []
    for entry in scenario.timeline:
        if isinstance(entry.at, After):
            at = sent.get((entry.order, entry.at.step))
            if at is None:
                continue
            entry = replace(entry, at=local(at + entry.at.wait, timeline))
        entries.append(entry)
    return replace(scenario, timeline=tuple(entries))
