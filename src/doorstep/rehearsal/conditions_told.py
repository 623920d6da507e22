"""An author's condition for people in support: what would have to be so. An event in plain words, a function by its
docstring or name, a fact of the journey as a sentence; anything else as the author wrote it, with the place.

What a step that was left out says of itself is recorded by the journey (`workflows.conditions`); whoever reads that
tells it in the same words (`domain.recorded_words`).
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

from doorstep.domain.condition_words import FACTS, OURS, SHARED, Words
from doorstep.domain.event_words import first_sentence, happens
from doorstep.domain.events import Event
from doorstep.workflows import conditions

_OURS = Path(conditions.__file__).parent
_LONGEST = 160
_LAMBDA = "<lambda>"


def condition_told(condition: type[Event] | Callable[..., Any]) -> str:
    """That the condition holds, as a sentence."""
    if isinstance(condition, type) and issubclass(condition, Event):
        return happens(condition)
    while isinstance(condition, partial):
        condition = condition.func
    code = getattr(condition, "__code__", None)
    if getattr(condition, "__name__", _LAMBDA) != _LAMBDA:
        said = _function(condition)
        return said or f"The author's condition `{condition.__name__}` holds{_place(code)}."
    source = " ".join(conditions.source_of(code).split()) if isinstance(code, CodeType) else ""
    return _fact(source, condition) or _quoted(source, code)


def _function(function: Callable[..., Any]) -> str:
    """By its docstring, else by a name of several words; empty where there is neither."""
    said = first_sentence(inspect.getdoc(function) or "")
    words = function.__name__.strip("_").replace("_", " ")
    said = said or (words if " " in words else "")
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def _quoted(source: str, code: CodeType | None) -> str:
    if not source:
        return f"A condition of the author's holds{_place(code)}."
    text = source if len(source) <= _LONGEST else f"{source[: _LONGEST - 1]}…"
    return f"The author's condition `{text}` holds{_place(code)}."


def _place(code: CodeType | None) -> str:
    if code is None:
        return ""
    file = Path(code.co_filename)
    return f" ({file.parent.name}/{file.name}:{code.co_firstlineno})"


def _fact(source: str, condition: Callable[..., Any]) -> str:
    """One fact of the journey, or its opposite, as a sentence; empty for anything else."""
    try:
        node = ast.parse(f"({source})", mode="eval").body if source else None
    except SyntaxError:
        return ""
    negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    if isinstance(node, ast.UnaryOp) and negated:
        node = node.operand
    path = _path(node.func if isinstance(node, ast.Call) else node)
    if path == ("self", "seen") and isinstance(node, ast.Call) and not negated:
        return _seen(node, condition)
    if path[:1] == ("self",):
        return _said(FACTS.get(path[1:]), negated)
    ours = Path(condition.__code__.co_filename).parent == _OURS
    return _said(OURS.get(path) or SHARED.get(path), negated) if ours else ""


def _said(words: Words | None, negated: bool) -> str:
    if words is None:
        return ""
    return words.not_so if negated else words.so


def _seen(call: ast.Call, condition: Callable[..., Any]) -> str:
    """`self.seen(OrderedAgain)` is that event."""
    named = [_path(arg) for arg in call.args]
    held = condition.__globals__.get(named[0][0]) if len(named) == 1 and len(named[0]) == 1 else None
    return happens(held) if isinstance(held, type) and issubclass(held, Event) else ""


def _path(node: ast.AST | None) -> tuple[str, ...]:
    """`self.order.shipped` as its names; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=value, attr=attr):
            before = _path(value)
            return (*before, attr) if before else ()
    return ()
