"""Nothing is heard of before it happens; a scenario that says so is told where, both moments and how to mend it."""

from __future__ import annotations

import pytest

from doorstep.errors import ScenarioError
from doorstep.rehearsal.reading import read
from doorstep.rehearsal.rehearse import rehearse

HEAD = "scenario: it\nplaced: 2026-03-02 10:15\ntimeline:\n  - at: day 4 13:00\n"


@pytest.mark.parametrize(
    "what", ["event: shipment.delivered", "customer: rates 4", "customer: orders second"]
)
def test_what_is_heard_before_it_happens_is_told_with_the_line_of_heard(what: str) -> None:
    scenario = read(f"{HEAD}    {what}\n    times: 2\n    heard: +3d\n", "mine.yaml")
    with pytest.raises(ScenarioError) as refused:
        rehearse("standard", scenario, render=False)
    assert str(refused.value) == (
        "mine.yaml:7: it is heard of at +3d (2026-03-05 10:15), before it happens at day 4 13:00 (2026-03-06 13:00). "
        "Write 'heard: day 4 13:00' or later. If it was told by a clock that runs ahead, leave 'heard' out and write "
        "'at: +3d': a journey takes what is dated ahead as of when it was heard."
    )


def test_what_is_heard_in_the_instant_in_which_it_happens_runs() -> None:
    scenario = read(f"{HEAD}    event: shipment.delivered\n    heard: +4d 2h 45m\n")
    assert rehearse("standard", scenario, render=False).ok
