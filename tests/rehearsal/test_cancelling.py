"""Requests to cancel, as a server passes them on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from temporalio import workflow

from doorstep.errors import Conflict
from doorstep.rehearsal.engine import Engine

START = datetime(2026, 1, 1, tzinfo=UTC)


@workflow.defn
class Reluctant:
    """Cancelled in its first run it goes on for its days, and then once more."""

    @workflow.run
    async def run(self, last: bool) -> int:
        heard, ends = 0, workflow.now() + timedelta(days=10)
        while (left := ends - workflow.now()) > timedelta():
            try:
                await workflow.sleep(left)
            except asyncio.CancelledError:
                heard += 1
        if not last:
            workflow.continue_as_new(True)
        return heard


def requests(engine: Engine) -> int:
    return sum(entry.kind == "cancel_requested" for entry in engine.log)


@pytest.mark.parametrize("days", [0, 1])
def test_a_run_hears_of_its_cancellation_once(days: int) -> None:
    with Engine(Reluctant, True, workflow_id="wf", start=START, sandboxed=False) as engine:
        engine.run_until(START + timedelta(days=1))
        engine.cancel("enough")
        engine.run_until(START + timedelta(days=1 + days))
        engine.cancel("really")
        assert requests(engine) == 1
        engine.run()
        assert engine.result == 1
        with pytest.raises(Conflict):
            engine.cancel("late")


def test_one_that_has_not_begun_yet_hears_it_once() -> None:
    with Engine(Reluctant, True, workflow_id="wf", start=START, sandboxed=False) as engine:
        engine.cancel()
        engine.cancel()
        assert requests(engine) == 1


def test_the_next_run_hears_its_own() -> None:
    with Engine(Reluctant, False, workflow_id="wf", start=START, sandboxed=False) as engine:
        engine.run_until(START + timedelta(days=1))
        engine.cancel()
        engine.run_until(START + timedelta(days=11))
        engine.cancel()
        engine.cancel()
        engine.run()
        assert (engine.runs, requests(engine), engine.result) == (2, 2, 1)
