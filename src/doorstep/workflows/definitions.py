"""A published class's definition for the SDK: made once per process, taken over by each run that imports it anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from temporalio import workflow

_SDKS = "__temporal_workflow_definition"
_MADE: dict[tuple[str, str, str], Any] = {}


def defined[J](type_name: str, cls: type[J]) -> type[J]:
    """`workflow.defn(name=type_name)` of `cls`, whose run method is `doorstep_main`.

    To find a class's handlers the SDK goes through every member of every class above it, two thirds of what a run's
    import costs. A journey's handlers are mostly the engine's, which runs share with the process: then its definition
    of the same class holds for the run's as well. A class that has handlers of its own is defined by the SDK.
    """
    key = (type_name, cls.__module__, cls.__qualname__)
    if not workflow.unsafe.in_sandbox():
        made = workflow.defn(name=type_name)(cls)
        _MADE[key] = vars(made).get(_SDKS)
        return made
    known = _MADE.get(key)
    if known is None or not _only_shared(cls, known):
        return workflow.defn(name=type_name)(cls)
    run = vars(cls)["doorstep_main"]
    own = replace(known, cls=cls, run_fn=run)
    for carrier in (cls, run):
        setattr(carrier, _SDKS, own)
    return cls


def _only_shared(cls: type, known: Any) -> bool:
    """Whether nothing but the run method of the classes that `cls` does not share with the process says anything to
    the SDK, or hides what the shared ones say."""
    shared = set(known.cls.__mro__)
    handlers = {
        defn.fn.__name__ for table in (known.signals, known.queries, known.updates) for defn in table.values()
    }
    for own in cls.__mro__:
        if own in shared:
            continue
        for name, member in vars(own).items():
            if name == "doorstep_main":
                continue
            if name in handlers or name == _SDKS or _speaks(member):
                return False
    return True


def _speaks(member: object) -> bool:
    marks = getattr(member, "__dict__", None) or {}
    return "_defn" in marks or any(name.startswith("__temporal_") for name in marks)
