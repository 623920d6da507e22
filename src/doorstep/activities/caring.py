"""Tickets, points and advice: what a journey asks for beside messages."""

from __future__ import annotations

from temporalio import activity

from doorstep import contracts
from doorstep.contracts import AdviceRequest, PointsRequest, RunOut, TicketRequest
from doorstep.failures import translated
from doorstep.intelligence import recommendations, replenishment
from doorstep.models.advice import candidates, in_use
from doorstep.models.base import Database
from doorstep.models.bestsellers import Bestsellers
from doorstep.models.habits import Habits
from doorstep.models.points import move_points
from doorstep.models.tickets import open_ticket


class CaringActivities:
    """All idempotent: by key, or because they only read."""

    def __init__(self, database: Database) -> None:
        self._database, self._habits, self._sellers = database, Habits(), Bestsellers()

    @activity.defn(name=contracts.OPEN_TICKET, no_thread_cancel_exception=True)
    def open_ticket(self, request: TicketRequest) -> str:
        """Open a case with support; answers its reference."""
        with translated():
            return open_ticket(self._database, request)

    @activity.defn(name=contracts.MOVE_POINTS, no_thread_cancel_exception=True)
    def move_points(self, request: PointsRequest) -> int:
        """Move loyalty points; answers the points really moved."""
        with translated():
            return move_points(self._database, request)

    @activity.defn(name=contracts.RECOMMEND, no_thread_cancel_exception=True)
    def recommend(self, request: AdviceRequest) -> tuple[str, ...]:
        """Product refs that fit, best first."""
        with translated():
            with self._database.reading() as connection:
                bought, found, owned = candidates(connection, request, self._sellers)
            return recommendations.recommend(bought, found, owned, request.limit)

    @activity.defn(name=contracts.PREDICT_RUN_OUT, no_thread_cancel_exception=True)
    def predict_run_out(self, request: AdviceRequest) -> tuple[RunOut, ...]:
        """When products of the order run out, soonest first."""
        with translated():
            with self._database.reading() as connection:
                products = in_use(connection, request, self._habits)
            return tuple(
                RunOut(product_ref=p.product_ref, at=p.at, confidence=p.confidence, basis=p.basis)
                for p in replenishment.predict(products)
            )
