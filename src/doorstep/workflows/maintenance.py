"""What a deployment does for itself, as a workflow that Temporal's schedules start.

No journey: it stands in a task queue of its own, is not in the table of published ones, and no rehearsal sees it.
One run does whatever is due then, so a run that was missed is made up for by the next, and two at once do no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from temporalio import workflow
from temporalio.common import RetryPolicy

MAINTAIN = "maintain"
WORKFLOW = "maintenance.v1"
ROUNDS = 200
"""Of one run: what is left then waits for the next, and no history grows long."""
ROUND = timedelta(minutes=2)
"""What a dead worker's round is waited for before another takes it; a round works for half a minute."""


class Job(StrEnum):
    """What there is to do. `probe` does nothing: `doorstep doctor --production` sees that it is done."""

    SWEEP = "sweep"
    RECONCILE = "reconcile"
    ARCHIVE = "archive"
    PURGE = "purge"
    PROBE = "probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One activity's worth of a job. `after`: where the round before it ended."""

    job: Job
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a round did, in counts. `after`: where the next goes on; empty when nothing is left."""

    counts: Mapping[str, int] = field(default_factory=dict)
    after: str = ""


@workflow.defn(name=WORKFLOW)
class Maintenance:
    """One job, round after round until nothing is left."""

    @workflow.run
    async def run(self, job: Job) -> dict[str, int]:
        """Answers what it did, in counts."""
        total: dict[str, int] = {}
        after = ""
        for _ in range(ROUNDS):
            done = await workflow.execute_activity(
                MAINTAIN,
                Round(job=job, after=after),
                result_type=Done,
                start_to_close_timeout=ROUND,
                retry_policy=RetryPolicy(
                    initial_interval=timedelta(seconds=2),
                    maximum_interval=timedelta(minutes=1),
                    maximum_attempts=5,
                ),
            )
            for what, count in sorted(done.counts.items()):
                total[what] = total.get(what, 0) + count
            after = done.after
            if not after:
                break
        return total
