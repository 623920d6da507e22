"""Conditions have names that people can read, lambdas too; in the sandbox as outside of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from doorstep.rehearsal import shelf
from doorstep.rehearsal.rehearse import rehearse
from doorstep.workflows.conditions import UNNAMED, condition_name, holds


class Stub:
    """What the lambdas below speak of."""

    order: Any
    vip: bool
    offered: tuple[str, ...]

    def conditions(self, offered: tuple[str, ...]) -> dict[str, Callable[[], Any]]:
        def overtaken_by_later_news() -> bool:
            return True

        return {
            "'order shipped' is not the case.": lambda: not self.order.shipped,
            "'vip' is the case.": lambda: self.vip,
            "'offered' is not the case.": lambda: not offered,
            "'order silent' is not the case.": lambda: not self.order.silent(self.now),  # type: ignore[attr-defined]
            "'order total > 500 and vip' is the case.": lambda: self.order.total > 500 and self.vip,
            "'order lines is ()' is the case.": (
                lambda: self.order.lines
                == ()
            ),
            "'overtaken by later news' is the case.": overtaken_by_later_news,
            "'given' is the case.": partial(given, 3),
            "A condition of the journey holds.": lambda: [
                line for line in self.order.lines if line.quantity > 1 and line.price_minor > 1000 and line.category
            ],
        }  # fmt: skip


def given(number: int) -> bool:
    return number > 2


@pytest.mark.parametrize("sentence", Stub().conditions(()))
def test_a_condition_is_told_in_words(sentence: str) -> None:
    assert holds(Stub().conditions(())[sentence]) == sentence


def test_without_its_source_a_lambda_is_a_condition_of_the_journey() -> None:
    made: Callable[[], bool] = eval("lambda: not given(2)")
    assert condition_name(made) == UNNAMED


@pytest.mark.parametrize("sandboxed", [True, False])
def test_people_read_the_words_of_the_standard_journeys_conditions(sandboxed: bool) -> None:
    timeline = rehearse("standard", shelf.load("repurchase-on-day-10"), render=False, sandboxed=sandboxed)
    touch = timeline.touch("reassurance", order="second")
    assert touch is not None
    assert touch.detail == "'first order' is not the case."
    assert not [t.detail for t in timeline.touches if "lambda" in t.detail]
