"""Is the touch still of use, and is its journey still on course?"""

from __future__ import annotations

from doorstep.domain.outcomes import SkipReason
from doorstep.policies.case import Case, Ruling, iso, passes, skips


def stale(case: Case) -> Ruling:
    """Past its usefulness a touch is not sent: a journey started late skips it instead of bursting."""
    until = iso(case.request.expires_at)
    if case.at > case.request.expires_at:
        told = f"It was of use until {until}, and it is {iso(case.at)}."
        return skips(SkipReason.STALE, told, {"expires_at": until})
    return passes(f"It is of use until {until}.", {"expires_at": until})


def exited(case: Case) -> Ruling:
    """After an exit only the journey's farewell passes, and only if it is transactional. After an erasure
    nothing does: there is nobody left to write to."""
    order, request = case.facts.order, case.request
    read = {
        "exited_at": iso(case.facts.exited_at),
        "order_gone": order.gone,
        "erased": order.erased_at is not None,
        "after_exit": request.after_exit,
    }
    if order.erased_at is not None:
        return skips(SkipReason.EXITED, "The person asked to be erased.", read)
    if case.facts.exited_at is None and not read["order_gone"]:
        return passes("The journey is on its course and something of the order is kept.", read)
    why = (
        "The journey has left its course"
        if case.facts.exited_at is not None
        else "Nothing is left of the order"
    )
    if request.after_exit and not case.marketing:
        return passes(f"{why}; this is its transactional farewell.", read)
    return skips(SkipReason.EXITED, f"{why}.", read)
