"""Is the address on the never-send list?"""

from __future__ import annotations

from doorstep.domain.customers import SuppressionCause
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import SkipReason
from doorstep.policies.case import Case, Ruling, narrowed


def suppression(case: Case) -> Ruling:
    """A bounce, a STOP or an agent's word blocks everything on that channel; a complaint only marketing."""
    fell: dict[Channel, str] = {}
    for held in sorted(case.facts.suppressions, key=lambda s: (s.since, s.cause)):
        binds = case.marketing or held.cause is not SuppressionCause.COMPLAINT
        if binds and held.channel in case.channels and held.channel not in fell:
            fell[held.channel] = f"suppressed by {held.cause}"
    return narrowed(case, fell, SkipReason.SUPPRESSED, "No address is suppressed.")
