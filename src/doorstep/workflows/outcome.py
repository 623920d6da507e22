"""What a journey's `run` may answer."""

from __future__ import annotations

from enum import Enum
from typing import Any

from temporalio import workflow

from doorstep.errors import JourneyError


def outcome_of(answer: Any) -> str | None:
    """The outcome that `run` answered. Raises `JourneyError` for what no projection could tell: the journey would be
    told for ever that it ends. Not of what is history, and not of what a release before could tell (an empty answer,
    a member of an enumeration of texts): a published journey on its way must not be stuck at its end."""
    if isinstance(answer, Enum):
        answer = answer.value
    if answer and not isinstance(answer, str) and not workflow.unsafe.is_replaying():
        raise JourneyError(
            f"The journey's `run` answers a value of type {type(answer).__name__}, which is no outcome.",
            mend="Return nothing, or a text such as 'completed'.",
        )
    return answer  # type: ignore[no-any-return] # of what is history, whatever it was
