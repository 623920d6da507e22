"""The page of `doorstep plan`: what a person reads of a plan, without one being made."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.api.schemas import examples, examples_plan
from doorstep.api.schemas.plan import PlanAnswer
from doorstep.cli.plan import page
from doorstep.models.reading.views import JourneyDetail

PARCEL = "shipment:shp_ktfiq4ohw7wngsx4htzsnfadtx:silence:2026-12-01"


def _raw(named: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = examples.raw(next(iter(named.values()))["value"])
    return found


def read(**touch: str) -> list[str]:
    """The page of the example's plan, its one touch changed."""
    plan = _raw(examples_plan.PLAN)
    plan["touches"][0] |= touch
    detail = {k: v for k, v in _raw(examples.DETAIL).items() if k in JourneyDetail.model_fields}
    return page(PlanAnswer.model_validate(plan), JourneyDetail.model_validate(detail))


@pytest.mark.parametrize("occurrence", ["", "return:r1", PARCEL, PARCEL * 3])
def test_the_channel_is_whole_whatever_a_touch_is_about(occurrence: str) -> None:
    """It was cut off where a step came about a parcel. What it is about is told whole too."""
    told = read(step="silence", occurrence=occurrence)
    assert max(len(line) for line in told) <= 100
    [line] = [line for line in told if "→" in line]
    assert line.endswith("  (email)")
    assert " silence" in line
    assert occurrence in "".join(line.strip() for line in told)


def test_what_fits_stands_on_one_line() -> None:
    assert any(
        line.endswith("silence [return:r1]  (email)") for line in read(step="silence", occurrence="return:r1")
    )


def test_what_goes_later_than_it_is_due_says_since_when_and_why() -> None:
    """`rehearse` said it; a plan gave the later moment alone."""
    full = "the person had as many messages as the store allows; it waits for a free slot"
    told = " ".join(line.strip() for line in read(waits=full))
    assert f"due Tue 31 Mar 2026, 10:12: {full}" in told
    assert not [line for line in read(waits="") if line.strip().startswith("due ")]


def test_a_journey_that_has_ended_ended_and_in_words() -> None:
    """It "Ends" at a moment behind us, with its outcome as code has it."""
    plan = _raw(examples_plan.PLAN)
    told = dict(plan, outcome="nothing_kept")
    detail = {k: v for k, v in _raw(examples.DETAIL).items() if k in JourneyDetail.model_fields}
    known = JourneyDetail.model_validate(detail)
    assert page(PlanAnswer.model_validate(told), known)[-1] == "Ends Sat 30 May 2026, 10:12: nothing kept."
    told |= {"as_of": plan["ends"]}
    assert page(PlanAnswer.model_validate(told), known)[-1] == "Ended Sat 30 May 2026, 10:12: nothing kept."
