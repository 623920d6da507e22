"""Is the address on the never-send list?"""

from __future__ import annotations

from collections.abc import Iterable

from doorstep.domain.customers import Consent, Suppression, SuppressionCause
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import RuleTrace, SkipReason
from doorstep.policies.case import Case, Ruling, narrowed


def suppression(case: Case) -> RuleTrace | Ruling:
    """A bounce, a STOP or an agent's word blocks everything on that channel; a complaint and an erasure only
    marketing, and an erasure no longer once the address's new person has agreed to marketing after it."""
    fell: dict[Channel, str] = {}
    for held in sorted(case.facts.suppressions, key=lambda s: (s.since, s.cause)):
        bound = binds(held, case.request.purpose, case.facts.consents)
        if bound and held.channel in case.channels and held.channel not in fell:
            fell[held.channel] = f"suppressed by {held.cause}"
    return narrowed("suppression", case, fell, SkipReason.SUPPRESSED, "No address is suppressed.")


def binds(held: Suppression, purpose: Purpose, consents: Iterable[Consent]) -> bool:
    """Whether that entry blocks a message of that purpose, given the person's words."""
    marketing = purpose is Purpose.MARKETING
    match held.cause:
        case SuppressionCause.COMPLAINT:
            return marketing
        case SuppressionCause.ERASURE:
            return marketing and not any(
                word.granted and word.channel is held.channel and word.at > held.since for word in consents
            )
        case _:
            return True
