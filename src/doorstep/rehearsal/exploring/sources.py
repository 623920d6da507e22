"""The source of a journey's class and its mixins, as trees, and how calls of its own stand in them."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

from doorstep.rehearsal.exploring.reached import pruned
from doorstep.workflows.journey import Journey


@dataclass(slots=True)
class Source:
    """The source of one class: its tree, and that of the module it stands in."""

    cls: ast.ClassDef
    module: ast.Module


def authored(journey: Any) -> Iterator[type[Any]]:
    """The class and its mixins, without the engine's own bases."""
    for cls in journey.__mro__:
        if cls in Journey.__mro__:
            continue
        yield cls


@lru_cache(maxsize=64)
def sources(journey: Any) -> tuple[Source, ...]:
    """Of the class and each mixin, as far as it is there, without the methods that cannot run (`reached`)."""
    read = [(cls, found) for cls in authored(journey) if (found := _source(cls)) is not None]
    whole = len(read) == len(list(authored(journey)))
    classes = pruned(journey, [(cls, found.cls, found.module) for cls, found in read], whole=whole)
    return tuple(Source(cls, found.module) for cls, (_, found) in zip(classes, read, strict=True))


def _source(cls: type[Any]) -> Source | None:
    module = sys.modules.get(cls.__module__)
    whole = tree(module) if module is not None else None
    if whole is None:
        return None
    for node in ast.walk(whole):
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
            return Source(node, whole)
    return None


@lru_cache(maxsize=64)
def tree(module: ModuleType) -> ast.Module | None:
    """None where its source is not there."""
    try:
        return ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return None


def functions(cls: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Its methods, and the functions within them."""
    for node in ast.walk(cls):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(function: ast.AST, name: str) -> Iterator[ast.Call]:
    """`self.<name>(…)`."""
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=attr)) if attr == name:
                yield node


def only_called(read: list[Source], name: str) -> bool:
    """Whether the modules speak of a method of that name only to call it of `self`: nobody else is handed it."""
    modules = [source.module for source in read]
    called = {id(call.func) for module in modules for call in calls(module, name)}
    spoken = [n for m in modules for n in ast.walk(m) if isinstance(n, ast.Attribute) and n.attr == name]
    return all(id(attribute) in called for attribute in spoken)


def handed_on(cls: ast.ClassDef) -> bool:
    """Whether its code gives `self` itself to somebody, who may do with it what is not read here."""
    spoken = [n for n in ast.walk(cls) if isinstance(n, ast.Name) and n.id == "self"]
    members = {id(n.value) for n in ast.walk(cls) if isinstance(n, ast.Attribute)}
    return any(id(name) not in members for name in spoken)


def argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    """What it gives for a parameter; None where it gives nothing, or by `*` and `**`."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    starred = any(isinstance(given, ast.Starred) for given in call.args[: place + 1])
    return call.args[place] if 0 <= place < len(call.args) and not starred else None


def tables(name: str, module: ast.Module) -> Iterator[ast.Dict]:
    """What a module gives that name, where it spells out a table."""
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        named = any(isinstance(t, ast.Name) and t.id == name for t in targets)
        if named and isinstance(value := getattr(node, "value", None), ast.Dict):
            yield value


def changed(table: str, module: ast.Module) -> bool:
    """Whether a module's table is written to after it was made."""
    for node in ast.walk(module):
        match node:
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()) if name == table:
                return True
            case ast.Attribute(value=ast.Name(id=name), attr="update" | "setdefault") if name == table:
                return True
    return False
