"""A workflow that spins, blocks or breaks determinism ends with file, line, virtual time and what had happened."""

from __future__ import annotations

import gc
import inspect
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.rehearsal import mischief
from typer.testing import CliRunner

from doorstep import cli
from doorstep.rehearsal import guard
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.proving import carried_out_again, hash_seed_difference, lines
from doorstep.rehearsal.trouble import (
    Blocking,
    NotDeterministic,
    Quits,
    Refused,
    RehearsalError,
    Spinning,
    WorkflowTaskFailed,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def rehearsed(cls: type[Any], **options: Any) -> Engine:
    with Engine(cls, workflow_id=f"wf-{cls.__name__}", start=START, **options) as engine:
        engine.run()
    return engine


def told_of(cls: type[Any], kind: type[RehearsalError], **options: Any) -> RehearsalError:
    with pytest.raises(kind) as caught:
        rehearsed(cls, **options)
    return caught.value


def marked_line(cls: type[Any]) -> int:
    source, first = inspect.getsourcelines(cls)
    return first + next(n for n, text in enumerate(source) if "# here" in text)


@pytest.mark.parametrize(
    ("cls", "kind", "word"),
    [
        (mischief.LoopsWithoutWaiting, Spinning, "does not come back"),
        (mischief.YieldsForEver, Spinning, "does not come back"),
        (mischief.NeverSettles, Spinning, "events of history"),
        (mischief.Sleeps, Blocking, "time.sleep"),
        (mischief.TakesAThread, Blocking, "asks asyncio to run_in_executor, which reaches outside"),
        (mischief.Connects, Blocking, "socket"),
        (mischief.AsksItsSurroundings, NotDeterministic, "comes with its start, or from an activity"),
        (mischief.Draws, NotDeterministic, "random.random"),
        (mischief.LooksAtTheClock, NotDeterministic, "datetime.now"),
        (mischief.GroupsTasks, NotDeterministic, "TaskGroup"),
        (mischief.WaitsForASet, NotDeterministic, "asyncio.wait"),
        (mischief.Raises, WorkflowTaskFailed, "something nobody foresaw"),
        (mischief.Exits, Quits, "SystemExit(0)"),
        (mischief.ExitsInATask, Quits, "SystemExit(0)"),
        (mischief.InterruptsItself, Quits, "KeyboardInterrupt()"),
    ],
)
def test_mischief_is_told_with_file_line_virtual_time_and_history(
    cls: type[Any], kind: type[RehearsalError], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "STUCK_AFTER", 0.5)
    error = told_of(cls, kind)
    assert word in str(error)
    assert error.file == inspect.getsourcefile(cls)
    assert error.line in (marked_line(cls) - 1, marked_line(cls))  # a loop has two lines
    assert timedelta() <= error.at - datetime(2026, 1, 2, tzinfo=UTC) < timedelta(minutes=1)
    assert [e.kind for e in error.log][:3] == ["started", "start_timer", "timer_fired"]
    assert "timer fired" in str(error)


@pytest.mark.parametrize(
    "cls",
    [
        mischief.LoopsWithoutWaiting,
        mischief.Sleeps,
        mischief.StartsAThread,
        mischief.Exits,
        mischief.InterruptsItself,
    ],
)
def test_spinning_and_blocking_are_told_without_the_sandbox_too(
    cls: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "STUCK_AFTER", 0.5)
    assert told_of(cls, RehearsalError, sandboxed=False).line in (
        marked_line(cls) - 1,
        marked_line(cls),
    )


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (mischief.StartsAChild, "starts a child workflow 'Sleeps'"),
        (mischief.SignalsAnother, "signals another workflow 'wake'"),
        (mischief.CancelsAnother, "cancels another workflow"),
        (mischief.ContinuesAsAnother, "continues as another type 'Sleeps'"),
        (mischief.CallsNexus, "calls a Nexus operation 'count'"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"sandboxed": False}, {"traced": True}])
def test_what_a_rehearsal_does_not_play_is_refused_with_its_line(
    cls: type[Any], words: str, options: dict[str, bool]
) -> None:
    """Other workflows: whichever way it is run, and whether or not lines were noted on the way."""
    error = told_of(cls, Refused, **options)
    assert words in str(error)
    assert (error.file, error.line) == (inspect.getsourcefile(cls), marked_line(cls))
    assert error.at == datetime(2026, 1, 2, tzinfo=UTC)
    assert "reaches it as an event" in error.mend


def test_the_next_workflow_on_the_same_thread_is_not_hit_by_an_interruption(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "STUCK_AFTER", 0.3)
    for _ in range(3):
        told_of(mischief.LoopsWithoutWaiting, Spinning, sandboxed=False)
        assert rehearsed(mischief.GoesThroughASet, sandboxed=False).done


