"""A workflow that holds on is let go of, whatever holds it: each in a process of its own, with a bound that only a
hanging one meets."""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.rehearsal import stubborn

from doorstep.rehearsal import guard, nudging

HANGS = 120.0
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the clock that ticks is Linux's")


def child(name: str, *more: object, main: str = "main") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"from tests.rehearsal.stubborn import {main}; {main}()",
            name,
            *map(str, more),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])},
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    with process:
        try:
            said, complained = process.communicate(timeout=HANGS)
        except subprocess.TimeoutExpired:
            process.kill()
            pytest.fail("it hangs")
    return process.returncode, said, complained


def lines_of(cls: type[Any]) -> range:
    source, first = inspect.getsourcelines(cls)
    return range(first, first + len(source))


def told_of(cls: type[Any], *more: object, main: str = "main") -> dict[str, Any]:
    code, said, complained = ended(child(cls.__name__, *more, main=main))
    assert (code, complained) == (0, "")
    told: dict[str, Any] = json.loads(said)
    assert told["line"] in lines_of(cls)
    assert told["undisturbed"]
    return told


@pytest.mark.parametrize("main", ["main", "main_elsewhere"])
@pytest.mark.parametrize("sandboxed", [True, False])
@pytest.mark.parametrize("cls", [stubborn.Swallows, stubborn.SwallowsTwice])
def test_who_swallows_what_interrupts_it_is_interrupted_until_it_ends(
    cls: type[Any], sandboxed: bool, main: str
) -> None:
    told = told_of(cls, sandboxed, main=main)
    assert told["kind"] == "Spinning", told


@ON_LINUX
@pytest.mark.parametrize("sandboxed", [True, False])
def test_a_regular_expression_without_end_is_interrupted(sandboxed: bool) -> None:
    """It holds the interpreter: no other thread comes to say so."""
    told = told_of(stubborn.Matches, sandboxed)
    assert told["kind"] == "Spinning", told


@ON_LINUX
def test_who_computes_where_nobody_can_look_does_not_wait() -> None:
    """Nobody ever looked at it until it was over: it was said to wait for something outside."""
    told = told_of(stubborn.Sums, False)
    assert told["kind"] == "Spinning", told
    assert "it computes without end" in told["what"]


@pytest.mark.parametrize(
    "cls", [stubborn.LocksTwice, stubborn.WaitsForAThread, stubborn.WaitsAndGoesOn, stubborn.ReadsAPipe]
)
def test_who_waits_outside_is_interrupted_where_no_sandbox_refuses_it(cls: type[Any], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    told = told_of(cls, False, tmp_path / "pipe")
    assert told["kind"] == "Blocking", told
    assert "waits for something outside" in told["what"]


def test_what_nothing_reaches_ends_its_process_with_a_word() -> None:
    code, said, complained = ended(child("HearsNothing", False))
    assert (code, said) == (1, "")
    line = lines_of(stubborn.HearsNothing)[-1]
    assert f"stubborn.py:{line}: it cannot be interrupted, so the process ends." in complained


@pytest.mark.parametrize("main", ["main", "main_as_a_command"])
@pytest.mark.parametrize("sandboxed", [True, False])
def test_a_persons_interruption_is_no_mischief_of_the_workflow(main: str, sandboxed: bool) -> None:
    process = child("Busy", sandboxed, main=main)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    assert ended(process)[1] == "Ctrl-C\n"


def test_an_interruption_as_a_turn_begins_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    guard.end(guard.begin())
    before, hear = signal.getsignal(signal.SIGURG), nudging.hear

    def interrupted(number: int, handler: Any) -> None:
        hear(number, handler)
        monkeypatch.setattr(nudging, "hear", hear)
        raise KeyboardInterrupt

    monkeypatch.setattr(nudging, "hear", interrupted)
    with pytest.raises(KeyboardInterrupt):
        guard.begin()
    assert threading.get_ident() not in guard.turns()
    assert signal.getsignal(signal.SIGURG) is before


def heard_elsewhere(number: int, frame: Any) -> None:
    """Who hears the signal outside a rehearsal."""


def test_who_heard_the_signal_hears_it_again_after_a_rehearsal_and_not_between_its_turns() -> None:
    guard.end(guard.begin())
    before = signal.signal(signal.SIGURG, heard_elsewhere)
    try:
        with guard.listening():
            for _ in range(2):
                guard.end(guard.begin())
                assert signal.getsignal(signal.SIGURG) not in (heard_elsewhere, before)
            with guard.listening():
                signal.raise_signal(signal.SIGURG)  # between two turns it means nothing
            assert signal.getsignal(signal.SIGURG) not in (heard_elsewhere, before)
        assert signal.getsignal(signal.SIGURG) is heard_elsewhere
    finally:
        signal.signal(signal.SIGURG, before)


def test_a_workflow_that_hears_the_signal_itself_does_not_keep_it() -> None:
    guard.end(guard.begin())
    before = signal.getsignal(signal.SIGURG)
    with guard.listening():
        turn = guard.begin()
        signal.signal(signal.SIGURG, heard_elsewhere)
        guard.end(turn)
        turn = guard.begin()
        assert signal.getsignal(signal.SIGURG) is not heard_elsewhere
        guard.end(turn)
    assert signal.getsignal(signal.SIGURG) is before
