"""What a journey forgets to await is a problem of its rehearsal, and nobody else's warnings are touched."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
import warnings
from typing import Any

import pytest
from tests.rehearsal import forgetful

from doorstep.rehearsal import forgotten, in_sandbox, shelf
from doorstep.rehearsal.exploring.explore import explore
from doorstep.rehearsal.limits.finding import find
from doorstep.rehearsal.reading import read
from doorstep.rehearsal.rehearse import rehearse
from doorstep.workflows import registry

for kind in [k for k in registry._JOURNEYS if k.startswith(("forgetful-", "leaves-what-it-began"))]:
    registry._JOURNEYS.pop(kind)  # other tests count the published journeys

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # the fast run's

RETURNED = "  - at: day 9 10:00\n    event: return.requested\n    data: {lines: [[fern, 1]]}\n"


def line(cls: type[Any], text: str) -> int:
    source, first = inspect.getsourcelines(cls)
    return first + next(n for n, one in enumerate(source) if text in one and "await" not in one)


def said(cls: type[Any], name: str, call: str) -> str:
    return (
        f"tests/rehearsal/forgetful.py:{line(cls, call + '(')}: `{name}(…)` was never awaited, so it does nothing. "
        f"Write `await {call}(…)`."
    )


@pytest.mark.parametrize(
    ("cls", "name", "call"),
    [
        (forgetful.AtOnce, "send", "self.send"),
        (forgetful.InACondition, "returned", "self.returned"),
        (forgetful.InAVariable, "send", "self.send"),
    ],
    ids=lambda told: getattr(told, "__name__", ""),
)
def test_a_forgotten_await_is_told_with_its_line(cls: type[Any], name: str, call: str) -> None:
    story = shelf.load("happy-path")
    assert rehearse(cls, story).ok, "the fast run alone does not see it"
    assert in_sandbox.proven(cls, story).problems == (said(cls, name, call),)
    assert in_sandbox.proven(cls, story, render=False).problems == (said(cls, name, call),), "kept"


def test_it_is_told_beside_what_it_led_to() -> None:
    ends, forgot = in_sandbox.proven(forgetful.AndStuck, shelf.load("happy-path")).problems
    assert "never ends" in ends
    assert forgot == said(forgetful.AndStuck, "prepare", "self.prepare")


def test_a_way_that_only_a_later_story_takes_is_proven_too() -> None:
    assert in_sandbox.proven(forgetful.WhenReturned, shelf.load("happy-path")).ok
    story = read(f"scenario: sent back\ntimeline:\n{RETURNED}", "mine.yaml")
    where = f"forgetful.py:{line(forgetful.WhenReturned, 'return-guide')}"
    [problem] = in_sandbox.proven(forgetful.WhenReturned, story).problems
    assert f"{where}: `send(…)` was never awaited" in problem


def test_explore_tells_it_before_it_searches_and_of_what_it_finds() -> None:
    report = explore(forgetful.AtOnce, runs=5)
    assert (report.runs, report.ok) == (0, False)
    assert "`send(…)` was never awaited" in report.refused[0]
    limit = find("never return-received after return.requested")
    later = explore(forgetful.WhenReturned, limits=[limit], runs=150, first=True)
    assert later.refused == ()
    assert "`send(…)` was never awaited" in later.findings[0].refused[0]


def test_what_a_journey_leaves_is_no_mistake() -> None:
    assert in_sandbox.proven(forgetful.Leaves, shelf.load("happy-path")).problems == ()


async def _made() -> None: ...


def test_all_is_put_back_also_where_it_raises() -> None:
    before = vars(warnings)[forgotten._HOOK], sys.get_coroutine_origin_tracking_depth()
    with forgotten.watched():
        with pytest.raises(ZeroDivisionError), forgotten.watched():
            raise ZeroDivisionError
        assert vars(warnings)[forgotten._HOOK] is not before[0], "the outer one still watches"
    assert (vars(warnings)[forgotten._HOOK], sys.get_coroutine_origin_tracking_depth()) == before


def test_other_threads_and_other_code_warn_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(warnings, forgotten._HOOK, lambda coroutine: heard.append(coroutine.__name__))

    def forgets() -> None:
        async def run() -> None:
            _made()  # type: ignore[unused-coroutine] # that is the mistake

        asyncio.run(run())

    with forgotten.watched() as found:
        thread = threading.Thread(target=forgets)
        thread.start()
        thread.join()
        assert (heard, found) == (["_made"], [])
        asyncio.Event().wait()  # type: ignore[unused-coroutine] # outside any workflow
    assert (heard, found) == (["_made", "wait"], [])
