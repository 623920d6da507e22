"""Where a journey's code names a step: for a touch, whose own task does not show who asked for it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from doorstep.errors import BadInput, nearest
from doorstep.rehearsal.exploring import steps as source
from doorstep.workflows import registry

_ALIKE = 0.8
_NOWHERE = ""
"""Stands for a class where text stands outside of all classes."""


def naming(journey: type[Any], step: str) -> tuple[str, int] | None:
    """File and line of the text `step`: in the journey's class, else in one that it inherits from, else beside these in
    their modules; of several in one class a `send`. Never in another class, which is another journey's."""
    modules = [(cls, getattr(sys.modules.get(cls.__module__), "__file__", None)) for cls in journey.__mro__]
    files = [(cls.__qualname__, str(file)) for cls, file in modules if file]
    for name, file in (*files, *((_NOWHERE, file) for _, file in files)):
        found = _texts(file).get((name, step))
        if found is not None:
            return file, found[1]
    return None


def check_step(kind: str, name: str, came: Iterable[str] = ()) -> None:
    """Raises `BadInput` offering the nearest for a step (or `step:occurrence`) that the code of the workflow type does
    not have, where it has one of almost that name; `came`: steps it was seen to have. Other names may be other
    journeys', of which a test may say that this one never comes to them."""
    journey, step, seen = registry.journeys().get(kind), name.partition(":")[0], set(came)
    if journey is None or step in seen or source.may_have(journey, step):
        return
    if near := nearest(step, seen | source.steps(journey), alike=_ALIKE):
        raise BadInput(f"{kind} has no step '{name}'.{near}")


@lru_cache(maxsize=32)  # asked for every command of a journey
def _texts(file: str) -> Mapping[tuple[str, str], tuple[bool, int]]:
    """(class by its qualified name, text) → whether no `send` says it, and the first line."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, ValueError, SyntaxError):
        return {}  # no source, or it was changed since it was imported
    found: dict[tuple[str, str], tuple[bool, int]] = {}

    def look(node: ast.AST, scope: tuple[str, ...], held: str, *, sends: bool) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            here = (not sends, node.lineno)
            found[held, node.value] = min(found.get((held, node.value), here), here)
        if isinstance(node, ast.ClassDef):
            scope = (*scope, node.name)
            held = ".".join(scope)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            scope = (*scope, node.name, "<locals>")
        elif isinstance(node, ast.Call):
            sends = sends or "send" in (getattr(node.func, "attr", ""), getattr(node.func, "id", ""))
        for child in ast.iter_child_nodes(node):
            look(child, scope, held, sends=sends)

    look(tree, (), _NOWHERE, sends=False)
    return found
