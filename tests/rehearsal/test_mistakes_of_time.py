"""A mistake in when something happens is refused with its line and what would be right."""

from __future__ import annotations

import pytest
from tests.rehearsal.mistakes import AT, HEAD, check

MISTAKES = {
    "moment": (HEAD + "  - at: tomorrow\n    event: shipment.created\n", 3, "no moment"),
    "hour": (HEAD + "  - at: day 1 25:00\n    event: shipment.created\n", 3, "no time 25:00"),
    "no time": (HEAD + "  - event: order.cancelled\n", 3, "'at' is missing"),
    "far": (HEAD + "  - at: +100000000d\n    event: order.cancelled\n", 3, "At most 3650 days"),
    "many digits": (HEAD + f"  - at: +{'9' * 5000}s\n    event: order.cancelled\n", 3, "At most 3650 days"),
    "far after": (HEAD + "  - at: 4000d after shipped\n    event: order.cancelled\n", 3, "At most 3650 days"),
    "far day": (HEAD + "  - at: day 9999 10:00\n    event: order.cancelled\n", 3, "At most 3650 days"),
    "far year": ("scenario: it\nplaced: 9999-12-31 10:15\n", 2, "a year from 2000 to 2099"),
    "a year that no event is read of": (
        "scenario: it\nplaced: 1995-06-01 10:15\n",
        2,
        "a year from 2000 to 2099",
    ),
    "the year after": ("scenario: it\nplaced: 2100-01-01 10:15\n", 2, "a year from 2000 to 2099"),
    "a year that has not begun at Greenwich": (
        "scenario: it\nplaced: 2000-01-01 00:30\n",
        2,
        "That would be on 1999-12-31, and no event is read that is so far away. Let everything happen from 2000",
    ),
    "an entry of the year after": (
        "scenario: it\nplaced: 2099-12-01 10:15\ntimeline:\n"
        "  - event: order.cancelled\n    at: day 3\n  - event: order.cancelled\n    at: day 60\n",
        7,
        "That would be on 2100-01-30",
    ),
    "heard of in the year after": (
        "scenario: it\nplaced: 2099-12-01 10:15\ntimeline:\n"
        "  - event: order.cancelled\n    at: day 3\n    heard: +60d\n",
        6,
        "That would be on 2100-01-30",
    ),
    "an import of the year after": (
        "scenario: it\nplaced: 2099-12-01 10:15\nheard: +60d\n",
        3,
        "That would be on 2100-01-30",
    ),
    "times too many": (AT + f"    event: order.cancelled\n    times: {'9' * 5000}\n", 5, "1 to 20"),
    "placed": ("scenario: it\nplaced: noon\n", 2, "order is placed"),
    "heard after a touch": (
        AT + "    event: order.cancelled\n    heard: after delivered\n",
        5,
        "cannot follow a touch",
    ),
    "heard before it is placed": ("scenario: it\nabout: it\nheard: day -2 10:00\n", 3, "before it is placed"),
    "times": (AT + "    event: order.cancelled\n    times: 0\n", 5, "1 to 20"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_it_is_told_with_its_line_and_what_would_be_right(name: str) -> None:
    check(MISTAKES[name])
