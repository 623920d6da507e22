"""A run that takes longer than it may ends there; what comes later finds it ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import TimeoutError
from tests.rehearsal import odd_ends
from tests.rehearsal.conformance import engine_activities

from doorstep.errors import Conflict
from doorstep.rehearsal.engine import Engine

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_run_ends_when_its_time_is_over() -> None:
    """The limit is that of the second run, which hands it to the third."""
    with Engine(odd_ends.RunsOut, 1, workflow_id="w", start=START, activities=engine_activities()) as engine:
        engine.run_until(START)
        assert (engine.runs, engine.next_due) == (3, START + MINUTE)
        engine.run_until(START + MINUTE - timedelta(seconds=1))
        assert not engine.done
        engine.run_until(START + timedelta(days=1))
        assert (engine.done, engine.now) == (True, START + MINUTE)
        assert isinstance(engine.failure, TimeoutError)
        with pytest.raises(TimeoutError, match="longer than it may"):
            _ = engine.result
        with pytest.raises(Conflict):
            engine.signal("stop")
