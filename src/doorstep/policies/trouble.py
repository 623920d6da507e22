"""Is something wrong with a parcel? Then marketing is held."""

from __future__ import annotations

from datetime import timedelta

from doorstep.domain.outcomes import SkipReason
from doorstep.policies.case import Case, Ruling, defers, iso, passes, skips

#: how long marketing is held before it is asked about again
HOLD = timedelta(hours=6)
#: the last stretch before expiry is asked about by halves, but not more often than this
LEAST_HOLD = timedelta(hours=1)


def open_exception(case: Case) -> Ruling:
    """Holds marketing while a parcel is in trouble or silent; when holding would outlast the touch it is
    skipped with this reason (not as `stale`, which would hide why)."""
    order = case.facts.order
    read = {"troubled": order.troubled, "silent": order.silent(case.at)}
    if not case.marketing:
        return passes("A transactional message goes in spite of trouble with a parcel.", read)
    if not any(read.values()):
        return passes("No parcel is in trouble or overdue for a scan.", read)
    what = (
        "A parcel is in trouble" if read["troubled"] else "A parcel has not been scanned when it should have"
    )
    expires_at = case.request.expires_at
    until = case.at + min(HOLD, max(LEAST_HOLD, (expires_at - case.at) / 2))
    if until >= expires_at:
        return skips(SkipReason.OPEN_EXCEPTION, f"{what}, and waiting longer would outlast its use.", read)
    return defers(until, SkipReason.OPEN_EXCEPTION, f"{what}; asked again at {iso(until)}.", read)
