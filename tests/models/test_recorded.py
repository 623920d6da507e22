"""What was recorded in words is told to people by the customer's clock."""

from __future__ import annotations

import pytest

from doorstep.models.reading.clock import Clock
from doorstep.models.reading.recorded import in_words

CLOCK = Clock("Europe/Berlin")


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        (
            "The window opens at 2026-12-07T09:08:00+00:00.",
            "The window opens on Mon 7 Dec 2026, 10:08.",
        ),
        ("Of use until 2026-12-07T09:08:50.25Z.", "Of use until Mon 7 Dec 2026, 10:08."),
        ("'review.submitted' happened 7 Jul 2026, 22:08 UTC.", "'review.submitted' happened on Wed 8 Jul 2026, 00:08."),
        ("It was due 7 Dec 2026, 09:08 UTC.", "It was due on Mon 7 Dec 2026, 10:08."),
        ("It arrives on 7 Dec 2026, 09:08 UTC, as told.", "It arrives on Mon 7 Dec 2026, 10:08, as told."),
        ("Stopped, at 2026-12-07 09:08:50 UTC of virtual time.", "Stopped, on Mon 7 Dec 2026, 10:08 of virtual time."),
        ("2026-12-07T09:08:00+00:00", "Mon 7 Dec 2026, 10:08"),
    ],
)  # fmt: skip
def test_an_instant_is_by_the_persons_clock(recorded: str, told: str) -> None:
    assert in_words(recorded, CLOCK) == told
    assert in_words(told, CLOCK) == told


@pytest.mark.parametrize(
    "said",
    ["Never 2026-99-07T09:08:50Z.", "On 41 Dec 2026, 09:08 UTC.", "7 Abc 2026, 09:08 UTC", "0034-5", ""],
)
def test_what_is_no_instant_stays_as_it_is(said: str) -> None:
    assert in_words(said, CLOCK) == said
