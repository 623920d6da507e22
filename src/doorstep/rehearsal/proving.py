"""Whether a workflow is deterministic: carried out again it must give the same commands, on another instance and in
another process with other hashes."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from doorstep.domain.values import value
from doorstep.errors import SetupError
from doorstep.processes import tied
from doorstep.rehearsal import _sdk, contents, ending
from doorstep.rehearsal.log import Entry
from doorstep.rehearsal.trouble import NotDeterministic

if TYPE_CHECKING:
    from doorstep.rehearsal.execution import Execution


@value(frozen=True, slots=True, kw_only=False)
class Turn:
    """One activation: what came, when, and what the workflow answered."""

    start: Any
    """The start of the run it belongs to."""
    at: int
    """Nanoseconds since 1970."""
    length: int
    jobs: Sequence[_sdk.Told]
    commands: Sequence[_sdk.Said]


def carried_out_again(engine: Execution) -> None:
    """Carry out everything the engine did once more, on fresh instances.

    Raises `NotDeterministic` at the first command that differs, naming both.
    """
    machine: _sdk.Machine | None = None
    for turn in engine.turns:
        if machine is None or machine.start is not turn.start:
            machine = machine_of(engine, turn)
        try:
            again = machine.activate(turn.jobs, at=turn.at, length=turn.length)
        except _sdk.TurnError as error:
            raise ending.told(engine, error) from None
        first, second = _sdk.commands(turn.commands), _sdk.commands(again)
        if first != second:
            raise _differs(engine, turn, first, second, machine)
    if machine is not None:
        machine.evict()


def machine_of(engine: Execution, turn: Turn) -> _sdk.Machine:
    """A fresh instance of the run that the turn belongs to, traced."""
    return _sdk.Machine(
        engine.definition_of(turn.start.workflow_type),
        turn.start,
        run_id=turn.start.original_execution_run_id,
        at=turn.at // 1000,
        task_queue=engine.task_queue,
        converter=engine.converter,
        sandboxed=engine.sandboxed,
        traced=True,
    )


def _differs(
    engine: Execution,
    turn: Turn,
    first: Sequence[_sdk.Command],
    second: Sequence[_sdk.Command],
    machine: _sdk.Machine,
) -> NotDeterministic:
    number = next(
        (n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
        min(len(first), len(second)),
    )
    at, places = turn.at // 1000, machine.places
    until = [e for e in engine.log if e.micros <= at]
    one, other = _quoted(_said(first, number, at), _said(second, number, at))
    return NotDeterministic(
        f"The workflow is not deterministic: first it said [{one}], carried out again [{other}]",
        at=Entry(at, "", "").at,
        log=until,
        place=places[number] if number < len(places) else None,
        mend="Nothing a workflow does may depend on sets, ids, module state or anything else outside it.",
    )


def _said(commands: Sequence[_sdk.Command], number: int, at: int) -> tuple[str, str]:
    """What a command is, and its content."""
    if number >= len(commands):
        return "nothing", ""
    kind = commands[number].WhichOneof("variant") or ""
    asked = getattr(commands[number], kind)
    content = json.dumps(Entry(at, kind, "", asked).content, ensure_ascii=False, default=str)
    return f"{kind} {ending.named(kind, asked)}".rstrip(), content


def _quoted(one: tuple[str, str], other: tuple[str, str]) -> tuple[str, str]:
    if one[0] != other[0] or one[1] == other[1]:
        return " ".join(one)[:300].rstrip(), " ".join(other)[:300].rstrip()
    first, second = contents.apart(one[1], other[1])
    return f"{one[0]}, {first}", f"{other[0]}, {second}"


# --- another process --------------------------------------------------------------------------------------


def lines(log: Sequence[Entry]) -> list[str]:
    """A log as text that two processes can compare: times, commands and their whole content."""
    return [f"{e}  {json.dumps(e.content, sort_keys=True, ensure_ascii=False)}" for e in log]


ZONES = ("Pacific/Kiritimati", "Pacific/Pago_Pago")
"""Zones of machines whose clocks on the wall never show one date."""


def with_hash_seed(
    target: str,
    seed: int,
    *args: str,
    zone: str = "",
    timeout: float = 600.0,
    given: str = "",
    began: Callable[[subprocess.Popen[str]], None] = lambda process: None,
) -> list[str]:
    """What `package.module:function` (called with these strings, answering lines) says in a process of its own under
    this `PYTHONHASHSEED`, in this time zone (IANA's name; empty: in this machine's). `given` stands in its
    input; `began` is handed the process, which ends with this one. Raises `SetupError` with the process's last
    words when it fails, or has not answered after `timeout` seconds."""
    with subprocess.Popen(
        tied([sys.executable, "-c", f"from {__name__} import _child; _child()", target, *args]),
        env={
            **os.environ,
            "PYTHONHASHSEED": str(seed),
            **({"TZ": zone} if zone else {}),
            "PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path]),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        began(process)
        try:
            said, error = process.communicate(given, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise SetupError(f"{target} did not answer in {timeout:g} seconds.") from None
    if process.returncode:
        raise SetupError(f"{target} failed in a process of its own: {error.strip()[-600:]}")
    answered: list[str] = json.loads(said.rpartition("\n")[2])
    return answered


def hash_seed_difference(target: str, *args: str, seeds: Sequence[int] = (1, 2)) -> str | None:
    """The first line in which two hash seeds (each in a time zone of its own) differ, as one says it and as the other
    does; None when they agree. Iterating over a set of strings shows here and nowhere else."""
    first, second = (
        with_hash_seed(target, seed, *args, zone=zone) for seed, zone in zip(seeds, ZONES, strict=True)
    )
    if first == second:
        return None
    for one, other in zip([*first, "(nothing)"], [*second, "(nothing)"], strict=False):
        if one != other:
            return f"PYTHONHASHSEED={seeds[0]}: {one}\nPYTHONHASHSEED={seeds[1]}: {other}"
    return None


def _child() -> None:
    target, *args = sys.argv[1:]
    module, _, name = target.partition(":")
    answered = getattr(importlib.import_module(module), name)(*args)
    sys.stdout.write("\n" + json.dumps(answered, ensure_ascii=False))
