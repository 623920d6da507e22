"""What the processes with other hash seeds are handed, and what is said when they differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from doorstep.rehearsal import seeds, shelf
from doorstep.rehearsal.commanded import Command, difference

STORY = """scenario: saved
timeline:
  - at: day {day} 17:40
    event: shipment.delivered
"""
TIMER = "start timer 3"


def test_a_file_saved_meanwhile_is_no_difference_of_the_journeys(tmp_path: Path) -> None:
    """Each process read it for itself: one the parcel of day 4, one that of day 5, or half a file."""
    file = tmp_path / "saved.yaml"
    file.write_text(STORY.format(day=4))
    story = shelf.load(str(file))
    file.write_text("scenario: [half of")
    with seeds.Seeds("standard", {"saved": story}, ()) as others:
        assert others.differences() == {}


def test_stories_of_a_shop_of_their_own_are_handed_over_whole() -> None:
    """With policies, products and reports: whatever a scenario may hold."""
    stories = {
        story.name: story
        for story in shelf.every()
        if story.name in ("quiet-hours-across-a-clock-change", "sms-stop")
    }
    stories["happy-path"] = shelf.load("happy-path")
    with seeds.Seeds("standard", stories, ()) as others:
        assert others.differences(["sms-stop"]) == {}


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (
            ["2026-03-06 10:00", TIMER, "{}", "tea.py:12"],
            ["2026-03-07 10:00", TIMER, "{}", "tea.py:12"],
            "on 2026-03-06 10:00 UTC it says [start timer 3] under PYTHONHASHSEED=2 and on 2026-03-07 10:00 UTC "
            "[start timer 3] under 9, at",
        ),
        (
            ["2026-03-06 10:00", TIMER, "{}", "tea.py:12"],
            ["2026-03-06 10:00", TIMER, "{}", "tea.py:14"],
            "it says [start timer 3, line 12] under PYTHONHASHSEED=2 and [start timer 3, line 14] under 9",
        ),
        (
            ["2026-03-06 10:00", TIMER, '{"a": 1}', "tea.py:12"],
            ["2026-03-06 10:00", TIMER, '{"a": 2}', "tea.py:12"],
            "[start timer 3, a: 1] under PYTHONHASHSEED=2 and [start timer 3, a: 2] under 9",
        ),
    ],
)
def test_both_halves_tell_what_differs(one: Command, other: Command, said: str) -> None:
    found = difference([one], [other], (2, 9))
    assert found is not None
    assert said in str(found)
