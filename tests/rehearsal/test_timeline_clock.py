"""A timeline tells every instant by the customer's clock, as it says of itself; its JSON keeps what was recorded."""

from __future__ import annotations

import json
from html import unescape

import pytest

from doorstep.rehearsal import page, terminal
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.shelf import load

TOLD = [
    (
        "imported-twenty-days-late",
        "It was due on Mon 9 Mar 2026, 10:03 and of use until Wed 11 Mar 2026, 10:03.",
        "It was due 9 Mar 2026, 09:03 UTC and of use until 11 Mar 2026, 09:03 UTC.",
    ),
    ("provider-down-for-a-day", "until Sat 7 Mar 2026, 20:00", "until 2026-03-07T19:00Z"),
]


@pytest.mark.parametrize(("scenario", "told", "recorded"), TOLD)
def test_what_was_recorded_in_utc_is_told_as_the_times_beside_it(
    scenario: str, told: str, recorded: str
) -> None:
    timeline = rehearse("standard", load(scenario))
    for shown in ("\n".join(terminal.page(timeline)), unescape(page.page([timeline]))):
        words = " ".join(shown.split())
        assert told in words
        assert "UTC" not in words
        assert "+00:00" not in words
    assert recorded in json.dumps(timeline.as_json())


def test_why_a_step_was_left_out_is_told_as_support_reads_it() -> None:
    """`status` says it in words; of the very same touch it was "'order shipped' is not the case." here."""
    never = rehearse("standard", Scenario(name="never-shipped"), render=False)
    [touch] = [t for t in never.touches if t.step == "anticipation"]
    assert touch.detail == "'order shipped' is not the case."
    for shown in ("\n".join(terminal.page(never)), unescape(page.page([never]))):
        assert "No parcel of the order had left by then." in " ".join(shown.split())
        assert "the case" not in shown
