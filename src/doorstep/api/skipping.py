"""Whether a step that an agent wants left out, or sent now, is one of the journey's at all.

The journey itself cannot tell: it runs what its author wrote and does not read it. Believed, a misspelt step would be
said to be skipped, and go; to send one now would be asked of the journey, and refused as if it had only not come to it.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from doorstep.api.wiring import Services
from doorstep.errors import NotFound, SetupError, nearest
from doorstep.models.codec_json import waits_of
from doorstep.rehearsal.exploring.steps import steps_of
from doorstep.workflows import registry

Check = Callable[[Any, str], None]
"""Given a journey's row and a step, raises `NotFound` with the nearest one. Silent wherever it cannot be known: code
that is not here, a step whose name is computed."""


def step_check(parts: Services) -> Check:
    """Ready to be asked within a transaction: code is imported now, the first time."""
    try:
        registry.load(parts.settings.store_packages)
    except SetupError:
        return lambda journey, step: None  # a worker has that code, or nobody; the journey answers
    return _check


def _check(journey: Any, step: str) -> None:
    every = _steps_of(journey.type)
    if any(fnmatchcase(step, known) for known in every):
        return
    if any(wait.kind == "touch" and wait.name == step for wait in waits_of(journey.waits)):
        return
    raise NotFound(
        f"This journey has no step '{step}', behind it or ahead; nothing was changed.{nearest(step, every)}",
        mend=f"It has: {', '.join(sorted(every))}." if every else "It has none.",
        code="step_not_found",
    )


@lru_cache(maxsize=64)
def _steps_of(type_: str) -> frozenset[str]:
    return steps_of(type_)  # a published version's code does not change
