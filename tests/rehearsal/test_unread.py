"""What a workflow cannot read of what it was given is told by name, with the reason and its own line."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.rehearsal.baking import Baking

from doorstep.rehearsal.activities import ActivityCall
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.trouble import WorkflowTaskFailed
from doorstep.workflows import standard_v1

START = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "nobody's business"


def failed(cls: type[Any], *arguments: Any, sandboxed: bool = False, baked: Any = None) -> WorkflowTaskFailed:
    def bake(call: ActivityCall, dough: Any) -> Any:
        return baked

    with (
        Engine(
            cls, *arguments, workflow_id="wf", start=START, sandboxed=sandboxed, activities={"bake": bake}
        ) as engine,
        pytest.raises(WorkflowTaskFailed) as caught,
    ):
        engine.run()
    assert SECRET not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("sandboxed", [True, False])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ({"name": SECRET, "pieces": SECRET}, START),
            "The argument 'dough' of the workflow 'Baking' cannot be read as Dough: pieces: Input should be",
        ),
        (({"name": SECRET}, START), "cannot be read as Dough: pieces: Field required"),
        ((SECRET, START), "cannot be read as Dough: Input should be an object"),
        (
            ({"name": SECRET, "pieces": 2}, "soon"),
            "The argument 'when' of the workflow 'Baking' cannot be read as datetime: Input should be a valid datetime",
        ),
        (({"name": SECRET, "pieces": 2},), "Baking.run() missing 1 required positional argument: 'when'"),
    ],
)
def test_an_argument_is_named_with_its_type_and_the_line_of_run(
    arguments: tuple[Any, ...], said: str, sandboxed: bool
) -> None:
    error = failed(Baking, *arguments, sandboxed=sandboxed)
    assert said in error.what
    source, first = inspect.getsourcelines(Baking)
    assert (error.file, error.line) == (
        inspect.getsourcefile(Baking),
        first + next(n for n, text in enumerate(source) if "# here" in text),
    )
    assert "needs a default" in error.mend


def test_a_journey_is_blamed_at_its_authors_run() -> None:
    error = failed(standard_v1.Standard, {"journey_id": 7})
    assert "The argument 'start' of the workflow 'standard.v1' cannot be read as JourneyStart: " in error.what
    assert (error.file, error.line) == (
        standard_v1.__file__,
        inspect.getsourcelines(standard_v1.Standard.run)[1],
    )


def test_an_answer_that_cannot_be_read_says_why() -> None:
    """Which answer is not known; our own converter is not the place to look at."""
    error = failed(Baking, {"name": "rye", "pieces": 2}, START, baked={"name": "rye", "pieces": SECRET})
    assert error.what.startswith(
        "What was answered to the workflow cannot be read as Dough: pieces: Input should be a valid integer"
    )
    assert error.file == ""
