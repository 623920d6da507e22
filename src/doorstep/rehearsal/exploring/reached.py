"""Which methods of a journey's classes can run. A base's that a class before it overrides does not, unless `super()` or
the base's name reaches it; and what only such a one calls does not either. Where it cannot be read, it can."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from doorstep.workflows.journey import Journey

Method = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True)
class _Spoken:
    """The names that code says: of `super()`, of anything but `self` (`Standard.reviews`), and anyhow."""

    by_super: set[str] = field(default_factory=set)
    by_others: set[str] = field(default_factory=set)
    anyhow: set[str] = field(default_factory=set)
    any_super: bool = False
    """`super()` itself is handed on, so that it may reach whatever it likes."""
    any_name: bool = False
    """So is `self`, to `getattr` or to anybody else."""

    def hear(self, nodes: Iterable[ast.AST]) -> None:
        members: set[int] = set()
        for node in nodes:
            match node:
                case ast.Attribute(value=value, attr=name):
                    members.add(id(value))
                    self.anyhow.add(name)
                    if _is_super(value):
                        self.by_super.add(name)
                    elif not (isinstance(value, ast.Name) and value.id == "self"):
                        self.by_others.add(name)
                case ast.Name(id="self"):
                    self.any_name |= id(node) not in members
                case ast.Name(id=name):
                    self.anyhow.add(name)
            if _is_super(node):
                self.any_super |= id(node) not in members


def _is_class(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef)


def _is_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def pruned(
    journey: Any, read: Sequence[tuple[type[Any], ast.ClassDef, ast.Module]], *, whole: bool
) -> list[ast.ClassDef]:
    """The classes, in the order of their inheritance, without the methods that cannot run. Not `whole`: of some there
    is no source, and what they reach is not known."""
    methods = [(cls, node) for cls, found, _ in read for node in found.body if isinstance(node, Method)]
    waiting = {id(node): (cls, node) for cls, node in methods}
    spoken = _Spoken(any_super=not whole, any_name=not whole)
    modules = {id(module): module for _, _, module in read}.values()
    mine = {id(found) for _, found, _ in read}
    others = {
        id(node) for module in modules for node in module.body if _is_class(node) and id(node) not in mine
    }
    """What other classes do with themselves reaches nothing here, unless they are handed one of these."""
    spoken.hear(node for module in modules for node in _walked(module, {*waiting, *others}))
    order = {cls: n for n, cls in enumerate(journey.__mro__)}
    said: dict[type[Any], set[str]] = {}
    """Class → what its code that can run says of `super()`."""
    for cls, found, _ in read:
        _heard(said, cls, _walked(found, waiting))
    while more := [(cls, node) for cls, node in waiting.values() if _runs(cls, node, order, said, spoken)]:
        for cls, node in more:
            del waiting[id(node)]
            _heard(said, cls, ast.walk(node))
            spoken.hear(ast.walk(node))
        if spoken.any_name and others:
            others = set()
            spoken.hear(node for module in modules for node in _walked(module, waiting))
    return [_without(found, waiting) for _, found, _ in read]


def _heard(said: dict[type[Any], set[str]], cls: type[Any], nodes: Iterable[ast.AST]) -> None:
    own = _Spoken()
    own.hear(nodes)
    said.setdefault(cls, set()).update(own.by_super)


def _walked(node: ast.AST, without: Iterable[int]) -> Iterator[ast.AST]:
    """As `ast.walk`, outside of these functions."""
    for child in ast.iter_child_nodes(node):
        if id(child) not in without:
            yield child
            yield from _walked(child, without)


def _runs(
    cls: type[Any],
    node: Method,
    order: dict[type[Any], int],
    said: dict[type[Any], set[str]],
    spoken: _Spoken,
) -> bool:
    before = [other for other, n in order.items() if n < order[cls]]
    if any(node.name in vars(other) for other in before):  # overridden
        called = any(node.name in said.get(other, ()) for other in before)
        return called or spoken.any_super or node.name in spoken.by_others
    ours = hasattr(Journey, node.name) or node.name.startswith("__") or bool(node.decorator_list)
    return ours or spoken.any_name or node.name in spoken.anyhow


def _without(cls: ast.ClassDef, dead: Iterable[int]) -> ast.ClassDef:
    body = [node for node in cls.body if id(node) not in dead]
    return ast.ClassDef(**{**{name: getattr(cls, name) for name in cls._fields}, "body": body})
