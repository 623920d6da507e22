"""What rules and journeys recorded in words, as a person reads it: instants by their own clock, an author's condition
and an event as a sentence.

At reading time only: what is recorded stays as it was, and so do the facts beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo

from doorstep.domain.condition_words import FACTS, OURS, SHARED, Words
from doorstep.domain.event_words import happened, has_words
from doorstep.domain.instant_words import by_clock

_CONDITION = re.compile(r"'(?P<word>.+)' is (?P<no>not )?the case\.")
"""As `workflows.conditions.holds` says one."""
_HAPPENED = re.compile(r"'(?P<type>[a-z_]+\.[a-z_]+)' happened (?P<when>on .+)\.")
"""As a journey's desk says of an event that kept a message from going, its instant in words by then."""
_CAUSE = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+")
"""Why a journey left its course, as its code names that: `order_cancelled`."""
_PROMISED = {
    "It will be skipped when it comes.": "It is skipped if the journey comes to it; the plan tells whether it will."
}
"""What a journey answers an agent and cannot know: it runs what its author wrote and does not read it."""
_AMBIGUOUS = ("lines",)
"""What is recorded has no `self`: in a store's journey these may be names of its own."""


def told(text: str, zone: tzinfo, *, journey: str = "", ahead: bool = False) -> str:
    """A recorded text for a person, by the clock of that zone. `journey`: the type of the journey that recorded it,
    such as `standard.v1`; empty: not known. `ahead`: it is of what is expected, and nothing was decided yet."""
    if _CAUSE.fullmatch(text):
        return text.replace("_", " ")
    found = _CONDITION.fullmatch(text)
    if found is not None:
        return _condition(found["word"], bool(found["no"]), journey, ahead)
    said = by_clock(text, zone)
    event = _HAPPENED.fullmatch(said)
    if event is None or not has_words(event["type"]):
        return said
    return f"{happened(event['type']).removesuffix('.')} {event['when']}."


def answered(text: str) -> str:
    """What a journey answered to an agent's action, for a person: nothing that only may be so is promised."""
    return _PROMISED.get(text, text)


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
