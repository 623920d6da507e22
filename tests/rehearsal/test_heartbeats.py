"""An attempt that is silent for longer than its heartbeat timeout ends with that, as on a server
(`test_conformance.py`); one that beats has until its other limits are over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.rehearsal import odd_ends

from doorstep.rehearsal.activities import ActivityCall
from doorstep.rehearsal.engine import Engine

START = datetime(2026, 3, 2, 10, tzinfo=UTC)


def played(cls: type[Any], lasts: float, *, beats: bool = False, sandboxed: bool = False) -> Engine:
    def hangs(call: ActivityCall, argument: Any) -> Any:
        call.takes, call.beats = timedelta(seconds=lasts), beats
        return argument

    def echo(call: ActivityCall, argument: Any) -> Any:
        return argument

    activities = {"hangs": hangs, "echo": echo}
    options: dict[str, Any] = {"activities": activities, "sandboxed": sandboxed}
    with Engine(cls, workflow_id="w", start=START, **options) as engine:
        engine.run()
        return engine


@pytest.mark.parametrize("sandboxed", [False, True], ids=["plain", "protobuf"])
def test_silence_ends_an_attempt_when_the_heartbeat_timeout_is_over(sandboxed: bool) -> None:
    engine = played(odd_ends.Heartbeats, 3600, sandboxed=sandboxed)
    kind, said, _, state, answer = engine.result
    assert (kind, state, answer) == ("TimeoutError", "MAXIMUM_ATTEMPTS_REACHED", "quick")
    assert said == "activity Heartbeat timeout"
    assert engine.now - START == timedelta(seconds=3), "two attempts of a second, and one between them"


@pytest.mark.parametrize("sandboxed", [False, True], ids=["plain", "protobuf"])
def test_one_that_beats_has_until_its_other_limits_are_over(sandboxed: bool) -> None:
    assert played(odd_ends.Heartbeats, 29, beats=True, sandboxed=sandboxed).result == ["in time"]
    engine = played(odd_ends.Heartbeats, 31, beats=True, sandboxed=sandboxed)
    assert engine.result[1] == "activity StartToClose timeout"
    assert engine.now - START == timedelta(seconds=61)


def test_one_that_ends_in_time_need_not_beat() -> None:
    assert played(odd_ends.Heartbeats, 1).result == ["in time"]


@pytest.mark.parametrize("sandboxed", [False, True], ids=["plain", "protobuf"])
def test_local_activities_have_none(sandboxed: bool) -> None:
    assert played(odd_ends.NeedNotBeat, 60, sandboxed=sandboxed).result == "done"


def test_a_limit_that_is_over_before_is_told() -> None:
    assert played(odd_ends.HeartbeatsLate, 3600).result[1] == "activity StartToClose timeout"
