"""What a journey does besides messages: a case for support, points, advice on products. Each is asked for once, by a
key of its own, and none of them ends the journey when it fails for good."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

from doorstep import contracts
from doorstep.contracts import AdviceRequest, PointsRequest, RunOut, TicketRequest
from doorstep.domain import ids
from doorstep.domain.events import Event
from doorstep.domain.values import replace
from doorstep.workflows.core import JourneyCore
from doorstep.workflows.touching import occurrence_of


class Effects(JourneyCore):
    """A journey's verbs that reach others than the customer."""

    async def ticket(self, reason: str, *, about: Event | str | None = None, priority: str = "normal") -> str:
        """A case for a person in support; its reference, or the empty string if none could be opened."""
        request = TicketRequest(
            key=self._key("ticket", reason, about),
            journey_id=self._start.journey_id,
            store_id=self._start.store_id,
            order_ref=self._start.order_ref,
            person_ref=self._start.person_ref,
            reason=reason,
            at=self.now,
            priority=priority,
        )
        return await self._surely(contracts.open_ticket(request), "")

    async def reward(
        self, points: int, reason: str, *, about: Event | str | None = None, pending: timedelta | None = None
    ) -> int:
        """Loyalty points earned by this order; the points really given. `pending`: available only after it."""
        request = self._points(points, reason, about)
        if pending is not None:
            request = replace(request, available_at=self.now + pending)
        return await self._surely(contracts.move_points(request), 0)

    async def take_back(self, points: int, reason: str, *, about: Event | str | None = None) -> int:
        """Take back up to `points` of what `reward(…, reason)` gave; the points really taken (≥ 0)."""
        given = self._points(points, reason, None).key
        request = replace(self._points(-points, f"{reason}-reversed", about), reverses=given)
        return -await self._surely(contracts.move_points(request), 0)

    async def recommendations(self, limit: int = 3) -> tuple[str, ...]:
        """Product refs that fit this person after this order, best first."""
        return await self._surely(contracts.recommend(self._advice(limit)), ())

    async def run_outs(self) -> tuple[RunOut, ...]:
        """When what was bought runs out, soonest first."""
        return await self._surely(contracts.predict_run_out(self._advice(3)), ())

    async def _surely[T](self, call: Awaitable[T], otherwise: T) -> T:
        """A side effect whose final failure must not end the journey."""
        try:
            with self._reporter.busy:
                result: T = await call
        except FailureError as error:
            if is_cancelled_exception(error):
                raise asyncio.CancelledError from error
            workflow.logger.warning("A side effect failed for good; the journey goes on without it.")
            return otherwise
        return result

    def _key(self, kind: str, name: str, about: Event | str | None) -> str:
        return ids.touch_key(self._start.journey_id, f"{kind}/{name}", occurrence_of(about))

    def _points(self, points: int, reason: str, about: Event | str | None) -> PointsRequest:
        return PointsRequest(
            key=self._key("points", reason, about),
            journey_id=self._start.journey_id,
            store_id=self._start.store_id,
            order_ref=self._start.order_ref,
            person_ref=self._start.person_ref,
            points=points,
            reason=reason,
            at=self.now,
        )

    def _advice(self, limit: int) -> AdviceRequest:
        return AdviceRequest(
            journey_id=self._start.journey_id,
            store_id=self._start.store_id,
            order_ref=self._start.order_ref,
            person_ref=self._start.person_ref,
            as_of=self.now,
            limit=limit,
        )
