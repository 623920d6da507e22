"""A digest of what a module's code does, whatever its comments say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from hashlib import sha256


def digest_of(source: str) -> str:
    """SHA-256 (hex) of what a module *does*: its syntax tree without comments, layout and docstrings, so that they
    may be mended after publishing. Empty fields are left out, so that a Python that adds some changes no digest."""
    hashed = sha256()
    for part in _parts(ast.parse(source)):
        hashed.update(part.encode() + b"\x00")
    return hashed.hexdigest()


def _parts(node: ast.AST) -> Iterator[str]:
    yield f"({type(node).__name__}"
    documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    for name, value in ast.iter_fields(node):
        if name in ("ctx", "kind", "type_comment", "type_ignores") or value is None or value == []:
            continue
        yield f".{name}"
        if isinstance(node, ast.Constant):
            yield f"{type(value).__name__}:{value!r}"
            continue
        values = value if isinstance(value, list) else [value]
        for item in values[1:] if name == "body" and documented and _is_docstring(values[0]) else values:
            yield from _parts(item) if isinstance(item, ast.AST) else (f"{type(item).__name__}:{item!r}",)
    yield ")"


def _is_docstring(statement: ast.AST) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