def test_state_that_outlives_a_run_is_found_by_carrying_it_out_again() -> None:
    engine = rehearsed(mischief.RemembersOtherRuns, sandboxed=False)
    with pytest.raises(NotDeterministic) as caught:
        carried_out_again(engine)
    assert caught.value.line == marked_line(mischief.RemembersOtherRuns)
    assert "start_timer" in str(caught.value)


def test_chance_is_found_by_carrying_it_out_again_even_where_no_sandbox_looks() -> None:
    engine = rehearsed(mischief.Draws, sandboxed=False)
    with pytest.raises(NotDeterministic, match="complete_workflow_execution"):
        carried_out_again(engine)


def test_the_order_of_a_set_is_found_under_two_hash_seeds() -> None:
    difference = hash_seed_difference(f"{__name__}:set_order")
    assert difference is not None
    assert f"mischief.py:{marked_line(mischief.GoesThroughASet)}" in difference


def test_two_hash_seeds_give_the_standard_journey_the_same_commands() -> None:
    assert hash_seed_difference(f"{__name__}:standard") is None


def set_order() -> list[str]:
    return lines(rehearsed(mischief.GoesThroughASet, traced=True).log)


def standard() -> list[str]:
    from tests.rehearsal.test_engine import ninety_days

    return lines(ninety_days()[1].log)


def test_a_journey_that_quits_fails_its_rehearsal() -> None:
    """`raise SystemExit(0)` is no way to end with exit code 0."""
    from tests.rehearsal.hasty import Hasty

    done = CliRunner().invoke(cli.app, ["rehearse", "hasty", "--scenario", "happy-path"])
    assert done.exit_code == 1
    told = " ".join(done.output.split())
    assert "The workflow quits: SystemExit(0)" in told
    assert f"hasty.py:{marked_line(Hasty)}" in told


def test_the_command_rehearses_in_the_sandbox_first() -> None:
    """`doorstep rehearse` needs no flag for it; a journey that draws lots fails there with its line."""
    from tests.rehearsal.chancy import Chancy

    done = CliRunner().invoke(cli.app, ["rehearse", "chancy", "--scenario", "happy-path"])
    assert done.exit_code == 1
    told = " ".join(done.output.split())
    assert "random.random" in told
    assert f"chancy.py:{marked_line(Chancy)}" in told


def test_what_differs_between_processes_is_not_always_a_set() -> None:
    """A hash does, too: whoever looks for a set that is not there is told of it."""
    from tests.rehearsal.hashing import Hashing

    done = CliRunner().invoke(cli.app, ["rehearse", "hashing", "--scenario", "happy-path"])
    assert done.exit_code == 1
    told = " ".join(done.output.split())
    assert "The workflow is not deterministic" in told
    assert f"hashing.py:{marked_line(Hashing)}" in told
    assert "If it goes through a set: sort it first. Otherwise it asks for hash() or id()" in told


def test_bytecode_that_python_keeps_of_a_journey_is_no_misdeed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Python keeps bytecode, the sandbox's first import of a module writes a file in the workflow's turn."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    told_of(mischief.Raises, WorkflowTaskFailed)
    assert list(tmp_path.rglob("mischief*.pyc"))


def test_who_waits_for_a_processor_does_not_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine an innocent workflow's task takes longer than any bound: counted is what it had of a
    processor. One that waits for ever is interrupted by the clock."""
    monkeypatch.setattr(guard, "STUCK_AFTER", 0.2)
    mine = guard._Turn(threading.get_ident())  # which nobody watches
    assert not mine.stuck()
    threading.Event().wait(0.6)  # as a thread waits whose processor others have
    assert not mine.stuck()
    assert mine.waited()
    monkeypatch.setattr(guard, "WAITS_AFTER", 0.3)
    assert mine.stuck()


def test_garbage_that_is_collected_in_a_turn_is_not_the_workflows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python goes through all objects in whichever thread comes along; in a large process that takes seconds."""
    monkeypatch.setattr(guard, "STUCK_AFTER", 0.2)
    # it shall look, and leave this thread alone: from the watcher's thread, and where a tick comes in this one
    monkeypatch.setattr(guard, "_interrupt", lambda held: None)
    monkeypatch.setattr(guard, "_heard", lambda number, frame: None)
    many = [[[]] for _ in range(300_000)]
    mine = guard.begin()
    try:
        mine.began -= 1
        began, seen = time.thread_time(), []
        while time.thread_time() - began < 1:
            gc.collect()
            seen.append(mine.stuck())
        own = time.thread_time()
        while time.thread_time() - own < 0.5:
            pass
        seen_last = mine.stuck()
    finally:
        guard.end(mine)
    assert not any(seen)
    assert seen_last
    assert len(many) == 300_000
