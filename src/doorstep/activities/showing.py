"""What support sees of a journey, and what agents ask of it."""

from __future__ import annotations

from temporalio import activity

from doorstep import contracts
from doorstep.activities.counting import touched
from doorstep.contracts import Action, ClaimRequest, Projection
from doorstep.failures import translated
from doorstep.models.base import Database
from doorstep.models.claims import claim
from doorstep.models.projection import project
from doorstep.models.steering import settle
from doorstep.ports import Store
from doorstep.telemetry import metrics
from doorstep.touch import record


class ShowingActivities:
    """The journey's word, written down."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    @activity.defn(name=contracts.PROJECT, no_thread_cancel_exception=True)
    def project(self, projection: Projection) -> None:
        """Steps that ended inside the journey go to the ledger, finished actions to their rows, the rest to
        the journey's row. All of it may be told again: records and actions are facts and count in a
        projection of any age, the row takes a newer revision only."""
        with translated():
            for ended in projection.records:
                record(self._store, ended.request, ended.outcome, projection.at, ended.trace)
            new = project(self._database, projection)
            for done in projection.actions:
                settle(
                    self._database,
                    done.action_id,
                    applied=done.result.applied,
                    detail=done.result.detail,
                    waiting=done.result.waiting,
                    now=projection.at,
                )
        if new:  # told again, it counts once
            for ended in projection.records:
                touched(ended.request.step, ended.outcome)
            if projection.closed and activity.in_activity():
                metrics.journeys_closed(activity.info().workflow_type or "none", projection.outcome)

    @activity.defn(name=contracts.CLAIM_ACTION, no_thread_cancel_exception=True)
    def claim_action(self, request: ClaimRequest) -> Action:
        """Take an agent's action; `withdrawn` when the API had given it up."""
        with translated():
            return claim(self._database, request)
