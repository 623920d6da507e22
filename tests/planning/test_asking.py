"""Whether the gate is asked what it would say: of a step by name also where the journey waits for news first."""

from __future__ import annotations

import pytest

from doorstep.api.schemas import examples
from doorstep.api.schemas.explain import something_waits
from doorstep.models.reading.views import JourneyDetail


@pytest.mark.parametrize(
    ("waits", "step", "asked"),
    [
        (["event"], "win-back-30", True),
        (["event"], None, False),
        (["touch"], None, True),
        ([], "win-back-30", False),
    ],
)
def test_a_step_that_comes_after_an_event_is_asked_about(
    waits: list[str], step: str | None, asked: bool
) -> None:
    """It was told that nothing says yet whether the journey will come to it, which its plan does."""
    raw = examples.raw(next(iter(examples.DETAIL.values()))["value"])
    detail = JourneyDetail.model_validate({k: v for k, v in raw.items() if k in JourneyDetail.model_fields})
    held = [detail.waits[0].model_copy(update={"kind": kind}) for kind in waits]
    detail = detail.model_copy(update={"waits": held, "steps": [], "status": "open"})
    assert something_waits(detail, step) is asked
