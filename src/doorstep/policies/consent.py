"""Did the person agree to this, on this channel?"""

from __future__ import annotations

from typing import Any

from doorstep.domain.customers import Consent
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import RuleTrace, SkipReason
from doorstep.policies.case import Case, Ruling, iso, narrowed


def consent(case: Case) -> RuleTrace | Ruling:
    """Marketing needs a consent that stands. Transactional needs none, but a withdrawal is obeyed."""
    fell: dict[Channel, str] = {}
    read: dict[str, Any] = {}
    for channel in case.channels:
        word = latest(case, channel)
        if word is not None:
            read[str(channel)] = {
                "granted": word.granted,
                "at": iso(word.at),
                "source": word.source,
            }
        if word is not None and not word.granted:
            fell[channel] = f"{case.request.purpose} consent was withdrawn"
        elif word is None and case.marketing:
            fell[channel] = "marketing consent was never given"
    all_well = "Consent stands." if case.marketing else "A transactional message needs no consent."
    return narrowed("consent", case, fell, SkipReason.NOT_CONSENTED, all_well, {"consents": read})


def latest(case: Case, channel: Channel) -> Consent | None:
    """The last word on that channel for this purpose; of two at one instant the withdrawal wins."""
    words = [c for c in case.facts.consents if c.channel is channel and c.purpose is case.request.purpose]
    if len(words) < 2:
        return words[0] if words else None
    return max(words, key=lambda c: (c.at, not c.granted))
