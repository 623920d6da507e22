"""Whether the gate is asked what it would say: also where the journey waits for news first."""

from __future__ import annotations

import pytest

from doorstep.api.schemas import examples
from doorstep.api.schemas.explain import something_waits
from doorstep.models.reading.views import JourneyDetail


@pytest.mark.parametrize(
    ("waits", "status", "asked"),
    [(["event"], "open", True), (["touch"], "open", True), ([], "open", False), (["event"], "closed", False)],
)
def test_what_comes_after_an_event_is_asked_about(waits: list[str], status: str, asked: bool) -> None:
    """It was told that nothing says yet whether the journey will come to it, which its plan does."""
    raw = examples.raw(next(iter(examples.DETAIL.values()))["value"])
    detail = JourneyDetail.model_validate({k: v for k, v in raw.items() if k in JourneyDetail.model_fields})
    held = [detail.waits[0].model_copy(update={"kind": kind}) for kind in waits]
    detail = detail.model_copy(update={"waits": held, "steps": [], "status": status})
    assert something_waits(detail) is asked
