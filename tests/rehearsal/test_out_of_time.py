"""An activity without time for another attempt ends in a server's words (`test_conformance.py` compares them)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.rehearsal import odd_ends
from tests.rehearsal.conformance import engine_activities

from doorstep.rehearsal.engine import Engine

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
NO_TIME = "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying"


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "protobuf"])
def ends(request: pytest.FixtureRequest) -> list[Any]:
    """How each of `OUT_OF_TIME` ended."""
    activities = engine_activities()
    with Engine(
        odd_ends.RunsOutOfTime, workflow_id="w", start=START, activities=activities, sandboxed=request.param
    ) as engine:
        engine.run()
        assert engine.now - START == timedelta(seconds=3), "and no attempt twenty minutes on"
        ended: list[Any] = engine.result
        return ended


def timeout(message: str, kind: int) -> list[Any]:
    return ["TimeoutError", message, str(kind), []]


OVER, HANGS, SILENT = (
    timeout(NO_TIME, 3),
    timeout("activity StartToClose timeout", 1),
    timeout("activity Heartbeat timeout", 4),
)


@pytest.mark.parametrize(
    ("number", "causes"),
    [
        (0, [OVER]),
        (1, [OVER]),
        (2, [OVER, HANGS]),
        (3, [OVER, HANGS]),
        (4, [OVER]),
        (5, [OVER]),
        (6, [OVER, SILENT]),
    ],
)
def test_a_timeout_after_which_no_attempt_fits_is_that_of_all_attempts(
    ends: list[Any], number: int, causes: list[Any]
) -> None:
    """With the failure of the attempt before the last as its cause, if there was one."""
    assert ends[number] == ["Activity task timed out", "TIMEOUT", *causes]


def test_one_that_was_tried_as_often_as_it_may_tells_its_own_timeout(ends: list[Any]) -> None:
    assert ends[7] == ["Activity task timed out", "MAXIMUM_ATTEMPTS_REACHED", HANGS, HANGS]


@pytest.mark.parametrize("number", [8, 9])
def test_an_error_stays_what_it_was(ends: list[Any], number: int) -> None:
    """Due at the very instant the time is over, the next attempt is not made."""
    said, state, cause = ends[number]
    assert (said, state) == ("Activity task failed", "TIMEOUT")
    assert cause[0] == "ApplicationError"
