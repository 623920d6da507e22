"""The fields of events: what may stand in them, how each is read from JSON, and what is asked for in people's words."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from datetime import datetime
from typing import Any

from doorstep.errors import JourneyError

Reader = Callable[[Any], Any]


def _instant(value: Any) -> datetime:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("an instant without an offset")
    return at


def _number(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError("not a number")
        if kind is int and value != int(value):
            raise ValueError("not a whole number")
        return kind(value)

    return read


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _sequence(value: Any) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError("not a list")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not true or false")
    return value


def reader(hint: Any) -> Reader:
    """What reads a field of that type from JSON; what it is given and cannot read raises `TypeError`, `ValueError`,
    `AttributeError` or `KeyError`. Raises `JourneyError` for a type that no field can have."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        inner = reader(next(a for a in typing.get_args(hint) if a is not type(None)))
        return lambda value: None if value is None else inner(value)
    if typing.get_origin(hint) is tuple:
        items = typing.get_args(hint)
        if len(items) == 2 and items[1] is Ellipsis:
            each = reader(items[0])
            return lambda value: tuple(each(v) for v in _sequence(value))
        parts = [reader(item) for item in items]
        return lambda value: tuple(r(v) for r, v in zip(parts, _sequence(value), strict=True))
    simple: dict[Any, Callable[[Any], Any]] = {
        str: _text,
        int: _number(int),
        float: _number(float),
        bool: _truth,
        datetime: _instant,
    }
    if hint in simple:
        return simple[hint]
    raise JourneyError(
        f"An event field cannot be of type {hint!r}.",
        mend="Use str, int, float, bool, datetime, a tuple of those, or X | None.",
    )


# --- in words ---------------------------------------------------------------------------------------

_ONE: dict[Any, tuple[str, str]] = {
    str: ("a text", '"delayed"'),
    int: ("a whole number", "5"),
    float: ("a number", "4.5"),
    bool: ("true or false", "true"),
    datetime: ("a moment with its zone", "2026-11-28T08:00:00+01:00"),
}
_MANY: dict[Any, tuple[str, str]] = {
    str: ("texts", '"fern", "leaf-food"'),
    int: ("whole numbers", "1, 2"),
    float: ("numbers", "4.5, 5.0"),
    bool: ("true and false", "true, false"),
    datetime: ("moments with their zones", '"2026-11-28T08:00:00+01:00"'),
}
_IN_A_LIST = {str: '"fern"', int: "1", datetime: '"2026-11-28T08:00:00+01:00"'}


def asked_for(hint: Any) -> str:
    """What a field of that type takes, with an example in JSON: `a whole number, such as 5`."""
    if (inner := _maybe(hint)) is not None:
        return f"{asked_for(inner)}, or nothing"
    words, example = _words(hint)
    return words if hint is bool else f"{words}, such as {example}"


def _maybe(hint: Any) -> Any:
    """`X` of `X | None`; None for any other type."""
    if typing.get_origin(hint) not in (types.UnionType, typing.Union):
        return None
    return next(a for a in typing.get_args(hint) if a is not types.NoneType)


def _words(hint: Any) -> tuple[str, str]:
    """What it is, and an example of it."""
    hint = _maybe(hint) or hint
    if typing.get_origin(hint) is not tuple:
        return _ONE[hint]
    # of `X | None` in a list X is told; that nothing may stand there as well would only make it harder to read
    parts = [_maybe(part) or part for part in typing.get_args(hint)]
    if len(parts) == 2 and parts[1] is Ellipsis:
        if parts[0] in _MANY:
            words, example = _MANY[parts[0]]
            return f"a list of {words}", f"[{example}]"
        words, example = _words(parts[0])
        return f"a list of lists, each {words.removeprefix('a list ')}", f"[{example}]"
    inner = [(_words(part)[0], _IN_A_LIST.get(part) or _words(part)[1]) for part in parts]
    return f"a list of {' and '.join(w for w, _ in inner)}", f"[{', '.join(e for _, e in inner)}]"
