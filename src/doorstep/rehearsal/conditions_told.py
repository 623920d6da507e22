"""An author's condition for people in support: what would have to be so. An event in plain words, a function by its
docstring or name, a fact of the journey as a sentence; anything else as the author wrote it, with the place.

What a step that was left out says of itself is recorded by the journey (`workflows.conditions`), and stays as it is.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

from doorstep.domain.events import Event
from doorstep.rehearsal.event_words import first_sentence, happens
from doorstep.workflows import conditions

_OURS = Path(conditions.__file__).parent
_LONGEST = 160
_LAMBDA = "<lambda>"
_FACTS: Mapping[tuple[str, ...], tuple[str, str]] = {
    ("first_order",): ("It is the person's first order.", "It is not the person's first order."),
    ("vip",): ("The person is a VIP.", "The person is no VIP."),
    ("lines",): ("The customer keeps something of the order.", "The customer keeps nothing of the order."),
    ("order", "shipped"): ("A parcel of the order has left by then.", "No parcel of the order has left by then."),
    ("order", "delivered_at"): ("The whole order has arrived.", "The order has not arrived in full by then."),
    ("order", "partly_delivered"): ("Only a part of the order has arrived.", "No part of it is still on its way."),
    ("order", "troubled"): ("A parcel is in trouble.", "No parcel is in trouble any more."),
    ("order", "silent"): ("A parcel's next scan is overdue.", "No parcel's next scan is overdue any more."),
    ("order", "open_complaint"): ("A complaint is open.", "No complaint is open."),
    ("order", "gone"): ("Nothing of the order remains.", "Something of the order remains."),
}  # fmt: skip
"""What a journey knows of itself → that it is so, and that it is not."""
_OF_OURS: Mapping[tuple[str, ...], tuple[str, str]] = {
    ("offered",): ("There is something to offer.", "There is nothing left to offer."),
}
"""The same for names in our own journeys; in a store's they may mean anything."""


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
        return _FACTS.get(path[1:], ("", ""))[negated]
    ours = Path(condition.__code__.co_filename).parent == _OURS
    return _OF_OURS.get(path, ("", ""))[negated] if ours else ""


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
