"""The steps a journey's code names: what its `self.send(…)` calls can say, read from the source of the class and its
mixins. A step that is made of values known only when it runs becomes a pattern (`cross-sell-*`)."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from types import ModuleType
from typing import Any

from doorstep.rehearsal.exploring.syntax import (
    argument,
    bound_otherwise,
    calls,
    changed,
    formatted,
    functions,
    lent,
    tables,
    top,
)
from doorstep.workflows import registry
from doorstep.workflows.journey import Journey

ANYTHING = "*"
_MODULES = 40


@dataclass(slots=True)
class Source:
    """The source of one class: its tree, and that of the module it stands in."""

    cls: ast.ClassDef
    module: ast.Module


@dataclass(slots=True)
class _Reader:
    """Reads what an expression can be. `depth` bounds how far names are followed."""

    sources: list[Source]
    found: set[str] = field(default_factory=set)

    def all(self) -> frozenset[str]:
        """`*` among them where a step can be anything."""
        for source in self.sources:
            for function in functions(source.cls):
                for call in calls(function, "send"):
                    step = argument(call, 0, "step")
                    self.found |= {ANYTHING} if step is None else self.texts(step, function, source)
        return frozenset(self.found)

    def texts(self, node: ast.expr, where: ast.AST, source: Source, depth: int = 0) -> set[str]:
        """Every text the expression can be; `*` for what is not known."""
        if depth > 8:
            return {ANYTHING}
        match node:
            case ast.Constant(value=str() as text):
                return {text}
            case ast.Constant(value=value):
                return {str(value)}
            case ast.IfExp():
                return self.texts(node.body, where, source, depth + 1) | self.texts(
                    node.orelse, where, source, depth + 1
                )
            case ast.JoinedStr():
                made = {""}
                for part in node.values:
                    inner = part.value if isinstance(part, ast.FormattedValue) else part
                    pieces = {ANYTHING} if formatted(part) else self.texts(inner, where, source, depth + 1)
                    made = {left + right for left in made for right in pieces}
                return made
            case ast.Name(id=name):
                return self._named(name, where, source, depth + 1)
            case ast.Subscript():
                return self._element(node, 0, where, source, depth + 1)
        return {ANYTHING}

    def _named(self, name: str, where: ast.AST, source: Source, depth: int) -> set[str]:
        found: set[str] = set()
        nodes = [*ast.walk(where), *top(source.module)]
        for node in nodes:
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                    found |= self.texts(value, where, source, depth)
                case ast.Assign(targets=[ast.Tuple(elts=names)], value=value):
                    for place, target_node in enumerate(names):
                        if isinstance(target_node, ast.Name) and target_node.id == name:
                            found |= self._element(value, place, where, source, depth)
                case ast.For(target=ast.Name(id=target), iter=ast.Tuple() | ast.List() as items) if (
                    target == name
                ):
                    for item in items.elts:
                        found |= self.texts(item, where, source, depth)
        found |= self._passed(name, where, depth)
        return found | {ANYTHING} if not found or bound_otherwise(name, nodes) else found

    def _element(self, node: ast.expr, place: int, where: ast.AST, source: Source, depth: int) -> set[str]:
        """Element `place` of a tuple, or of every value of a table (`step, channels = TABLE[status]`)."""
        if isinstance(node, ast.Tuple | ast.List) and place < len(node.elts):
            return self.texts(node.elts[place], where, source, depth)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            found: set[str] = set()
            for table in tables(node.value.id, source.module):
                for value in table.values:
                    whole = isinstance(value, ast.Tuple | ast.List)
                    found |= (
                        self._element(value, place, where, source, depth)
                        if whole
                        else self.texts(value, where, source, depth)
                    )
            return found | {ANYTHING} if not found or changed(node.value.id, source.module) else found
        return {ANYTHING}

    def _passed(self, name: str, where: ast.AST, depth: int) -> set[str]:
        """What callers within the journey give for a parameter."""
        if not isinstance(where, ast.FunctionDef | ast.AsyncFunctionDef):
            return set()
        arguments = where.args
        names = [argument.arg for argument in arguments.args]
        if name not in names:
            return (
                {ANYTHING}
                if name in {a.arg for a in ast.walk(arguments) if isinstance(a, ast.arg)}
                else set()
            )
        found: set[str] = {ANYTHING} if any(lent(s.cls, where.name) for s in self.sources) else set()
        default = names.index(name) - len(names) + len(arguments.defaults)
        if default >= 0:
            found |= self.texts(arguments.defaults[default], where, self.sources[0], depth)
        for source in self.sources:
            for function in functions(source.cls):
                for call in calls(function, where.name):
                    given = argument(call, names.index(name) - 1, name)
                    if given is not None:
                        found |= self.texts(given, function, source, depth)
        return found


def steps(journey: type[Any]) -> frozenset[str]:
    """The steps, some of them patterns. Empty where the source is not there."""
    return _Reader(list(_sources(journey))).all() - {ANYTHING}


def every_step(journey: type[Any]) -> frozenset[str] | None:
    """The same, where its code can send no other. None: it may, as far as can be read: a step is computed, or
    something else than a method of its own sends."""
    sources = list(_sources(journey))
    classes = [cls for cls in authored(journey) if cls is not object]
    if len(sources) < len({(cls.__module__, cls.__name__) for cls in classes}):
        return None
    own = {id(call.func) for s in sources for call in calls(s.cls, "send")}
    for tree in trees(journey):
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(attr="send") if id(node) not in own:
                    return None
                case ast.Constant(value="send"):
                    return None  # getattr
    found = _Reader(sources).all()
    return None if ANYTHING in found else found


def has(journey: type[Any], step: str) -> bool:
    """Whether the code names that step, or a pattern of it."""
    return any(fnmatchcase(step, known) for known in steps(journey))


def trees(journey: type[Any]) -> list[ast.Module]:
    """The modules that its code stands in: those of the class and its mixins, and what else of its package (none of
    ours) is imported."""
    homes = {cls.__module__ for cls in authored(journey)}
    packages = {home.partition(".")[0] for home in homes} - {"doorstep"}
    beside = [name for name in sorted(sys.modules) if name.partition(".")[0] in packages]
    modules = [sys.modules.get(name) for name in dict.fromkeys([*sorted(homes), *beside[:_MODULES]])]
    return [tree for module in modules if module is not None and (tree := _tree(module)) is not None]


def varies(journey: type[Any]) -> bool:
    """Whether its code asks for a variant, so that who the person is decides what they get."""
    return any(True for source in _sources(journey) for _ in calls(source.cls, "variant"))


def steps_of(type_: str) -> frozenset[str]:
    """The steps of a workflow type's code; `*` among them where there may be others, as where it is not here (any
    more)."""
    found = registry.journeys().get(type_)
    if found is None:
        return frozenset({ANYTHING})
    every = every_step(found)
    return steps(found) | {ANYTHING} if every is None else every


def words(journey: type[Any]) -> frozenset[str]:
    """Every name its code uses: which events it knows of."""
    trees = [source.cls for source in _sources(journey)]
    return frozenset(n.id for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name))


def authored(journey: Any) -> Iterator[type[Any]]:
    """The class and its mixins, without the engine's own bases."""
    for cls in journey.__mro__:
        if cls in Journey.__mro__:
            continue
        yield cls


def _sources(journey: Any) -> Iterator[Source]:
    for cls in authored(journey):
        module = sys.modules.get(cls.__module__)
        tree = _tree(module) if module is not None else None
        if tree is None:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
                yield Source(node, tree)
                break


@lru_cache(maxsize=64)
def _tree(module: ModuleType) -> ast.Module | None:
    try:
        return ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return None
