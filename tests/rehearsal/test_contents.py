"""Of two contents that differ only the difference is told, by its path."""

from __future__ import annotations

import json
from typing import Any

import pytest

from doorstep.rehearsal.commanded import difference
from doorstep.rehearsal.contents import apart


def told(one: Any, other: Any) -> tuple[str, str]:
    return apart(json.dumps(one), json.dumps(other))


def test_a_difference_that_lies_late_in_a_touch_is_told_on_both_sides() -> None:
    """It was cut after 160 characters, and both sides said the same."""

    def said(word: str) -> str:
        touch = {"as_of": "2026-03-02T09:15:02Z", "context": {"v": word}, "step": "order-confirmation"}
        return json.dumps({"activity_id": "1", "activity_type": "touch" * 40, "arguments": [touch]})

    command = "2026-03-02 09:15", "schedule activity touch order-confirmation"
    found = difference([[*command, said("a"), ""]], [[*command, said("b"), ""]], (5, 8))
    assert found is not None
    assert found.what == (
        "The workflow is not deterministic: on 2026-03-02 09:15 UTC it says [schedule activity touch "
        "order-confirmation, context.v: 'a'] under PYTHONHASHSEED=5 and [schedule activity touch "
        "order-confirmation, context.v: 'b'] under 8"
    )


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ("b: 2", "b: 3")),
        ({"a": [1, 2]}, {"a": [1]}, ("a[1]: 2", "a[1]: nothing")),
        ({"a": None}, {}, ("a: null", "a: nothing")),
        ({"a": {"b": 1}}, {"a": "b"}, ('a: {"b": 1}', "a: 'b'")),
        ({"a": 1}, {"a": True}, ("a: 1", "a: true")),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, ("a[0]: 'x', a[1]: 'y'", "a[0]: 'y', a[1]: 'x'")),
        ({"arguments": ["x"]}, {"arguments": ["y"]}, ("arguments[0]: 'x'", "arguments[0]: 'y'")),
        ("x", "y", ("'x'", "'y'")),
    ],
)
def test_what_differs_is_told_by_its_path(one: Any, other: Any, said: tuple[str, str]) -> None:
    assert told(one, other) == said


def test_a_long_text_is_told_from_where_the_two_part() -> None:
    one, other = told({"a": "same " * 50 + "x" + " rest" * 50}, {"a": "same " * 50 + "y" + " rest" * 50})
    assert one.startswith("a: …same same same same x rest")
    assert other.startswith("a: …same same same same y rest")
    assert len(one) == len(other) < 100


def test_many_differences_are_not_all_told() -> None:
    one, other = told(dict.fromkeys("abcde", 1), dict.fromkeys("abcde", 2))
    assert (one, other) == ("a: 1, b: 1, c: 1", "a: 2, b: 2, c: 2")
