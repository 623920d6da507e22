"""Does the message still make sense to this person?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorstep.domain.outcomes import RuleTrace, SkipReason, Verdict
from doorstep.policies.case import Case, Ruling, skips


def relevance(case: Case) -> RuleTrace | Ruling:
    """Marketing is dropped when what it is about went back, or all the money; when all it recommends is owned
    already; or while a person in support has a complaint about the order. Transactional messages pass.

    An order whose lines are not known yet keeps nothing from being relevant.
    """
    if not case.marketing:
        return RuleTrace("relevance", Verdict.PASS, {}, "A transactional message is relevant as it is.")
    order, request = case.facts.order, case.request
    open_complaint, kept_lines = order.open_complaint, order.kept_lines
    kept_refs = {ref for line in kept_lines for ref in (line.ref, line.product_ref)}
    items_kept = [ref for ref in request.items if ref in kept_refs]
    new_to_them = [ref for ref in request.offered if ref not in case.facts.owned_products]
    read = {
        "open_complaint": open_complaint,
        "items": list(request.items),
        "items_kept": items_kept,
        "offered": list(request.offered),
        "offered_not_owned": new_to_them,
    }
    if open_complaint:
        return _dropped("Support has an open complaint about this order.", read)
    if order.lines and not kept_lines:
        return _dropped("The whole order goes back.", read)
    if order.paid_back:
        return _dropped("All that was paid for the order was refunded.", {**read, "paid_back": True})
    if request.items and order.lines and not items_kept:
        return _dropped("Nothing it is about is kept any more.", read)
    if request.offered and not new_to_them:
        return _dropped("Everything it recommends is owned already.", read)
    return RuleTrace("relevance", Verdict.PASS, read, "It still makes sense.")


def _dropped(why: str, read: Mapping[str, Any]) -> Ruling:
    return skips("relevance", SkipReason.NOT_RELEVANT, why, read)
