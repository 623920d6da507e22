"""A step of a method that a journey overrides is none of its own: it was told as one that no story came to."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.errors import BadInput
from doorstep.rehearsal import shelf
from doorstep.rehearsal.exploring.steps import may_have, steps, varies
from doorstep.rehearsal.limits.finding import check_steps
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.story import Story
from doorstep.workflows.standard_v1 import Standard

REVIEWS = {"review-sorry", "review-thanks"}
SELLING = {"cross-sell-7", "win-back-30", "replenishment", "browse-reminder", "surprise"}


class NoReviews(Standard):
    async def reviews(self) -> None:
        await self.ticket("reviewed")


class Praised(Standard):
    async def reviews(self) -> None:
        await super().reviews()
        await self.send("praise")


class NotPraised(Praised):
    """Nothing reaches the base's any more: what would, was overridden."""

    async def reviews(self) -> None:
        await self.ticket("reviewed")


class SellsOnce(Standard):
    """What only the overridden method calls is out of reach too."""

    async def promotions(self, delivered: Any) -> None:
        await self.win_back()


class Beside:
    """A mixin that stands before its journey."""

    reviews = None


class Mixed(Beside, Standard):  # type: ignore[misc]
    pass


class ByName(Standard):
    async def reviews(self) -> None:
        await Standard.reviews(self)


class ByGetattr(Standard):
    async def reviews(self) -> None:
        await getattr(super(), "".join(["revi", "ews"]))()


class ByANameOfItsRun(Standard):
    async def promotions(self, delivered: Any) -> None:
        await getattr(self, f"{self.order}")()


class UnderACondition(Standard):
    if True:

        async def reviews(self) -> None:
            await super().reviews()


@pytest.mark.parametrize(
    ("journey", "gone"),
    [
        (Standard, set()),
        (NoReviews, REVIEWS),
        (Praised, set()),
        (NotPraised, REVIEWS),
        (SellsOnce, SELLING - {"win-back-30"}),
        (Mixed, REVIEWS),
        (ByName, set()),
        (ByGetattr, set()),
        (ByANameOfItsRun, set()),
        (UnderACondition, set()),
    ],
)
def test_the_steps_are_those_of_methods_that_can_run(journey: type[Any], gone: set[str]) -> None:
    assert (REVIEWS | SELLING) - steps(journey) == gone
    assert {"review-request", "vip-welcome", "delivered"} <= steps(journey), "all the others are there"
    assert not [step for step in gone if may_have(journey, step)]
    assert all(may_have(journey, step) for step in (REVIEWS | SELLING) - gone)


def test_nobody_else_is_asked_for_a_variant_that_no_code_asks_for() -> None:
    assert (varies(Standard), varies(SellsOnce)) == (True, False)


def test_a_claim_and_a_limit_about_such_a_step_are_refused() -> None:
    """They would hold whatever the journey does."""
    with pytest.raises(BadInput, match="names 'review-sorry', which is no step"):
        check_steps("never review-sorry after order.refunded", NoReviews)
    check_steps("never review-sorry after order.refunded", Praised)
    story = Story(rehearse("standard", shelf.load("happy-path"), render=False), NoReviews)
    with pytest.raises(AssertionError, match="has no step 'review-thanks'"):
        story.does_not_send("review-thanks")
