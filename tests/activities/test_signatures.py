"""The activities are those that journeys know: same names, same inputs, same results."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

import pytest
from temporalio import activity

from doorstep import contracts
from doorstep.activities.ports import activities
from doorstep.models.base import Database
from doorstep.ports import Ports

STUBS: dict[str, Callable[..., Any]] = {
    contracts.TOUCH: contracts.touch,
    contracts.PROJECT: contracts.project,
    contracts.CLAIM_ACTION: contracts.claim_action,
    contracts.OPEN_TICKET: contracts.open_ticket,
    contracts.MOVE_POINTS: contracts.move_points,
    contracts.RECOMMEND: contracts.recommend,
    contracts.PREDICT_RUN_OUT: contracts.predict_run_out,
}


@pytest.fixture
def made(ports: Ports, database: Database) -> dict[str, Callable[..., Any]]:
    return {_definition(function).name: function for function in activities(ports, database)}


def _definition(function: Callable[..., Any]) -> Any:
    return activity._Definition.must_from_callable(function)


def _signature(function: Callable[..., Any]) -> tuple[list[Any], Any]:
    hints = typing.get_type_hints(function)
    result = hints.pop("return")
    return [hints[name] for name in inspect.signature(function).parameters if name in hints], result


def test_every_stub_has_its_activity_and_nothing_more(made: dict[str, Any]) -> None:
    """The names in `contracts` are the names that the worker registers."""
    names = {
        value
        for name, value in vars(contracts).items()
        if name.isupper() and isinstance(value, str) and not name.endswith(("_SIGNAL", "_UPDATE", "_QUERY"))
    }
    assert set(made) == set(STUBS) == names


@pytest.mark.parametrize("name", STUBS)
def test_an_activity_takes_and_gives_what_its_stub_says(made: dict[str, Any], name: str) -> None:
    """Input and result types are equal, so what the converter makes is what the code expects."""
    assert _signature(made[name]) == _signature(STUBS[name])


@pytest.mark.parametrize("name", STUBS)
def test_an_activity_runs_in_a_thread_that_is_never_interrupted(made: dict[str, Any], name: str) -> None:
    """Plain functions, and no exception is thrown into one that may have called a provider."""
    assert not inspect.iscoroutinefunction(made[name])
    assert _definition(made[name]).no_thread_cancel_exception
