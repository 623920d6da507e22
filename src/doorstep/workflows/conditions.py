"""What a condition of an author's is called where people read of it: a function by its name, a lambda by what it says
(`lambda: not self.order.shipped` is 'order shipped', turned round).

Words only: no decision hangs on them, so a worker whose source files are gone or newer says others and does the same.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from functools import partial
from types import CodeType
from typing import Any

UNNAMED = "a condition of the journey"
_LAMBDA = "<lambda>"
_LONGEST = 80
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Eq: "is", ast.NotEq: "is not", ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
    ast.Lt: "<", ast.LtE: "≤", ast.Gt: ">", ast.GtE: "≥", ast.And: "and", ast.Or: "or",
}  # fmt: skip


def holds(condition: Callable[[], Any]) -> str:
    """That it holds, as a sentence: "'order shipped' is not the case.", "'overtaken by later news' is the case."."""
    name = condition_name(condition)
    if name == UNNAMED:
        return "A condition of the journey holds."
    turned = name.removeprefix("not ")
    return f"'{turned}' is not the case." if _negates(name) else f"'{name}' is the case."


def condition_name(condition: Callable[..., Any]) -> str:
    """In a few words; `UNNAMED` where its source says nothing short."""
    while isinstance(condition, partial):
        condition = condition.func
    name = str(getattr(condition, "__name__", ""))
    if name and name != _LAMBDA:
        return name.strip("_").replace("_", " ")
    code = getattr(condition, "__code__", None)
    said = _said(code) if isinstance(code, CodeType) else ""
    return said if 0 < len(said) <= _LONGEST else UNNAMED


def _negates(name: str) -> bool:
    return name.startswith("not ") and not {"and", "or"} & set(name.split())


def _said(code: CodeType) -> str:
    try:
        source = source_of(code)
        return _words(ast.parse(f"({source})", mode="eval").body) if source else ""
    except (SyntaxError, ValueError, OSError):
        return ""


def source_of(code: CodeType) -> str:
    """The text of a lambda's body."""
    if (
        code.co_filename == "<string>"
    ):  # evaluated; under that name Python keeps the program of `python -c`, not this
        return ""
    places = [p for p in code.co_positions() if None not in p and p[2:] != (0, 0)]
    if not places:
        return ""
    begin = min((line, column) for line, _, column, _ in places if line is not None and column is not None)
    end = max((line, column) for _, line, _, column in places if line is not None and column is not None)
    lines = [line.encode() for line in linecache.getlines(code.co_filename)[begin[0] - 1 : end[0]]]
    if not lines:
        return ""
    lines[-1] = lines[-1][: end[1]]
    lines[0] = lines[0][begin[1] :]
    return b"".join(lines).decode()


def _words(node: ast.expr) -> str:
    """An expression as words: `self` goes, and so does what a call is given of the journey's own."""
    match node:
        case ast.Name(id="self"):
            return ""
        case ast.Name(id=name):
            return _plain(name)
        case ast.Attribute(value=value, attr=attr):
            return f"{_words(value)} {_plain(attr)}".strip()
        case ast.Constant(value=value):
            return str(value)
        case ast.Call(func=func, args=args):
            given = [said for said in map(_words, args) if said and said != "now"]
            return " ".join([_words(func), *given])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return f"not {_words(operand)}"
        case ast.BoolOp(op=joins, values=values):
            return f" {_OPERATORS[type(joins)]} ".join(map(_words, values))
        case ast.Compare(left=left, ops=ops, comparators=others):
            said = _words(left)
            for op, other in zip(ops, others, strict=True):
                said += f" {_OPERATORS[type(op)]} {_words(other)}"
            return said
    return ast.unparse(node).replace("self.", "")


def _plain(name: str) -> str:
    return name.strip("_").replace("_", " ")
