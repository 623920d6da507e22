"""Where the contents of two commands differ: what differs by its path and nothing else, however late it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice, takewhile, zip_longest
from typing import Any

_NOTHING = object()
_QUOTED, _LONG, _BEFORE = 3, 80, 20
"""How many differences are quoted, how much of each, and how much of what is the same stands before."""
_ONLY_ARGUMENT = "arguments[0]."
"""What our activities take one of: an author wrote what is in it."""


def apart(one: str, other: str) -> tuple[str, str]:
    """Two contents (JSON) as each is told beside the other: `context.v: 'a'` and `context.v: 'b'`."""
    found = list(islice(_differing(json.loads(one), json.loads(other), ""), _QUOTED))
    told = [(path.removeprefix(_ONLY_ARGUMENT), *_quoted(a, b)) for path, a, b in found]
    return (
        ", ".join(f"{path}: {a}" if path else a for path, a, _ in told),
        ", ".join(f"{path}: {b}" if path else b for path, _, b in told),
    )


def _differing(one: Any, other: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            inner = f"{path}.{key}" if path else key
            yield from _differing(one.get(key, _NOTHING), other.get(key, _NOTHING), inner)
    elif isinstance(one, list) and isinstance(other, list):
        for n, (a, b) in enumerate(zip_longest(one, other, fillvalue=_NOTHING)):
            yield from _differing(a, b, f"{path}[{n}]")
    elif one != other or type(one) is not type(other):  # 1 and True are equal
        yield path, one, other


def _quoted(one: Any, other: Any) -> tuple[str, str]:
    """Both, from where they part where they are long."""
    first, second = _text(one), _text(other)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
    begin = same - _BEFORE if max(len(first), len(second)) > _LONG and same > _BEFORE else 0
    return _cut(first, begin), _cut(second, begin)


def _text(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    return repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str, begin: int) -> str:
    rest = text[begin:]
    return f"{'…' if begin else ''}{rest[:_LONG]}{'…' if len(rest) > _LONG else ''}"
