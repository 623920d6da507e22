"""Recommendations and run-outs for a plan, answered as the worker answers them, of the person's orders as the plan
knows them. The catalogue, and what other customers buy, are as the tables have them today."""

from __future__ import annotations

from doorstep import contracts
from doorstep.contracts import AdviceRequest, RunOut
from doorstep.domain.orders import OrderState
from doorstep.failures import translated
from doorstep.intelligence import recommendations, replenishment
from doorstep.models.advice import candidates, in_use
from doorstep.models.base import Database
from doorstep.models.bestsellers import Bestsellers
from doorstep.models.habits import Habits
from doorstep.rehearsal.activities import ActivityCall, ActivityFunction
from doorstep.rehearsal.records import Records


class Advice:
    """Only reads. One per process: it remembers what sells, and how soon products are bought again."""

    def __init__(self, database: Database) -> None:
        self._database, self._habits, self._sellers = database, Habits(), Bestsellers()

    def of(self, records: Records) -> dict[str, ActivityFunction]:
        """The activities over the orders of those records, as they stand when they are asked."""

        def states() -> dict[str, OrderState]:
            return {ref: order.state for ref, order in records.orders.items()}

        def recommend(call: ActivityCall, request: AdviceRequest) -> tuple[str, ...]:
            with translated():
                with self._database.reading() as connection:
                    bought, found, owned = candidates(connection, request, self._sellers, states())
                return recommendations.recommend(bought, found, owned, request.limit)

        def run_outs(call: ActivityCall, request: AdviceRequest) -> tuple[RunOut, ...]:
            with translated():
                with self._database.reading() as connection:
                    products = in_use(connection, request, self._habits, states())
                return tuple(
                    RunOut(product_ref=p.product_ref, at=p.at, confidence=p.confidence, basis=p.basis)
                    for p in replenishment.predict(products)
                )

        return {contracts.RECOMMEND: recommend, contracts.PREDICT_RUN_OUT: run_outs}
