"""Mistakes in a scenario's file, and how they must be told."""

from __future__ import annotations

import pytest

from doorstep.errors import ScenarioError
from doorstep.rehearsal.reading import read

HEAD = "scenario: it\ntimeline:\n"
AT = HEAD + "  - at: day 1 10:00\n"


def check(mistake: tuple[str, int, str]) -> ScenarioError:
    """(text, line, what must be said): the refusal has all of it."""
    text, line, said = mistake
    with pytest.raises(ScenarioError) as refused:
        read(text, "mine.yaml")
    assert str(refused.value).startswith(f"mine.yaml:{line}: "), str(refused.value)
    assert said in str(refused.value)
    return refused.value
