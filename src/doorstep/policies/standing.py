"""Is the touch still of use, and is its journey still on course?"""

from __future__ import annotations

from doorstep.domain.outcomes import RuleTrace, SkipReason, Verdict
from doorstep.policies.case import Case, Ruling, iso, skips


def stale(case: Case) -> RuleTrace | Ruling:
    """Past its usefulness a touch is not sent: a journey started late skips it instead of bursting."""
    until = iso(case.request.expires_at)
    if case.at > case.request.expires_at:
        told = f"It was of use until {until}, and it is {iso(case.at)}."
        return skips("stale", SkipReason.STALE, told, {"expires_at": until})
    return RuleTrace("stale", Verdict.PASS, {"expires_at": until}, f"It is of use until {until}.")


def exited(case: Case) -> RuleTrace | Ruling:
    """After an exit only the journey's farewell passes, and only if it is transactional. After an erasure
    nothing does: there is nobody left to write to."""
    order, request, exited_at = case.facts.order, case.request, case.facts.exited_at
    gone = order.gone
    read = {
        "exited_at": iso(exited_at),
        "order_gone": gone,
        "erased": order.erased_at is not None,
        "after_exit": request.after_exit,
    }
    if order.erased_at is not None:
        return skips("exited", SkipReason.EXITED, "The person asked to be erased.", read)
    if exited_at is None and not gone:
        detail = "The journey is on its course and something of the order is kept."
        return RuleTrace("exited", Verdict.PASS, read, detail)
    why = "The journey has left its course" if exited_at is not None else "Nothing is left of the order"
    if request.after_exit and not case.marketing:
        return RuleTrace("exited", Verdict.PASS, read, f"{why}; this is its transactional farewell.")
    return skips("exited", SkipReason.EXITED, f"{why}.", read)
