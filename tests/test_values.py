"""Values: as good as frozen dataclasses, and refused where they would not be."""

from __future__ import annotations

import dataclasses

import pytest

from doorstep.domain.values import replace, value


@value(frozen=True, slots=True, kw_only=True)
class Span:
    first: int
    last: int = 9


def test_a_value_is_compared_hashed_and_told_by_its_fields() -> None:
    assert Span(first=1) == Span(first=1, last=9) != Span(first=2)
    assert len({Span(first=1), Span(first=1, last=9)}) == 1
    assert dataclasses.asdict(Span(first=1)) == {"first": 1, "last": 9}


def test_a_changed_one_is_another_with_the_other_fields_kept() -> None:
    before = Span(first=1, last=3)
    assert replace(before, last=4) == Span(first=1, last=4)
    assert before == Span(first=1, last=3)
    for fields in ({"last": 4}, {"first": 5}, {"first": 5, "last": 4}, {"last": 4, "first": 5}, {}):
        for held in (before, Span(first=7)):  # what copies the first of a class copies the next
            assert replace(held, **fields) == dataclasses.replace(held, **fields)
            assert replace(held, **fields) is not held
    with pytest.raises(AttributeError, match="'Span' has no field 'latest'"):
        replace(before, latest=4)  # type: ignore[call-arg]


def test_what_replace_would_get_wrong_is_no_value() -> None:
    with pytest.raises(TypeError, match="checks itself"):

        @value(frozen=True, slots=True, kw_only=True)
        class Checked:
            first: int

            def __post_init__(self) -> None:
                raise AssertionError

    with pytest.raises(TypeError, match="fields of another"):

        @value(frozen=True, slots=True, kw_only=True)
        class Longer(Span):
            length: int
