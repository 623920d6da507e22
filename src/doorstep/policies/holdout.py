"""Who gets no marketing at all, so that its effect can be measured."""

from __future__ import annotations

from doorstep.domain.customers import Facts
from doorstep.domain.ids import fraction
from doorstep.domain.outcomes import RuleTrace, SkipReason, Verdict
from doorstep.domain.touches import TouchRequest
from doorstep.policies.case import Case, Ruling, skips


def held_out(request: TouchRequest, facts: Facts) -> bool:
    """Whether this person is in the store's holdout: follows from the two references alone, so it is the
    same for every journey, and raising the percentage only adds people."""
    percent = facts.policy.holdout_percent
    return percent > 0 and fraction("holdout", request.store_id, request.person_ref) * 100 < percent


def holdout(case: Case) -> RuleTrace | Ruling:
    """Last of all rules: a held-out touch is one that would have been sent. It fills the person's shadow
    caps, so that both groups are capped alike and the comparison is fair."""
    if not case.marketing:
        return RuleTrace("holdout", Verdict.PASS, {}, "Holdout binds marketing only.")
    held = held_out(case.request, case.facts)
    read = {"percent": case.facts.policy.holdout_percent, "held_out": held}
    if held:
        return skips("holdout", SkipReason.HOLDOUT, "This person is in the holdout group.", read, shadow=True)
    return RuleTrace("holdout", Verdict.PASS, read, "This person is not in the holdout group.")
