"""Who gets no marketing at all, so that its effect can be measured."""

from __future__ import annotations

from doorstep.domain.customers import Facts
from doorstep.domain.ids import fraction
from doorstep.domain.outcomes import SkipReason
from doorstep.domain.touches import TouchRequest
from doorstep.policies.case import Case, Ruling, passes, skips


def held_out(request: TouchRequest, facts: Facts) -> bool:
    """Whether this person is in the store's holdout: follows from the two references alone, so it is the
    same for every journey, and raising the percentage only adds people."""
    percent = facts.policy.holdout_percent
    return percent > 0 and fraction("holdout", request.store_id, request.person_ref) * 100 < percent


def holdout(case: Case) -> Ruling:
    """Last of all rules: a held-out touch is one that would have been sent. It fills the person's shadow
    caps, so that both groups are capped alike and the comparison is fair."""
    if not case.marketing:
        return passes("Holdout binds marketing only.")
    read = {"percent": case.facts.policy.holdout_percent, "held_out": held_out(case.request, case.facts)}
    if read["held_out"]:
        return skips(SkipReason.HOLDOUT, "This person is in the holdout group.", read, shadow=True)
    return passes("This person is not in the holdout group.", read)
