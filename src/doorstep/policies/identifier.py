"""Is there a way to reach the person at all?"""

from __future__ import annotations

from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import RuleTrace, SkipReason
from doorstep.policies.case import Case, Ruling, narrowed


def identifier(case: Case) -> RuleTrace | Ruling:
    """Keeps the channels that can carry the message and for which the person has an address. A channel whose
    provider rejected the touch is not asked again; if that leaves none, the reason is the rejection."""
    fell: dict[Channel, str] = {}
    for channel in case.channels:
        if channel in case.tried:
            fell[channel] = case.unavailable.get(channel, "its provider rejected the message")
        elif channel in case.unavailable:
            fell[channel] = case.unavailable[channel]
        elif channel not in case.facts.reachable:
            fell[channel] = "the person has no address there"
    rejected = not set(case.tried).isdisjoint(case.channels)
    return narrowed(
        "identifier",
        case,
        fell,
        SkipReason.PROVIDER_REJECTED if rejected else SkipReason.MISSING_IDENTIFIER,
        "The person can be reached on every channel asked for.",
    )
