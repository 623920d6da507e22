"""What the worker's sandbox imports for every run, and what all runs share."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from doorstep import sandbox
from doorstep.rehearsal.engine import Engine
from doorstep.sandbox import read_once

SOURCE = """
from temporalio import workflow

kept: list[str] = []


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> list[str]:
        kept.append("{word}")
        return kept
"""


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module with one workflow, in a file of its own."""
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "sandbox_probe.py"
    written(file, "first")
    yield file
    sys.modules.pop("sandbox_probe", None)


def written(file: Path, word: str) -> None:
    file.write_text(SOURCE.format(word=word))
    later = file.stat().st_mtime + len(word)  # bytecode is told from newer source by the second
    os.utime(file, (later, later))


def ran() -> Any:
    """What one run of the workflow answers, in the sandbox."""
    cls = importlib.import_module("sandbox_probe").Probe
    with Engine(cls, workflow_id="wf", start=datetime(2026, 1, 1, tzinfo=UTC), sandboxed=True) as engine:
        engine.run()
        return engine.result


def test_each_run_has_a_module_of_its_own(probe: Path) -> None:
    with read_once():
        assert [ran(), ran()] == [["first"], ["first"]]


def test_a_file_replaced_beneath_a_worker_changes_no_run_of_it(probe: Path) -> None:
    """A deployment that writes over the files of a running worker: half of its journeys would take another course."""
    assert ran() == ["first"]
    written(probe, "second, longer")
    assert ran() == ["second, longer"]  # as Python does, and a rehearsal that watches a file wants it
    with read_once():
        assert ran() == ["second, longer"]
        written(probe, "third, and longer still")
        assert ran() == ["second, longer"]
    assert ran() == ["third, and longer still"]


def test_what_a_payload_belongs_to_is_asked_directly(probe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK compiles two lines for each question and enters the sandbox; the answer is the same."""
    heard: list[tuple[Any, Any]] = []
    directly = sandbox._ask_directly

    def questions(instance: Any) -> tuple[Any, Any]:
        return instance.get_serialization_context(None), instance.get_external_store_context(None)

    def listening(instance: Any) -> None:
        by_the_sdk = questions(instance)
        directly(instance)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(instance), "_run_code", None)  # the way into the sandbox
            heard.append((by_the_sdk, questions(instance)))

    monkeypatch.setattr(sandbox, "_ask_directly", listening)
    assert ran() == ["first"]
    [(by_the_sdk, ours)] = heard
    assert ours == by_the_sdk
    assert ours[0].workflow_id == "wf"
