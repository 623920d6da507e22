"""What a field of an event takes is told in words, with an example that it takes."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any

import pytest

from doorstep.domain.event_fields import asked_for, reader
from doorstep.domain.events import Event, event_class, known_types

WORDS: dict[Any, str] = {
    str: 'a text, such as "delayed"',
    int: "a whole number, such as 5",
    float: "a number, such as 4.5",
    bool: "true or false",
    datetime: "a moment with its zone, such as 2026-11-28T08:00:00+01:00",
    int | None: "a whole number, such as 5, or nothing",
    bool | None: "true or false, or nothing",
    tuple[str, ...]: 'a list of texts, such as ["fern", "leaf-food"]',
    tuple[bool, ...]: "a list of true and false, such as [true, false]",
    tuple[str, int]: 'a list of a text and a whole number, such as ["fern", 1]',
    tuple[tuple[str, int], ...]: 'a list of lists, each of a text and a whole number, such as [["fern", 1]]',
    tuple[tuple[int, ...], ...]: "a list of lists, each of whole numbers, such as [[1, 2]]",
    tuple[str | None, ...]: 'a list of texts, such as ["fern", "leaf-food"]',
    tuple[datetime | None, int]: "a list of a moment with its zone and a whole number, such as "
    '["2026-11-28T08:00:00+01:00", 1]',
    tuple[tuple[str | None, int] | None, ...]: "a list of lists, each of a text and a whole number, such as "
    '[["fern", 1]]',
    tuple[str, ...] | None: 'a list of texts, such as ["fern", "leaf-food"], or nothing',
}


@pytest.mark.parametrize("hint", WORDS, ids=str)
def test_every_type_that_a_field_can_have_is_told_in_words(hint: Any) -> None:
    assert asked_for(hint) == WORDS[hint]


def _declared() -> Iterator[Any]:
    """The types of every field of every event there is."""
    base = {field.name for field in fields(Event)}
    for type_ in known_types():
        hints = typing.get_type_hints(event_class(type_))
        yield from (hints[f.name] for f in fields(event_class(type_)) if f.name not in base)


@pytest.mark.parametrize("hint", [*dict.fromkeys(_declared()), *WORDS], ids=str)
def test_the_example_is_read(hint: Any) -> None:
    """Words that cannot be followed would be worse than none."""
    example = asked_for(hint).removesuffix(", or nothing").partition(", such as ")[2]
    try:
        told = json.loads(example or "true")
    except json.JSONDecodeError:
        told = example
    reader(hint)(told)
