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
        for source in self.sources:
            for function in _functions(source.cls):
                for call in _calls(function, "send"):
                    step = _argument(call, 0, "step")
                    if step is not None:
                        self.found |= self.texts(step, function, source)
        return frozenset(self.found - {ANYTHING})

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
                    pieces = self.texts(inner, where, source, depth + 1)
                    made = {left + right for left in made for right in pieces}
                return made
            case ast.Name(id=name):
                return self._named(name, where, source, depth + 1)
            case ast.Subscript():
                return self._element(node, 0, where, source, depth + 1)
        return {ANYTHING}

    def _named(self, name: str, where: ast.AST, source: Source, depth: int) -> set[str]:
        found: set[str] = set()
        for node in [*ast.walk(where), *source.module.body]:
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
        return found or self._passed(name, where, depth) or {ANYTHING}

    def _element(self, node: ast.expr, place: int, where: ast.AST, source: Source, depth: int) -> set[str]:
        """Element `place` of a tuple, or of every value of a table (`step, channels = TABLE[status]`)."""
        if isinstance(node, ast.Tuple | ast.List) and place < len(node.elts):
            return self.texts(node.elts[place], where, source, depth)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            found: set[str] = set()
            for table in _tables(node.value.id, source.module):
                for value in table.values:
                    whole = isinstance(value, ast.Tuple | ast.List)
                    found |= (
                        self._element(value, place, where, source, depth)
                        if whole
                        else self.texts(value, where, source, depth)
                    )
            return found or {ANYTHING}
        return {ANYTHING}

    def _passed(self, name: str, where: ast.AST, depth: int) -> set[str]:
        """What callers within the journey give for a parameter."""
        if not isinstance(where, ast.FunctionDef | ast.AsyncFunctionDef):
            return set()
        names = [argument.arg for argument in where.args.args]
        if name not in names:
            return set()
        found: set[str] = set()
        for source in self.sources:
            for function in _functions(source.cls):
                for call in _calls(function, where.name):
                    given = _argument(call, names.index(name) - 1, name)
                    if given is not None:
                        found |= self.texts(given, function, source, depth)
        return found


def steps(journey: type[Any]) -> frozenset[str]:
    """The steps, some of them patterns. Empty where the source is not there."""
    return _Reader(list(_sources(journey))).all()


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
    return any(True for source in _sources(journey) for _ in _calls(source.cls, "variant"))


def steps_of(type_: str) -> frozenset[str]:
    """The steps of a workflow type's code; empty where it is not there (any more)."""
    found = registry.journeys().get(type_)
    return steps(found) if found is not None else frozenset()


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


def _functions(cls: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(cls):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _calls(function: ast.AST, name: str) -> Iterator[ast.Call]:
    """`self.<name>(…)`."""
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=attr)) if attr == name:
                yield node


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[place] if 0 <= place < len(call.args) else None


def _tables(name: str, module: ast.Module) -> Iterator[ast.Dict]:
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        named = any(isinstance(t, ast.Name) and t.id == name for t in targets)
        if named and isinstance(value := getattr(node, "value", None), ast.Dict):
            yield value
