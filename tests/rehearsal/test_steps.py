"""Which steps a journey can have, as its source tells: no name is refused that its run might make."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from doorstep.rehearsal.exploring.steps import goes_once, may_have
from doorstep.workflows import registry
from doorstep.workflows.standard_v1 import Standard

Made = Callable[[str], type[Any]]
HEAD = """from functools import partial
from doorstep import Journey

LATE = ("late-6", "late-8")
NAMES = {"a": "late-6"}

class Tea(Journey):
"""
KNOWN = {
    "a text": "self.send('late-6')",
    "a loop": "[self.send(f'late-{n}') for _ in 'a']\n        for n in (6, 8):\n            self.send(f'late-{n}')",
    "a helper's": "self.remind('late-6')\n    def remind(self, step):\n        self.send(step)",
    "a table": "self.send(NAMES[self.day])",
    "either": "self.send('late-6' if self.day else 'late-8')",
}
"""Bodies of `run`; none can make `late-7`."""
MADE_UP = {
    "a number of the run": "self.send(f'late-{self.day}')",
    "a format": "for n in (6, 8):\n            self.send(f'{n:1}')",
    "an attribute": "self.send(self.step)",
    "a call": "self.send(str(self.day))",
    "its parts": "self.send('late-' + '7')",
    "two sources": "step = 'late-6'\n        for step in LATE:\n            self.send(step)",
    "longer later": "step = 'late'\n        step += '-7'\n        self.send(step)",
    "typed": "step = 'late-6'\n        step: str = self.step\n        self.send(step)",
    "a star": "self.send(*LATE)",
    "a table": "self.send(**{'step': 'late-7'})",
    "handed on": "self.send('late-6')\n        remind(self)",
    "its sending handed on": "self.send('late-6')\n        remind(self.send)",
    "a helper handed on": "self.f('late-6')\n        g = partial(self.f, 'late-7')\n"
    "    def f(self, step):\n        self.send(step)",
    "a helper's own": "self.f('late-6')\n        self.f()\n    def f(self, step='late-7'):\n        self.send(step)",
    "a helper's change": "self.f(1)\n"
    "    def f(self, step):\n        if step:\n            step = 'x'\n        self.send(step)",
    "without a self": "Tea.f(2, 'late-7')\n    @staticmethod\n    def f(when, step):\n        self.send(step)",
    "a table that grows": "self.send(NAMES[self.day])\nNAMES['b'] = 'late-7'",
    "its base's": "super().send('late-6')",
}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """A journey of a module of its own, from the body of its `run`."""
    name = "doorstep_made_up"

    def load(body: str) -> type[Any]:
        file = tmp_path / f"{name}.py"
        file.write_text(f"{HEAD}    async def run(self):\n        {body}\n")
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found: type[Any] = module.Tea
        return found

    yield load
    sys.modules.pop(name, None)


@pytest.mark.parametrize("body", KNOWN.values(), ids=KNOWN)
def test_a_step_that_the_code_cannot_make_is_none(made: Made, body: str) -> None:
    journey = made(body)
    assert may_have(journey, "late-6")
    assert not may_have(journey, "late-7")


@pytest.mark.parametrize("body", MADE_UP.values(), ids=MADE_UP)
def test_a_step_that_the_code_might_make_is_one(made: Made, body: str) -> None:
    assert may_have(made(body), "late-7")


def test_a_pattern_leaves_the_rest_refused(made: Made) -> None:
    journey = made("self.send(f'late-{self.day}')")
    assert not may_have(journey, "lat-7")


def test_a_journey_whose_source_is_gone_may_have_any(made: Made) -> None:
    journey = made("self.send('late-6')")
    Path(sys.modules[journey.__module__].__file__ or "").unlink()
    assert may_have(journey, "late-7")


def test_the_standard_journey_has_no_other_steps_than_its_code_says() -> None:
    assert may_have(Standard, "cross-sell-14")
    assert not may_have(Standard, "cross-sell-15")


@pytest.mark.parametrize(
    ("step", "once"),
    [
        ("education", True),
        ("win-back-45", True),
        ("delivered", False),
        ("vip-welcome", False),
        ("none-such", False),
    ],
)
def test_a_step_that_is_about_nothing_in_particular_goes_once(step: str, once: bool) -> None:
    registry.load(())
    assert goes_once("standard.v1", step) is once
    assert not goes_once("gone.v1", step)
