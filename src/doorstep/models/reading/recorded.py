"""What rules and journeys recorded in words, as a person reads it: instants by their own clock, an author's condition
and an event as a sentence.

Pure, and at reading time only: what is recorded stays as it was, and so do the facts beside it, but for an
instant that is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from doorstep.domain.condition_words import FACTS, OURS, SHARED, Words
from doorstep.domain.customers import UNDATED
from doorstep.domain.event_words import happened, has_words
from doorstep.domain.instant_words import by_clock
from doorstep.models.reading.clock import Clock

_CONDITION = re.compile(r"'(?P<word>.+)' is (?P<no>not )?the case\.")
"""As `workflows.conditions.holds` says one."""
_HAPPENED = re.compile(r"'(?P<type>[a-z_]+\.[a-z_]+)' happened (?P<when>on .+)\.")
"""As a journey's desk says of an event that kept a message from going, its instant in words by then."""
_CAUSE = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+")
"""Why a journey left its course, as its code names that: `order_cancelled`."""
_UNDATED = UNDATED.isoformat()
_AMBIGUOUS = ("lines",)
"""What is recorded has no `self`: in a store's journey these may be names of its own."""


def told(text: str, clock: Clock, *, journey: str = "", ahead: bool = False) -> str:
    """A recorded text for a person. `journey`: the type of the journey that recorded it, such as `standard.v1`; empty:
    not known. `ahead`: it is of what is expected, and nothing was decided yet."""
    if _CAUSE.fullmatch(text):
        return text.replace("_", " ")
    found = _CONDITION.fullmatch(text)
    if found is not None:
        return _condition(found["word"], bool(found["no"]), journey, ahead)
    said = in_words(text, clock)
    event = _HAPPENED.fullmatch(said)
    if event is None or not has_words(event["type"]):
        return said
    return f"{happened(event['type']).removesuffix('.')} {event['when']}."


def _condition(word: str, negated: bool, journey: str, ahead: bool) -> str:
    ours = journey.partition(".v")[0] == "standard"
    known = _OURS.get(word) if ours else None
    if known is None and (ours or word not in _AMBIGUOUS):
        known = _FACTS.get(word)
    if known is None:
        return f"The journey leaves it out when '{word.replace('_', ' ')}' is {'not ' if negated else ''}so."
    if ahead:
        return known.not_so if negated else known.so
    return known.was_not if negated else known.was


def _by_word(words: Mapping[tuple[str, ...], Words]) -> dict[str, Words]:
    return {" ".join(path).replace("_", " "): said for path, said in words.items()}


_FACTS, _OURS = _by_word({**FACTS, **SHARED}), _by_word(OURS)


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
