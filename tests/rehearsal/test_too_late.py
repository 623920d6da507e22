"""An agent who comes too late for a step is told so in the same words, whatever they asked for."""

from __future__ import annotations

import pytest

from doorstep.contracts import ActionKind
from doorstep.rehearsal.moments import when
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Scenario, Steered
from doorstep.rehearsal.timeline import Kind


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


def refusal(at: str, action: ActionKind, step: str, *, paused: bool = False) -> str:
    """What the journey answers an agent then."""
    asked = Steered(at=when(at), action=action, step=step)
    before = (Steered(at=when("day 3 11:00"), action=ActionKind.PAUSE),) if paused else ()
    timeline = rehearse("standard", Scenario(name="too-late", timeline=(*before, asked)), render=False)
    [said] = [e.detail for e in timeline.events if e.kind is Kind.AGENT and "refused" in e.detail]
    return said.partition("refused: ")[2]
