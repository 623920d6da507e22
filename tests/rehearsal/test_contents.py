"""Of two contents that differ only the difference is told, by its path."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio import workflow

from doorstep.rehearsal.commanded import difference
from doorstep.rehearsal.contents import apart
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.proving import carried_out_again
from doorstep.rehearsal.trouble import NotDeterministic


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


_runs = [0]


@workflow.defn
class SaysItLate:
    """It counts its runs, and says so at the end of much else."""

    @workflow.run
    async def run(self) -> dict[str, str]:
        _runs[0] += 1
        return {"much": "same " * 100, "said": f"run {_runs[0]}"}


def test_who_says_otherwise_when_carried_out_again_is_quoted_by_what_differs() -> None:
    """Both were cut after 300 characters, and said the same."""
    with Engine(
        SaysItLate, workflow_id="w", start=datetime(2026, 1, 1, tzinfo=UTC), sandboxed=False
    ) as engine:
        engine.run()
    with pytest.raises(NotDeterministic) as caught:
        carried_out_again(engine)
    told = caught.value.what
    assert "first it said [complete_workflow_execution, result.said: 'run 1'], carried out again [" in told
    assert "[complete_workflow_execution, result.said: 'run 2']" in told
