"""Within one instant a timeline shows things as they came: causes before effects."""

from __future__ import annotations

from typing import Any

from tests.rehearsal.warm import Warm

from doorstep.rehearsal import terminal
from doorstep.rehearsal.reading import read
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.shelf import load
from doorstep.rehearsal.timeline import Happening, Kind, Timeline, Touch


def names(timeline: Timeline) -> list[str]:
    return [entry.name if isinstance(entry, Touch) else f"{entry.kind} {entry.what}" for entry in timeline]


def played(cls: type[Any], *entries: str) -> Timeline:
    lines = "".join(f"\n  - {entry}" for entry in entries)
    return rehearse(cls, read(f"scenario: x\n{'timeline:' if entries else ''}{lines}\n"))


def test_what_the_code_does_in_one_instant_stands_in_its_order() -> None:
    """Messages stood by the alphabet, and points before what they were given for."""
    timeline = played(Warm)
    assert timeline.ok, timeline.problems
    told = [name for name in names(timeline) if not name.startswith(("phase", "order"))]
    assert told == ["warranty", "points +40", "care", "ticket look-after", "after-care", "end completed"]
    assert [t.step for t in timeline.touches] == ["warranty", "care", "after-care"]


def test_a_report_follows_the_message_that_it_is_about() -> None:
    timeline = played(Warm, "{at: after warranty, report: bounced}")
    told = names(timeline)
    assert told.index("warranty") < told.index("report bounced") < told.index("end completed")


def test_what_an_agent_sends_follows_the_agent() -> None:
    timeline = played(Warm, "{at: day 2 10:00, agent: send_now, step: after-care}")
    touch = timeline.touch("after-care")
    assert touch is not None
    assert timeline.day(touch.at) == 2
    told = names(timeline)
    assert told.index("agent send_now") < told.index("after-care")


def test_an_end_is_the_last_of_its_instant_in_the_list_of_events_too() -> None:
    timeline = rehearse("standard", load("never-arrived"))
    shown = [entry for entry in timeline if isinstance(entry, Happening)]
    assert [e.kind for e in timeline.events] == [e.kind for e in shown]
    last = [e.kind for e in timeline.events if e.at == timeline.events[-1].at]
    assert last[-1] is Kind.END
    assert last.count(Kind.END) == 1


def test_read_again_from_its_json_it_stands_as_before() -> None:
    timeline = rehearse("standard", load("imported-twenty-days-late"))
    again = Timeline.from_json(timeline.as_json())
    assert names(again) == names(timeline)
    assert terminal.page(again) == terminal.page(timeline)
