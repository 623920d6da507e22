"""Does the message still make sense to this person?"""

from __future__ import annotations

from doorstep.domain.outcomes import SkipReason
from doorstep.policies.case import Case, Ruling, passes, skips


def relevance(case: Case) -> Ruling:
    """Marketing is dropped when what it is about went back, when all it recommends is owned already, or
    while a person in support has a complaint about the order. Transactional messages pass.

    An order whose lines are not known yet keeps nothing from being relevant.
    """
    if not case.marketing:
        return passes("A transactional message is relevant as it is.")
    order, request = case.facts.order, case.request
    kept_lines = order.kept_lines
    items_kept = [
        ref for ref in request.items if any(ref in (line.ref, line.product_ref) for line in kept_lines)
    ]
    new_to_them = [ref for ref in request.offered if ref not in case.facts.owned_products]
    read = {
        "open_complaint": order.open_complaint,
        "items": list(request.items),
        "items_kept": items_kept,
        "offered": list(request.offered),
        "offered_not_owned": new_to_them,
    }
    if order.open_complaint:
        return skips(SkipReason.NOT_RELEVANT, "Support has an open complaint about this order.", read)
    if order.lines and not kept_lines:
        return skips(SkipReason.NOT_RELEVANT, "The whole order goes back.", read)
    if request.items and order.lines and not items_kept:
        return skips(SkipReason.NOT_RELEVANT, "Nothing it is about is kept any more.", read)
    if request.offered and not new_to_them:
        return skips(SkipReason.NOT_RELEVANT, "Everything it recommends is owned already.", read)
    return passes("It still makes sense.", read)
