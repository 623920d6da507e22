"""What rules and journeys recorded in words, as a person reads it on a page of theirs (`domain.recorded_words`); and
the facts beside it, which stay as they are but for an instant that is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorstep.domain import recorded_words
from doorstep.domain.customers import UNDATED
from doorstep.domain.instant_words import by_clock
from doorstep.models.reading.clock import Clock

_UNDATED = UNDATED.isoformat()


def told(text: str, clock: Clock, *, journey: str = "", ahead: bool = False) -> str:
    """A recorded text for a person. `journey`: the type of the journey that recorded it, such as `standard.v1`; empty:
    not known. `ahead`: it is of what is expected, and nothing was decided yet."""
    return recorded_words.told(text, clock.zone, journey=journey, ahead=ahead)


def in_words(text: str, clock: Clock) -> str:
    """A recorded text with its instants by the person's clock; what is no instant stays as it is."""
    return by_clock(text, clock.zone)


def facts_told(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule read, as it is told: a consent that nobody dated was given at no instant (`at` is None)."""
    words = facts.get("consents")
    if not words:
        return dict(facts)
    dated = {
        channel: {**word, "at": None} if word.get("at") == _UNDATED else word
        for channel, word in words.items()
    }
    return {**facts, "consents": dated}
