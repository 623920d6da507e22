"""What was recorded in words is told to people by the customer's clock, and conditions as sentences."""

from __future__ import annotations

import inspect
import types

import pytest

from doorstep.models.reading.clock import Clock
from doorstep.models.reading.recorded import in_words, told
from doorstep.workflows import parcels, standard_v1
from doorstep.workflows.conditions import holds, source_of

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
    [
        "Never 2026-99-07T09:08:50Z.",
        "On 41 Dec 2026, 09:08 UTC.",
        "7 Abc 2026, 09:08 UTC",
        "Until 9999-12-31T23:59:59+00:00.",
        "At 31 Dec 9999, 23:59 UTC.",
        "0034-5",
        "",
    ],
)
def test_what_is_no_instant_stays_as_it_is(said: str) -> None:
    assert in_words(said, CLOCK) == said


@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        (
            "'review.submitted' happened 7 Jul 2026, 22:08 UTC.",
            "The customer left a review on Wed 8 Jul 2026, 00:08.",
        ),
        (
            "'customer.ordered_again' happened 7 Jul 2026, 08:08 UTC.",
            "The customer ordered again on Tue 7 Jul 2026, 10:08.",
        ),
        ("'tea.brewed' happened 7 Jul 2026, 08:08 UTC.", "'tea.brewed' happened on Tue 7 Jul 2026, 10:08."),
    ],
)
def test_an_event_that_kept_a_message_from_going_is_a_sentence(recorded: str, said: str) -> None:
    """Its type is for machines, and in the events' JSON; only a store's own has no other name."""
    assert told(recorded, CLOCK, journey="standard.v1") == said


@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        ("return_requested", "return requested"),
        ("cancelled_by_agent", "cancelled by agent"),
        ("erased", "erased"),
        ("The case 'a_b' is open.", "The case 'a_b' is open."),
    ],
)
def test_why_a_journey_left_its_course_is_told_as_its_headline_does(recorded: str, said: str) -> None:
    """A message that was called off for it records the cause by its name in the code."""
    assert told(recorded, CLOCK, journey="standard.v1") == said


@pytest.mark.parametrize(
    ("recorded", "was", "expected"),
    [
        ("'offered' is not the case.", "There was nothing left to offer.", "There is nothing left to offer."),
        (
            "'first order' is not the case.",
            "It was not the person's first order.",
            "It is not the person's first order.",
        ),
        (
            "'order shipped' is the case.",
            "A parcel of the order had left by then.",
            "A parcel of the order has left by then.",
        ),
        (
            "'overtaken by later news' is the case.",
            "Later news had overtaken it.",
            "Later news has overtaken it.",
        ),
        ("A condition of the journey holds.",) * 3,
    ],
)
def test_a_condition_of_the_standard_journeys_is_a_sentence(recorded: str, was: str, expected: str) -> None:
    """The journey is published and records its own names for ever; they are told as what would stop a message is."""
    assert told(recorded, CLOCK, journey="standard.v1") == was
    assert told(recorded, CLOCK, journey="standard.v1", ahead=True) == expected


@pytest.mark.parametrize("journey", ["tea.v1", ""])
@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        ("'offered' is not the case.", "The journey leaves it out when 'offered' is not so."),
        ("'lines' is the case.", "The journey leaves it out when 'lines' is so."),
        ("'gift_wrap kept' is the case.", "The journey leaves it out when 'gift wrap kept' is so."),
        ("'order shipped' is not the case.", "No parcel of the order had left by then."),
        ("'overtaken by later news' is the case.", "Later news had overtaken it."),
    ],
)
def test_a_condition_that_nobody_knows_is_a_sentence_all_the_same(
    recorded: str, said: str, journey: str
) -> None:
    """In a store's journey 'offered' may mean anything. What it takes over from `Parcels` is ours, and is known."""
    assert told(recorded, CLOCK, journey=journey) == said


def test_every_condition_of_a_published_journey_of_ours_has_words() -> None:
    """As its code says them when it records one."""
    found = []
    for cls in (standard_v1.Standard, parcels.Parcels):
        functions = [f for f in vars(cls).values() if inspect.isfunction(f)]
        codes = [
            c for f in functions for c in f.__code__.co_consts if inspect.iscode(c) and not c.co_argcount
        ]
        for code in codes:
            source = " ".join(source_of(code).split())
            if source.startswith("not ") and "_next_silence" not in source:
                cells = tuple(types.CellType() for _ in code.co_freevars)
                found.append(holds(types.FunctionType(code, {}, "<lambda>", None, cells)))
    assert len(found) >= 4
    assert not [said for said in found if "leaves it out" in told(said, CLOCK, journey="standard.v1")]
