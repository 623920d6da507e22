"""Is something wrong with a parcel? Then marketing is held."""

from __future__ import annotations

from datetime import timedelta

from doorstep.domain.outcomes import RuleTrace, SkipReason, Verdict
from doorstep.policies.case import Case, Ruling, defers, iso, skips

#: how long marketing is held before it is asked about again
HOLD = timedelta(hours=6)
#: the last stretch before expiry is asked about by halves, but not more often than this
LEAST_HOLD = timedelta(hours=1)


def open_exception(case: Case) -> RuleTrace | Ruling:
    """Holds marketing while a parcel is in trouble or silent; when holding would outlast the touch it is
    skipped with this reason (not as `stale`, which would hide why)."""
    order = case.facts.order
    troubled, silent = order.troubled, order.silent(case.at)
    read = {"troubled": troubled, "silent": silent}
    if not case.marketing:
        detail = "A transactional message goes in spite of trouble with a parcel."
        return RuleTrace("open_exception", Verdict.PASS, read, detail)
    if not (troubled or silent):
        detail = "No parcel is in trouble or overdue for a scan."
        return RuleTrace("open_exception", Verdict.PASS, read, detail)
    what = "A parcel is in trouble" if troubled else "A parcel has not been scanned when it should have"
    expires_at = case.request.expires_at
    until = case.at + min(HOLD, max(LEAST_HOLD, (expires_at - case.at) / 2))
    if until >= expires_at:
        detail = f"{what}, and waiting longer would outlast its use."
        return skips("open_exception", SkipReason.OPEN_EXCEPTION, detail, read)
    detail = f"{what}; asked again at {iso(until)}."
    return defers("open_exception", until, SkipReason.OPEN_EXCEPTION, detail, read)
