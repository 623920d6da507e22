"""The steps a journey's code names: what its `self.send(…)` calls can say, read from the source of the class and its
mixins without the methods that cannot run, as they are overridden. A step that is made of values known only when it
runs becomes a pattern (`cross-sell-*`)."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from doorstep.rehearsal.exploring.sources import (
    Source,
    argument,
    authored,
    calls,
    changed,
    functions,
    handed_on,
    only_called,
    sources,
    tables,
    tree,
)
from doorstep.workflows import registry

ANYTHING = "*"
_MODULES = 40


@dataclass(slots=True)
class _Reader:
    """Reads what an expression can be. `depth` bounds how far names are followed."""

    sources: list[Source]
    found: set[str] = field(default_factory=set)
    repeated: set[str] = field(default_factory=set)
    """Those of them that can be about something, and so go more than once."""
    sure: bool = True
    """Nothing that a step's name can be was passed over; else there may be more than was found."""

    def all(self) -> frozenset[str]:
        for source in self.sources:
            for function in functions(source.cls):
                for call in calls(function, "send"):
                    step = argument(call, 0, "step")
                    if step is None:
                        self.sure = False
                    else:
                        named = self.texts(step, function, source)
                        self.found |= named
                        if any(keyword.arg in ("about", None) for keyword in call.keywords):
                            self.repeated |= named
        self.sure = self.sure and ANYTHING not in self.found
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
                    if isinstance(part, ast.FormattedValue) and (part.format_spec or part.conversion != -1):
                        self.sure = False  # `{days:02}` of 7 is 07
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
        within = list(ast.walk(where))
        given = [values for node in within if (values := _given(name, node))]
        stored = [
            n for n in within if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)
        ]
        for values in (*given, *(_given(name, node) for node in source.module.body)):
            for value, place in values:
                if place is None:
                    found |= self.texts(value, where, source, depth)
                else:
                    found |= self._element(value, place, where, source, depth)
        passed_too = any(isinstance(n, ast.arg) and n.arg == name for n in within)
        if found and (len(stored) > len(given) or passed_too):
            self.sure = False
        return found or self._passed(name, where, depth) or {ANYTHING}

    def _element(self, node: ast.expr, place: int, where: ast.AST, source: Source, depth: int) -> set[str]:
        """Element `place` of a tuple, or of every value of a table (`step, channels = TABLE[status]`)."""
        if isinstance(node, ast.Tuple | ast.List) and place < len(node.elts):
            return self.texts(node.elts[place], where, source, depth)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            found: set[str] = set()
            if changed(node.value.id, source.module):
                self.sure = False
            for table in tables(node.value.id, source.module):
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
        names = [parameter.arg for parameter in where.args.args]
        if name not in names:
            return set()
        found: set[str] = set()
        if names[0] != "self" or not only_called(self.sources, where.name):
            self.sure = False
        for source in self.sources:
            for function in functions(source.cls):
                for call in calls(function, where.name):
                    given = argument(call, names.index(name) - 1, name)
                    if given is None:
                        self.sure = False
                    else:
                        found |= self.texts(given, function, source, depth)
        return found


def _given(name: str, node: ast.AST) -> list[tuple[ast.expr, int | None]]:
    """What a statement gives a name: expressions, each of them whole or that element of it."""
    match node:
        case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
            return [(value, None)]
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=value):
            return [(value, n) for n, t in enumerate(names) if isinstance(t, ast.Name) and t.id == name]
        case ast.For(target=ast.Name(id=target), iter=ast.Tuple() | ast.List() as items) if target == name:
            return [(item, None) for item in items.elts]
    return []


def steps(journey: Any) -> frozenset[str]:
    """The steps, some of them patterns. Empty where the source is not there."""
    return _Reader(list(sources(journey))).all()


def has(journey: type[Any], step: str) -> bool:
    """Whether the code names that step, or a pattern of it."""
    return any(fnmatchcase(step, known) for known in steps(journey))


def may_have(journey: Any, step: str) -> bool:
    """Whether there can be a step of that name; no only where all of them are known. Code of which a part is not there,
    that makes a name of what only its run knows, or that lets others send for it may have any."""
    found = every_step(journey)
    return found is None or any(fnmatchcase(step, known) for known in found)


@lru_cache(maxsize=64)
def every_step(journey: Any) -> frozenset[str] | None:
    """Its steps, where there can be no others; None: there may be, as far as can be read."""
    read = list(sources(journey))
    reader = _Reader(read)
    found = reader.all()
    whole = len(read) == len(list(authored(journey))) and not any(handed_on(source.cls) for source in read)
    return found if found and whole and reader.sure and only_called(read, "send") else None


def trees(journey: type[Any]) -> list[ast.Module]:
    """The modules that its code stands in: those of the class and its mixins, and what else of its package (none of
    ours) is imported."""
    homes = {cls.__module__ for cls in authored(journey)}
    packages = {home.partition(".")[0] for home in homes} - {"doorstep"}
    beside = [name for name in sorted(sys.modules) if name.partition(".")[0] in packages]
    modules = [sys.modules.get(name) for name in dict.fromkeys([*sorted(homes), *beside[:_MODULES]])]
    return [whole for module in modules if module is not None and (whole := tree(module)) is not None]


def varies(journey: Any) -> bool:
    """Whether its code asks for a variant, so that who the person is decides what they get."""
    return any(True for source in sources(journey) for _ in calls(source.cls, "variant"))


def steps_of(type_: str) -> frozenset[str]:
    """The steps of a workflow type's code; `*` among them where there may be others, as where it is not here (any
    more)."""
    found: Any = registry.journeys().get(type_)
    if found is None:
        return frozenset({ANYTHING})
    every = every_step(found)
    return steps(found) | {ANYTHING} if every is None else every


def goes_once(type_: str, step: str) -> bool:
    """Whether the code of that workflow type sends the step about nothing in particular, and so once; no where that
    cannot be known."""
    found: Any = registry.journeys().get(type_)
    return found is not None and any(fnmatchcase(step, known) for known in _once(found))


@lru_cache(maxsize=64)
def _once(journey: Any) -> frozenset[str]:
    every = every_step(journey) or frozenset()
    reader = _Reader(list(sources(journey)))
    reader.all()
    repeated = reader.repeated
    return frozenset(s for s in every if not any(fnmatchcase(s, r) or fnmatchcase(r, s) for r in repeated))


def words(journey: Any) -> frozenset[str]:
    """Every name its code uses: which events it knows of."""
    read = [source.cls for source in sources(journey)]
    return frozenset(n.id for cls in read for n in ast.walk(cls) if isinstance(n, ast.Name))
