"""A language of the pages in which every word is its number: what is not a number then comes from nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from jinja2.runtime import Macro

from doorstep.templates.pages import PageWords


def marked(file: Path) -> dict[str, int]:
    """Writes such a words.j2 and answers the number of each word. A sentence that fills something in says it behind
    its number: `§7§ Lena, #1042`."""
    numbers: dict[str, int] = {}
    lines = list(_lines(vars(PageWords().of("en").words), numbers))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines), encoding="utf-8")
    return numbers


def _lines(words: Mapping[str, Any], numbers: dict[str, int]) -> Iterator[str]:
    following = count(1)
    for word, value in words.items():
        if isinstance(value, Macro):
            numbers[word] = next(following)
            filled = ", ".join(f"{{{{ {'when.on' if a == 'when' else a} }}}}" for a in value.arguments)
            yield f"{{% macro {word}({', '.join(value.arguments)}) %}}§{numbers[word]}§ {filled}{{% endmacro %}}"
        else:
            yield f"{{% set {word} = {_literal(word, value, numbers, following)} %}}"


def _literal(word: str, value: Any, numbers: dict[str, int], following: Iterator[int]) -> str:
    if isinstance(value, Mapping):
        inner = (f'"{k}": {_literal(f"{word}.{k}", v, numbers, following)}' for k, v in value.items())
        return "{" + ", ".join(inner) + "}"
    numbers[word] = next(following)
    return f'"§{numbers[word]}§"'
