"""The steps that a journey's code names: all of them, or that it cannot be known."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from doorstep.rehearsal.exploring.steps import every_step, steps
from doorstep.workflows.standard_v1 import Standard

HEAD = """
from functools import partial
from doorstep.workflows.journey import Journey

NAMES = {"a": "one", "b": "two"}


class Told(Journey):
    async def run(self):
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A journey with that body of `run`, and what stands below it."""

    def made(body: str, below: str = "") -> type[Any]:
        file = tmp_path / "told_v1.py"
        file.write_text(f"{HEAD}{textwrap.indent(body, ' ' * 8)}\n{below}")
        module = ModuleType(file.stem)
        module.__file__ = str(file)
        monkeypatch.setitem(sys.modules, file.stem, module)
        exec(compile(file.read_text(), file, "exec"), module.__dict__)
        found: type[Any] = module.Told
        return found

    return made


def test_the_standard_journey_names_every_step_it_has() -> None:
    found = every_step(Standard)
    assert found == steps(Standard)
    assert {"education", "community", "cross-sell-21"} <= found


@pytest.mark.parametrize(
    ("body", "every"),
    [
        ("await self.send('one')", {"one"}),
        ("for n in (7, 14): await self.send(f'day-{n}')", {"day-7", "day-14"}),
        ("await self.send(NAMES[self.zone])", {"one", "two"}),
        ("await self.send(f'about-{self.zone}')", {"about-*"}),
    ],
)
def test_a_step_that_is_spelt_out_is_known(told: Any, body: str, every: set[str]) -> None:
    assert every_step(told(body)) == every


@pytest.mark.parametrize(
    ("body", "below"),
    [
        ("await self.send(self.zone)", ""),
        ("await self.send(*self.lines)", ""),
        ("await self.send(**self.lines)", ""),
        ("step = 'one'\nstep += self.zone\nawait self.send(step)", ""),
        ("for step in self.lines: await self.send(step)", ""),
        ("await self.send(NAMES[self.zone])", "NAMES['c'] = 'three'\n"),
        ("send = self.send\nawait send('one')", ""),
        ("await getattr(self, 'send')('one')", ""),
        ("await outside(self)", "async def outside(told):\n    await told.send('one')\n"),
        (
            "await partial(self.later, 'one')()",
            "    async def later(self, step='two'):\n        await self.send(step)\n",
        ),
    ],
)
def test_a_step_that_may_be_anything_makes_that_unknown(told: Any, body: str, below: str) -> None:
    assert every_step(told(body, below)) is None


def test_what_callers_give_and_what_they_leave_out_are_both_steps(told: Any) -> None:
    later = "    async def later(self, step='two'):\n        if self.vip:\n            step = 'three'\n"
    below = later + "        await self.send(step)\n"
    assert every_step(told("await self.later('one')\nawait self.later()", below)) == {"one", "two", "three"}


@pytest.mark.parametrize(("written", "pattern"), [("{7:02}", "day-*"), ("{'x'!r}", "day-*")])
def test_what_a_format_makes_of_it_is_not_guessed(told: Any, written: str, pattern: str) -> None:
    assert every_step(told(f'await self.send(f"day-{written}")')) == {pattern}
