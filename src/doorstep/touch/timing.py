"""When a touch is decided, and how long things may take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: How long a reservation fills a cap without being sent. Above one activity attempt (30 s), so that a live
#: attempt keeps its slot; short, so that a dead one gives it back.
RESERVATION = timedelta(minutes=2)
#: How soon a touch that another attempt holds is asked about again.
YIELD = timedelta(minutes=1)
#: R of a channel whose sender is no longer configured: nobody can say how soon it would have reported.
RECONCILE_UNKNOWN = timedelta(hours=1)
_NONE = timedelta()


def decision_time(
    as_of: datetime, scheduled: datetime, current_attempt: datetime, started: datetime
) -> datetime:
    """`as_of` (`workflow.now()` when it was asked) moved on by how long the activity has been retried and how
    long this attempt lay in the task queue: `as_of` alone would stand still through hours without a worker.

    All three activity times come from the server's clock, virtual under time skipping (`started` too: the
    server stamps it when it hands the attempt out), so only their differences count. Never before `as_of`. In UTC: a
    moment that came as JSON has a zone object of its own, with which every comparison takes ten times as long.
    """
    return as_of.astimezone(UTC) + max(current_attempt - scheduled, started - scheduled, _NONE)
