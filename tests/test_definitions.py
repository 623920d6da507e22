"""A journey's class in the sandbox: defined without the SDK's search where its handlers are the engine's, and by the
SDK where it has handlers of its own."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from tests.rehearsal.test_engine import Answers
from tests.workflows.stage import line, said

from doorstep.contracts import STATE_QUERY, JourneyStart
from doorstep.rehearsal.engine import Engine
from doorstep.workflows import registry

PLACED = datetime(2026, 3, 1, 9, tzinfo=UTC)

SOURCE = """
from temporalio import workflow
from doorstep import Journey, journey, routing

kept: list[str] = []


@journey("defined-plain", version=1)
class Plain(Journey):
    async def run(self) -> None:
        kept.append("ran")
        await self.sleep_until(self.day(3))


@journey("defined-own", version=1)
class Own(Journey):
    @workflow.query
    def mine(self) -> list[str]:
        return kept

    async def run(self) -> None:
        kept.append("ran")
        await self.sleep_until(self.day(3))


@journey("defined-above", version=1)
class Above(Own):
    pass


@routing
def nobodys(facts):
    return None
"""


@pytest.fixture
def classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A store's module, imported as a worker does."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "defined_journeys.py").write_text(SOURCE)
    before = registry.journeys()
    monkeypatch.setattr(registry, "_ROUTING", list(registry._ROUTING))
    yield importlib.import_module("defined_journeys")
    sys.modules.pop("defined_journeys", None)
    for kind in set(registry.journeys()) - set(before):
        del registry._JOURNEYS[kind]


@pytest.fixture
def searched(classes: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The classes that the SDK searched for handlers from here on."""
    found: list[str] = []
    plain = workflow._Definition._apply_to_class

    def noted(cls: type, **how: Any) -> None:
        found.append(cls.__name__)
        plain(cls, **how)

    monkeypatch.setattr(workflow._Definition, "_apply_to_class", staticmethod(noted))
    return found


@contextmanager
def running(cls: type) -> Iterator[Engine]:
    """A run of the journey, in the sandbox, an hour after the order."""
    start = JourneyStart(
        journey_id="jny_1",
        store_id="s",
        order_ref="ord_1",
        person_ref="per_1",
        placed=said("order.placed", PLACED, lines=[line()], total_minor=4200, currency="EUR"),
        zone="Europe/Berlin",
    )
    activities: dict[str, Any] = dict(Answers().activities())
    with Engine(
        cls, start, workflow_id="jny_1", start=PLACED, activities=activities, sandboxed=True
    ) as engine:
        engine.run_until(PLACED + timedelta(hours=1))
        yield engine
        engine.run()


def test_a_run_takes_over_what_the_process_found(classes: Any, searched: list[str]) -> None:
    with running(classes.Plain) as engine:
        assert engine.query(STATE_QUERY).journey_id == "jny_1"
    assert engine.result == "completed"
    assert "Plain" not in searched
    assert classes.kept == []  # what ran was the run's own class, not the process's


@pytest.mark.parametrize("name", ["Own", "Above"])
def test_handlers_of_ones_own_belong_to_the_run(classes: Any, searched: list[str], name: str) -> None:
    with running(getattr(classes, name)) as engine:
        assert engine.query("mine") == ["ran"]  # the run's module, in which it ran
    assert classes.kept == []
    assert {"Own", "Above"} <= set(searched)


def test_what_a_run_imports_is_not_published_again(classes: Any) -> None:
    routings = list(registry._ROUTING)
    with running(classes.Plain):
        assert registry.journeys()["defined-plain.v1"] is classes.Plain
    assert routings[-1] is classes.nobodys
    assert routings == registry._ROUTING
