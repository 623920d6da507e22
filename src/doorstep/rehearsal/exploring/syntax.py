"""What a syntax tree says, in the few questions that reading a journey's steps asks of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def functions(cls: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function in a class, nested ones too."""
    for node in ast.walk(cls):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(function: ast.AST, name: str) -> Iterator[ast.Call]:
    """`self.<name>(…)`."""
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=attr)) if attr == name:
                yield node


def argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    """What a call gives by that name, or at that place."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[place] if 0 <= place < len(call.args) else None


def tables(name: str, module: ast.Module) -> Iterator[ast.Dict]:
    """The dictionaries a module gives that name."""
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        named = any(isinstance(t, ast.Name) and t.id == name for t in targets)
        if named and isinstance(value := getattr(node, "value", None), ast.Dict):
            yield value


def top(module: ast.Module) -> Iterator[ast.AST]:
    """What stands in a module itself, not in its functions and classes."""
    for node in module.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from ast.walk(node)


def formatted(part: ast.expr) -> bool:
    """`{n:02}` or `{n!r}`: not the text itself."""
    return isinstance(part, ast.FormattedValue) and (part.conversion != -1 or part.format_spec is not None)


def bound_otherwise(name: str, nodes: list[ast.AST]) -> bool:
    """Whether a name is also bound in a way that is not read (`+=`, `:=`, `with … as`, an import, a comprehension)."""
    bound = {
        id(n) for n in nodes if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)
    }
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name() as target]):
                bound.discard(id(target))
            case ast.Assign(targets=[ast.Tuple(elts=targets)]):
                bound -= {id(target) for target in targets}
            case ast.For(target=ast.Name() as target, iter=ast.Tuple() | ast.List()):
                bound.discard(id(target))
            case ast.alias() if name in (node.asname, node.name):
                return True
    return bool(bound)


def changed(table: str, module: ast.Module) -> bool:
    """Whether a module's table is written to after it was made."""
    for node in ast.walk(module):
        match node:
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()) if name == table:
                return True
            case ast.Attribute(value=ast.Name(id=name), attr="update" | "setdefault") if name == table:
                return True
    return False


def lent(cls: ast.ClassDef, method: str) -> bool:
    """Whether a method is given away (`partial(self._remind, …)`), so that not every call of it is seen."""
    seen = {id(call.func) for call in calls(cls, method)}
    return any(
        isinstance(node, ast.Attribute) and node.attr == method and id(node) not in seen
        for node in ast.walk(cls)
    )
