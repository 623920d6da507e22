"""An agent who comes too late for a step is told so in the same words, whatever they asked for."""

from __future__ import annotations

import pytest

from doorstep.contracts import ActionKind
from doorstep.rehearsal.moments import when
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Entry, Scenario, Steered, Told
from doorstep.rehearsal.timeline import Kind, Timeline


@pytest.mark.parametrize("action", [ActionKind.SKIP, ActionKind.SEND_NOW])
@pytest.mark.parametrize("paused", [False, True])
def test_a_step_that_has_gone_is_told_with_when_it_went(action: ActionKind, paused: bool) -> None:
    """By the customer's clock. That the journey is paused is not what keeps it from going again."""
    assert refusal("day 3 12:00", action, "reassurance", paused=paused) == (
        "'reassurance' was sent on Tue 3 Mar 2026, 10:03 (the customer's time)."
    )


@pytest.mark.parametrize("action", [ActionKind.SKIP, ActionKind.SEND_NOW])
def test_a_step_that_was_left_out_is_told_with_when_that_was(action: ActionKind) -> None:
    assert refusal("day 8 12:00", action, "anticipation") == (
        "'anticipation' was left out on Sun 8 Mar 2026, 10:03 (the customer's time)."
    )


PARCEL = (
    Told(at=when("day 5 13:40"), event="shipment.delivered", parcel="a"),
    Told(at=when("day 7 13:40"), event="shipment.delivered", parcel="b"),
)
RETURN = (
    Told(at=when("day 6 11:25"), event="return.requested", subject="a", data={"lines": [["fern", 1]]}),
    Told(at=when("day 8 11:25"), event="return.requested", subject="b", data={"lines": [["leaf-food", 1]]}),
)
REPEATED = [
    ("delivered", "day 6 09:00", "Sat 7 Mar 2026, 13:40", PARCEL),
    ("return-requested", "day 7 09:00", "Sun 8 Mar 2026, 11:25", RETURN),
]
"""Steps that go once per parcel or return: when an agent comes, when the first had gone, what the story tells."""


@pytest.mark.parametrize(("step", "at", "went", "story"), REPEATED)
def test_a_skip_that_leaves_out_a_later_one_says_that_one_has_gone(
    step: str, at: str, went: str, story: tuple[Told, ...]
) -> None:
    """It had said only "It will be skipped when it comes.": the agent meant the one that had gone."""
    detail, timeline = answer(at, ActionKind.SKIP, step, story)
    assert detail == f"'{step}' was sent on {went} (the customer's time). Any later one will be left out."
    became = [t.outcome for t in timeline.touches if t.step == step]
    assert became == ["sent", "cancelled"], "as it said"


@pytest.mark.parametrize(("step", "at", "went", "story"), REPEATED)
@pytest.mark.parametrize("paused", [False, True])
def test_to_send_one_of_several_now_when_none_waits_is_told_with_when_the_last_went(
    step: str, at: str, went: str, story: tuple[Told, ...], paused: bool
) -> None:
    """As above: that the journey is paused is not what keeps it from going."""
    pause = (Steered(at=when(at.replace("09:00", "08:00")), action=ActionKind.PAUSE),) if paused else ()
    detail, _ = answer(at, ActionKind.SEND_NOW, step, (*pause, *story))
    assert detail == f"refused: '{step}' was sent on {went} (the customer's time). None is waiting."


def test_the_last_of_several_is_the_one_told() -> None:
    detail, _ = answer("day 9 09:00", ActionKind.SEND_NOW, "return-requested", RETURN)
    assert detail.startswith("refused: 'return-requested' was sent on Tue 10 Mar 2026, 11:25")


def test_to_skip_a_named_one_that_has_not_come_says_nothing_of_the_others() -> None:
    _, timeline = answer("day 9 09:00", ActionKind.SEND_NOW, "delivered", PARCEL)
    later = [t.occurrence for t in timeline.touches if t.step == "delivered"][1]
    detail, timeline = answer("day 6 09:00", ActionKind.SKIP, f"delivered:{later}", PARCEL)
    assert detail == "It will be skipped when it comes."
    assert [t.outcome for t in timeline.touches if t.step == "delivered"] == ["sent", "cancelled"]


def test_a_journey_that_has_left_its_course_says_why_in_words() -> None:
    """As `status` does; the cause's name in the code is for code."""
    cancelled = Told(at=when("day 1 12:00"), event="order.cancelled")
    detail, _ = answer("day 2 09:00", ActionKind.SKIP, "delivered", (cancelled,))
    assert detail == "refused: The journey has left its course (order cancelled)."


def answer(at: str, action: ActionKind, step: str, story: tuple[Entry, ...]) -> tuple[str, Timeline]:
    """What the journey answers an agent then, and the whole rehearsal."""
    asked = Steered(at=when(at), action=action, step=step)
    timeline = rehearse("standard", Scenario(name="too-late", timeline=(*story, asked)), render=False)
    [said] = [e.detail for e in timeline.events if e.kind is Kind.AGENT and e.what == action.value]
    return said.partition("; ")[2], timeline


def refusal(at: str, action: ActionKind, step: str, *, paused: bool = False) -> str:
    """What the journey answers an agent then."""
    asked = Steered(at=when(at), action=action, step=step)
    before = (Steered(at=when("day 3 11:00"), action=ActionKind.PAUSE),) if paused else ()
    timeline = rehearse("standard", Scenario(name="too-late", timeline=(*before, asked)), render=False)
    [said] = [e.detail for e in timeline.events if e.kind is Kind.AGENT and "refused" in e.detail]
    return said.partition("refused: ")[2]
