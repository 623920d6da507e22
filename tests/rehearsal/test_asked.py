"""What comes from outside, validators and queries: they may refuse, and must not ask for clock or chance, or block."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from tests.rehearsal import asked

from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.trouble import Blocking, NotDeterministic, RehearsalError, WorkflowTaskFailed

START = datetime(2026, 3, 2, 10, tzinfo=UTC)


def started(cls: type[Any], **options: Any) -> Engine:
    engine = Engine(cls, workflow_id=f"wf-{cls.__name__}", start=START, **options)
    engine.run_until(START)
    return engine


def marked_line(cls: type[Any]) -> int:
    source, first = inspect.getsourcelines(cls)
    return first + next(n for n, text in enumerate(source) if "# here" in text)


@pytest.mark.parametrize("again", [1, 2])
@pytest.mark.parametrize(
    ("cls", "kind", "word"),
    [
        (asked.ClockInTheValidator, NotDeterministic, "datetime.datetime.now, which differs from run to run"),
        (asked.WrapsTheRefusal, NotDeterministic, "time.time, which differs from run to run"),
        (asked.SleepsInTheValidator, Blocking, "time.sleep"),
    ],
)
def test_a_validator_that_asks_for_the_clock_or_blocks_is_told_every_time(
    cls: type[Any], kind: type[RehearsalError], word: str, again: int
) -> None:
    """The refusal was the update's rejection, the class then counted as proven, and the second run took the update."""
    with started(cls) as engine, pytest.raises(kind, match=word) as caught:
        engine.update("add", "tea")
    assert (caught.value.file, caught.value.line) == (asked.__file__, marked_line(cls))
    assert caught.value.at == START
    assert engine.sandboxed


def test_what_blocks_in_a_validator_is_told_without_the_sandbox_too() -> None:
    with started(asked.SleepsInTheValidator, sandboxed=False) as engine, pytest.raises(Blocking):
        engine.update("add", "tea")


def test_a_query_that_asks_for_the_clock_is_told_with_its_line() -> None:
    with started(asked.ClockInTheQuery) as engine, pytest.raises(NotDeterministic) as caught:
        engine.query("add", "tea")
    assert (caught.value.file, caught.value.line) == (asked.__file__, marked_line(asked.ClockInTheQuery))
    assert "pass through" not in str(caught.value)


def test_a_validator_and_a_query_may_refuse() -> None:
    with started(asked.Refuses) as engine:
        update = engine.update("add", "tea")
        with pytest.raises(ApplicationError, match="tea"):
            _ = update.result
        with pytest.raises(ApplicationError, match="nothing to tell"):
            engine.query("told")
        engine.signal("say", "stop")
        assert engine.result == ["stop"]


@pytest.mark.parametrize("sandboxed", [False, True])
@pytest.mark.parametrize(
    ("kind", "name", "given", "handler", "mend"),
    [
        (
            "signal",
            "say",
            ("a", "b"),
            "say",
            "Takes.say() takes 2 positional arguments but 3 were given: send it (word).",
        ),
        ("signal", "say", (), "say", "missing 1 required positional argument: 'word': send it (word)."),
        ("signal", "say-later", ("a", 2, "c"), "later", "were given: send it (word, times=1)."),
        ("update", "add", ("a", "b"), "add", "were given: send it (word)."),
    ],
)
def test_other_arguments_than_a_handler_takes_are_told_with_its_line(
    kind: str, name: str, given: tuple[Any, ...], handler: str, mend: str, sandboxed: bool
) -> None:
    """On a server the task would fail for ever: whoever sent it reads which handler it was."""
    with (
        started(asked.Takes, sandboxed=sandboxed) as engine,
        pytest.raises(WorkflowTaskFailed, match=f"The {kind} '{name}' came with other arguments") as caught,
    ):
        getattr(engine, kind)(name, *given)
    assert caught.value.mend.endswith(mend)
    assert caught.value.file == asked.__file__
    lines = Path(asked.__file__).read_text().splitlines()
    defined = [n for n, text in enumerate(lines, 1) if f"def {handler}(" in text]
    assert caught.value.line == defined[-1]


def test_a_handlers_own_mistake_keeps_its_own_line() -> None:
    with started(asked.Takes) as engine, pytest.raises(WorkflowTaskFailed, match="TypeError: ") as caught:
        engine.signal("stumble")
    assert caught.value.line == marked_line(asked.Takes)
