"""The desk of a journey: every touch that waits, is under way, or has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from temporalio import workflow
from temporalio.exceptions import ActivityError, CancelledError

from doorstep import contracts
from doorstep.contracts import StepRecord, Wait
from doorstep.domain import ids
from doorstep.domain.events import Event
from doorstep.domain.outcomes import Outcome, OutcomeKind, RuleTrace, SkipReason, Verdict
from doorstep.domain.touches import TouchRequest
from doorstep.errors import JourneyError
from doorstep.workflows.arms import ended, settled
from doorstep.workflows.conditions import holds
from doorstep.workflows.touching import Condition, Touch, skipped

if TYPE_CHECKING:
    from doorstep.workflows.core import JourneyCore


class Desk:
    """Carries touches from their due moment to their outcome."""

    def __init__(self, journey: JourneyCore) -> None:
        self._journey = journey
        self.waiting: dict[str, Touch] = {}
        """Touch key → the touch that waits or is under way."""
        self.outcomes: dict[str, Outcome] = {}
        """Touch key → its last outcome."""

    def waits(self) -> tuple[Wait, ...]:
        """What waits, for support to read."""
        return tuple([t.wait() for t in self.waiting.values() if t.shown or not t.under_way])

    def shown(self) -> None:
        """What waits now has been projected."""
        for touch in self.waiting.values():
            touch.shown = touch.shown or not touch.under_way

    async def carry(self, touch: Touch) -> Outcome:
        """From due moment to outcome. A cancellation is recorded, then let out."""
        key = ids.touch_key(self._journey._start.journey_id, touch.step, touch.occurrence)
        if key in self.outcomes or key in self.waiting:
            if not touch.occurrence:
                raise JourneyError(
                    f"The step '{touch.name}' is sent twice.",
                    mend="Say what each time is about: send(step, about=event).",
                )
            # Two facts of one cause (a return received in two halves) are one touch, as its key says.
            await self._journey._held(lambda: key in self.outcomes, None)
            return self.outcomes[key]
        self.waiting[key] = touch
        self._journey._reporter.changed()
        touch.dropped = self._journey._agents.skips(touch)
        try:
            self.outcomes[key] = await self._until_final(key, touch)
        except asyncio.CancelledError:
            if key not in self.outcomes:
                cause = self._journey._exit or "the journey moved on"
                self._close(key, touch, Outcome(kind=OutcomeKind.CANCELLED, detail=cause), "course", cause)
            raise
        finally:
            self.waiting.pop(key, None)
            self._journey._reporter.changed()
        return self.outcomes[key]

    async def _until_final(self, key: str, touch: Touch) -> Outcome:
        while True:
            await self._until_due(touch)
            refusal = self._refused(key, touch)
            if refusal is not None:
                return refusal
            outcome = await self._touch(key, touch)
            if outcome.kind is not OutcomeKind.DEFERRED:
                return outcome
            touch.released = False
            touch.held_for, touch.saw_trouble = outcome.reason, self._trouble()
            touch.wake = max(outcome.until or touch.due, self._journey.now + timedelta(seconds=1))
            self._journey._reporter.changed()

    async def _until_due(self, touch: Touch) -> None:
        journey = self._journey
        while not touch.dropped and not touch.released:
            if journey._steering.paused:
                await journey._held(lambda: touch.dropped or not journey._steering.paused, None)
                continue
            now = journey.now
            if not touch.slotted:
                slot = journey._steering.slot(touch.next, now)
                if slot is not None:
                    touch.wake, touch.slotted = slot, True
                    journey._reporter.changed()
            if touch.next <= now or self._freed(touch):
                return
            stirred: Callable[[], bool] = partial(bool, touch.stirs())
            if touch.held_for is SkipReason.OPEN_EXCEPTION:
                await journey._held(lambda: stirred() or self._freed(touch), touch.next)  # noqa: B023
            else:
                await journey._held(stirred, touch.next)

    def _freed(self, touch: Touch) -> bool:
        """What the gate held it for is over. Only trouble that the journey has heard of itself can end for it:
        the gate reads the database, which hears first."""
        return touch.held_for is SkipReason.OPEN_EXCEPTION and touch.saw_trouble and not self._trouble()

    def _trouble(self) -> bool:
        return self._journey.order.troubled or self._journey.order.silent(self._journey.now)

    def heard(self) -> None:
        """News came: touches held for a parcel in trouble remember that the journey knows of it now."""
        if self._trouble():
            for touch in self.waiting.values():
                touch.saw_trouble = True

    def _refused(self, key: str, touch: Touch) -> Outcome | None:
        """Reasons of the journey's own not to ask the gate at all."""
        now = self._journey.now
        if touch.dropped:
            outcome = Outcome(kind=OutcomeKind.CANCELLED, detail="skipped by an agent", at=now)
            return self._close(key, touch, outcome, "agent", "An agent skipped this step.")
        if self._journey._steering.missed(touch.next) and not touch.released:
            detail = "It fell due during a pause, and the journey was resumed without catching up."
            return self._close(key, touch, skipped(SkipReason.STALE, detail, now), "pause", detail)
        if now > touch.expires:
            detail = f"It was due {_told(touch.due)} and of use until {_told(touch.expires)}."
            return self._close(key, touch, skipped(SkipReason.STALE, detail, now), "useful", detail)
        for condition in touch.unless:
            detail = self._holds(condition)
            if detail:
                outcome = skipped(SkipReason.NOT_RELEVANT, detail, now)
                return self._close(key, touch, outcome, "unless", detail)
        return None

    def _holds(self, condition: Condition) -> str:
        """Why a condition holds now; empty when it does not."""
        if isinstance(condition, type):
            heard: Event | None = self._journey.seen_event(condition)
            return f"'{heard.name}' happened {_told(heard.at)}." if heard else ""
        return holds(condition) if condition() else ""

    def _close(self, key: str, touch: Touch, outcome: Outcome, rule: str, detail: str) -> Outcome:
        """End a touch inside the journey; the ledger hears of it with the next projection."""
        trace = RuleTrace(
            rule=rule,
            verdict=Verdict.SKIP,
            detail=detail,
            facts={"due_at": touch.due.isoformat(), "at": self._journey.now.isoformat()},
        )
        self.outcomes[key] = outcome
        request = self._request(key, touch)
        self._journey._reporter.ended(StepRecord(request=request, outcome=outcome, trace=(trace,)))
        return outcome

    async def _touch(self, key: str, touch: Touch) -> Outcome:
        """Ask the gate and send, in a task of its own: a cancelled journey waits for a touch under way and
        records its outcome, whatever the SDK makes of cancelling the wait for an activity."""
        touch.under_way = True
        call = asyncio.ensure_future(contracts.touch(self._request(key, touch)))
        cancelled = False
        with self._journey._reporter.busy:
            try:
                await settled(call)
            except asyncio.CancelledError:
                call.cancel()
                await ended(call)
                cancelled = True
        touch.under_way = False
        outcome = self._outcome_of(call, key, touch)
        if cancelled:
            if outcome.kind is not OutcomeKind.DEFERRED:
                self.outcomes[key] = outcome
            raise asyncio.CancelledError
        return outcome

    def _outcome_of(self, call: asyncio.Future[Outcome], key: str, touch: Touch) -> Outcome:
        gone = call.cancelled()
        if not gone:
            error = call.exception()
            if error is None:
                return call.result()
            if not isinstance(error, ActivityError):
                raise error
            gone = isinstance(error.cause, CancelledError)
        now = self._journey.now
        if gone:
            cause = self._journey._exit or "the journey moved on"
            outcome = Outcome(kind=OutcomeKind.CANCELLED, detail=cause, at=now)
            return self._close(key, touch, outcome, "course", cause)
        detail = "Every try failed for as long as it would have been of use."
        workflow.logger.error("A touch failed for good.", extra={"step": touch.step})
        return self._close(
            key, touch, Outcome(kind=OutcomeKind.FAILED, detail=detail, at=now), "provider", detail
        )

    def _request(self, key: str, touch: Touch) -> TouchRequest:
        start = self._journey._start
        return TouchRequest(
            key=key,
            journey_id=start.journey_id,
            journey_type=workflow.info().workflow_type,
            store_id=start.store_id,
            order_ref=start.order_ref,
            person_ref=start.person_ref,
            step=touch.step,
            occurrence=touch.occurrence,
            template=touch.template,
            purpose=touch.purpose,
            channels=touch.channels,
            due_at=touch.due,
            expires_at=touch.expires,
            as_of=self._journey.now,
            priority=touch.priority,
            items=touch.items,
            offered=touch.offered,
            context=touch.context,
            prompted=touch.prompted,
            ignore_timing=touch.released,
            after_exit=self._journey._exit is not None,
        )


def _told(at: datetime) -> str:
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M} UTC"
