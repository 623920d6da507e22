"""Whether a step that an agent wants left out, or sent now, is one of the journey's at all.

The journey itself cannot tell: it runs what its author wrote and does not read it. Believed, a misspelt step would be
said to be skipped, and go; to send one now would be asked of the journey, and refused as if it had only not come to it.
So with what a step is about: the journey takes it for one to come, and the one that was meant goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from sqlmodel import Session, col, select

from doorstep.api.wiring import Services
from doorstep.errors import NotFound, SetupError, nearest
from doorstep.models.codec_json import waits_of
from doorstep.models.ledger import LedgerRowModel
from doorstep.rehearsal.exploring.steps import goes_once, steps_of
from doorstep.workflows import registry

ALIKE = 0.9
"""How like two references are of which one is the other, mistyped: those of two parcels are not."""

Check = Callable[[Session, Any, str, str], None]
"""Given a journey's row, a step and what it is to be about (or the empty string), raises `NotFound` with the nearest.
Silent wherever it cannot be known: code that is not here, a step whose name is computed, an occurrence to come."""


def step_check(parts: Services) -> Check:
    """Ready to be asked within a transaction: code is imported now, the first time."""
    try:
        registry.load(parts.settings.store_packages)
    except SetupError:
        return _check_occurrence  # a worker has that code, or nobody; the journey answers
    return _check


def _check(session: Session, journey: Any, step: str, occurrence: str) -> None:
    every = _steps_of(journey.type)
    if not any(fnmatchcase(step, known) for known in every) and step not in {
        wait.name for wait in _touches(journey)
    }:
        raise NotFound(
            f"This journey has no step '{step}', behind it or ahead; nothing was changed.{nearest(step, every)}",
            mend=f"It has: {', '.join(sorted(every))}." if every else "It has none.",
            code="step_not_found",
        )
    _check_occurrence(session, journey, step, occurrence)


def _check_occurrence(session: Session, journey: Any, step: str, occurrence: str) -> None:
    if not occurrence:
        return
    # of one that has not come the code alone says whether it can be about anything
    once = {""} if goes_once(journey.type, step) else set()
    rows = session.exec(
        select(LedgerRowModel.occurrence).where(
            col(LedgerRowModel.journey_id) == journey.id, col(LedgerRowModel.step) == step
        )
    )
    known = {*once, *rows, *(wait.occurrence for wait in _touches(journey) if wait.name == step)}
    if occurrence in known or _may_come(occurrence, known):
        return
    named = sorted(known - {""})
    raise NotFound(
        f"No '{step}' of this journey is about '{occurrence}'; nothing was changed.{nearest(occurrence, named)}",
        mend=f"It is about: {', '.join(named)}." if named else "It goes once: leave the occurrence out.",
        code="occurrence_not_found",
    )


def _may_come(occurrence: str, known: Iterable[str]) -> bool:
    """Whether it can be one that is still to come: named as those that are known, of something else
    (`shipment:shp_…:delivered` of another parcel). A step that goes about nothing in particular goes once."""
    known = set(known)
    kind, subject = _parted(occurrence)
    subjects = {theirs for shape, theirs in map(_parted, known - {""}) if shape == kind}
    return not known or (bool(subjects) and not nearest(subject, subjects - {subject}, alike=ALIKE))


def _parted(occurrence: str) -> tuple[tuple[str, ...], str]:
    """What occurrences of one step have in common, and what each is of: `shipment:shp_…:delivered`, `week:2`."""
    first, *rest = occurrence.split(":")
    return ((first, *rest[1:2]), rest[0]) if rest else ((), first)


def _touches(journey: Any) -> list[Any]:
    return [wait for wait in waits_of(journey.waits) if wait.kind == "touch"]


@lru_cache(maxsize=64)
def _steps_of(type_: str) -> frozenset[str]:
    return steps_of(type_)  # a published version's code does not change
