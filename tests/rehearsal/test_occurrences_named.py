"""An agent who names what a step is about, and names it wrongly, is told so."""

from __future__ import annotations

import pytest

from doorstep.contracts import ActionKind
from doorstep.rehearsal.moments import when
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Scenario, Steered
from doorstep.rehearsal.timeline import Kind
from rehearsal.weekly import Weeks


@pytest.mark.parametrize(
    ("at", "step", "action", "said"),
    [
        (
            "day 0 12:00",
            "order-confirmation:gibtsnicht",
            ActionKind.SEND_NOW,
            "refused: 'order-confirmation' waits once, about nothing in particular; none about 'gibtsnicht'.",
        ),
        (
            "day 0 12:00",
            "order-confirmation:gibtsnicht",
            ActionKind.SKIP,
            "'order-confirmation' waits once, about nothing in particular; none about 'gibtsnicht'. "
            "One about 'gibtsnicht' will be skipped if it comes.",
        ),
        (
            "day 2 12:00",
            "care-guide:week:2",
            ActionKind.SEND_NOW,
            "refused: 'care-guide' waits about 'week:1'; none about 'week:2'.",
        ),
        ("day 0 12:00", "care-guide", ActionKind.SEND_NOW, "refused: 'care-guide' does not wait yet."),
        (
            "day 0 12:00",
            "order-confirmaton",
            ActionKind.SEND_NOW,
            "refused: 'order-confirmaton' does not wait yet. Did you mean 'order-confirmation'?",
        ),
    ],
)
def test_what_waits_under_another_name_is_told(at: str, step: str, action: ActionKind, said: str) -> None:
    """It was said to be skipped when it comes, while the one that was meant went; and to send it now was refused with
    "Did you mean" the very step that was named, or one that was like it in nothing."""
    asked = Steered(at=when(at), action=action, step=step)
    timeline = rehearse(Weeks, Scenario(name="named", timeline=(asked,)), render=False)
    [answer] = [e.detail for e in timeline.events if e.kind is Kind.AGENT and e.what == action.value]
    assert answer.partition("; ")[2] == said


def test_a_skip_of_one_that_is_to_come_holds_though_another_waits() -> None:
    asked = Steered(at=when("day 2 12:00"), action=ActionKind.SKIP, step="care-guide:week:2")
    timeline = rehearse(Weeks, Scenario(name="named", timeline=(asked,)), render=False)
    assert [(t.occurrence, t.outcome) for t in timeline.touches if t.step == "care-guide"] == [
        ("week:1", "sent"),
        ("week:2", "cancelled"),
    ]
