"""A workflow that continues as new again and again: only its first runs are in the sandbox as they are played, which
takes its time for each; that they are clean there is asked when it has come to its end."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.rehearsal import mischief

from doorstep.rehearsal import _sdk, execution, runs
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.trouble import NotDeterministic, Spinning

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def sandboxed(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each run that was made: whether in the sandbox."""
    made: list[bool] = []
    machine = _sdk.Machine

    def counted(*args: Any, **options: Any) -> _sdk.Machine:
        made.append(options["sandboxed"])
        return machine(*args, **options)

    monkeypatch.setattr(_sdk, "Machine", counted)
    monkeypatch.setattr(execution, "_PROVEN", set())
    monkeypatch.setattr(runs, "FIRST", 3)
    return made


def played(cls: type[Any], *args: Any, **options: Any) -> Engine:
    with Engine(cls, *args, workflow_id="many", start=START, **options) as engine:
        engine.run()
    return engine


def test_one_that_continues_without_end_is_told_after_few_runs_in_the_sandbox(sandboxed: list[bool]) -> None:
    """A thousand of them took a minute and a half."""
    with pytest.raises(Spinning, match="1000 tasks in one instant") as caught:
        played(mischief.GoesOnForEver)
    assert caught.value.file.endswith("mischief.py")
    assert sandboxed[:3] == [True] * 3
    assert not any(sandboxed[3:])


def test_a_late_run_is_held_against_the_sandbox_all_the_same(sandboxed: list[bool]) -> None:
    with pytest.raises(NotDeterministic, match=r"time\.time") as caught:
        played(mischief.LooksAtTheClockLate, 4)
    source, first = inspect.getsourcelines(mischief.LooksAtTheClockLate)
    assert caught.value.line == first + next(n for n, text in enumerate(source) if "# here" in text)
    assert sandboxed == [True] * 3 + [False] * 2 + [True] * 5
    assert mischief.LooksAtTheClockLate not in execution._PROVEN


def test_who_asks_for_the_sandbox_has_all_runs_there(sandboxed: list[bool]) -> None:
    with pytest.raises(NotDeterministic, match=r"time\.time"):
        played(mischief.LooksAtTheClockLate, 4, sandboxed=True)
    assert sandboxed == [True] * 5
