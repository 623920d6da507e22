"""The touch: gate, ledger, render, send, written once over the ports; production and rehearsal run the same.

`perform` is the whole of one touch, `reported` what a provider's callback does, `record` what the journey
decided by itself, `settle` what a sweep does with a row nobody will ask about again. `ledger` holds the
transitions, and how a row counts for others (`as_counted`, `as_waiting`).
"""

from doorstep.touch.afterwards import record, reported, reported_in, settle
from doorstep.touch.algorithm import perform
from doorstep.touch.ledger import as_counted, as_waiting, outcome_of
from doorstep.touch.timing import decision_time

__all__ = [
    "as_counted",
    "as_waiting",
    "decision_time",
    "outcome_of",
    "perform",
    "record",
    "reported",
    "reported_in",
    "settle",
]
