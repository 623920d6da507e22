"""The desk of a journey: every touch that waits, is under way, or has ended, and what agents do to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, CancelledError

from doorstep import contracts
from doorstep.contracts import Action, ActionKind, ActionResult, StepRecord, Wait
from doorstep.domain import ids
from doorstep.domain.events import Event
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import Outcome, OutcomeKind, RuleTrace, SkipReason, Verdict
from doorstep.domain.touches import TouchRequest
from doorstep.errors import JourneyError
from doorstep.workflows.arms import ended

if TYPE_CHECKING:
    from doorstep.workflows.journey import Journey

Condition = type[Event] | Callable[[], bool]


def check_condition(unless: Condition | tuple[Condition, ...]) -> tuple[Condition, ...]:
    """The conditions as a tuple. Raises `JourneyError` for a bool: it would be evaluated now, not when due."""
    conditions = unless if isinstance(unless, tuple) else (unless,)
    for condition in conditions:
        if not callable(condition):
            raise JourneyError(
                f"unless= got {condition!r}, which is no condition.",
                mend="Give an event type, or a function that is asked when the touch is due.",
            )
    return conditions


def occurrence_of(about: Event | str | None) -> str:
    """The name of what a repeated step is about: from its cause, never from arrival order."""
    if isinstance(about, Event):
        kind, _, what = about.name.partition(".")
        return f"{kind}:{about.subject}:{what}" if about.subject else about.fact_key
    return about or ""


@dataclass(slots=True, kw_only=True)
class Touch:
    """One touch at the desk."""

    step: str
    occurrence: str
    due: datetime
    useful_for: timedelta
    unless: tuple[Condition, ...]
    purpose: Purpose
    channels: tuple[Channel, ...]
    template: str
    items: tuple[str, ...]
    offered: tuple[str, ...]
    context: Mapping[str, Any]
    priority: int
    prompted: bool
    wake: datetime | None = None
    """When to ask the gate again, after a deferral or a catch-up slot."""
    held_for: SkipReason | None = None
    slotted: bool = False
    released: bool = False
    dropped: bool = False
    under_way: bool = False
    moved: int = field(default=0)

    @property
    def name(self) -> str:
        return f"{self.step}:{self.occurrence}" if self.occurrence else self.step

    @property
    def next(self) -> datetime:
        return self.wake or self.due

    @property
    def expires(self) -> datetime:
        return self.due + self.useful_for


class Desk:
    """Carries touches from their due moment to their outcome."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey
        self._waiting: dict[str, Touch] = {}
        self._skipped: list[tuple[str, str]] = []
        self.outcomes: dict[str, Outcome] = {}
        """Touch key → its last outcome."""

    def waits(self) -> tuple[Wait, ...]:
        """What waits, for support to read."""
        return tuple(
            Wait(
                kind="touch",
                name=t.step,
                occurrence=t.occurrence,
                until=t.next,
                note=t.held_for.value if t.held_for else "",
            )
            for t in self._waiting.values()
        )

    async def carry(self, touch: Touch) -> Outcome:
        """From due moment to outcome. A cancellation is recorded, then let out."""
        key = ids.touch_key(self._journey._start.journey_id, touch.step, touch.occurrence)
        if key in self.outcomes or key in self._waiting:
            raise JourneyError(
                f"The step '{touch.name}' is sent twice.",
                mend="Say what each time is about: send(step, about=event).",
            )
        self._waiting[key] = touch
        self._journey._reporter.changed()
        touch.dropped = (touch.step, "") in self._skipped or (touch.step, touch.occurrence) in self._skipped
        try:
            self.outcomes[key] = await self._until_final(key, touch)
        except asyncio.CancelledError:
            if key not in self.outcomes:
                cause = self._journey._exit or "the journey moved on"
                self._close(key, touch, Outcome(kind=OutcomeKind.CANCELLED, detail=cause), "course", cause)
            raise
        finally:
            self._waiting.pop(key, None)
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
            touch.held_for = outcome.reason
            touch.wake = max(outcome.until or touch.due, self._journey.now + timedelta(seconds=1))
            self._journey._reporter.changed()

    async def _until_due(self, touch: Touch) -> None:
        journey = self._journey
        while not touch.dropped and not touch.released:
            if journey._steering.paused:
                await journey._held(lambda: touch.dropped or not journey._steering.paused, None)
                continue
            if not touch.slotted:
                slot = journey._steering.slot(touch.next, journey.now)
                if slot is not None:
                    touch.wake, touch.slotted = slot, True
                    journey._reporter.changed()
            if touch.next <= journey.now or self._freed(touch):
                return
            moved = touch.moved
            await journey._held(
                lambda: touch.dropped or touch.released or touch.moved != moved or self._freed(touch),  # noqa: B023
                touch.next,
            )

    def _freed(self, touch: Touch) -> bool:
        """What the gate held it for is over."""
        return touch.held_for is SkipReason.OPEN_EXCEPTION and not (
            self._journey.order.troubled or self._journey.order.silent(self._journey.now)
        )

    def _refused(self, key: str, touch: Touch) -> Outcome | None:
        """Reasons of the journey's own not to ask the gate at all."""
        now = self._journey.now
        if touch.dropped:
            outcome = Outcome(kind=OutcomeKind.CANCELLED, detail="skipped by an agent", at=now)
            return self._close(key, touch, outcome, "agent", "An agent skipped this step.")
        if self._journey._steering.missed(touch.next) and not touch.released:
            detail = "It fell due during a pause, and the journey was resumed without catching up."
            return self._close(key, touch, _skipped(SkipReason.STALE, detail, now), "pause", detail)
        if now > touch.expires:
            detail = f"It was due {touch.due.isoformat()} and of use until {touch.expires.isoformat()}."
            return self._close(key, touch, _skipped(SkipReason.STALE, detail, now), "useful", detail)
        for condition in touch.unless:
            if isinstance(condition, type):
                heard = self._journey.seen_event(condition)
                if heard is not None:
                    detail = f"{heard.name} happened {heard.at.isoformat()}."
                    return self._close(key, touch, _skipped(SkipReason.NOT_RELEVANT, detail, now), "unless", detail)
            elif condition():
                detail = f"The condition '{getattr(condition, '__name__', 'unless')}' holds."
                return self._close(key, touch, _skipped(SkipReason.NOT_RELEVANT, detail, now), "unless", detail)
        return None

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
        try:
            await asyncio.wait([call])
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
        error = None if call.cancelled() else call.exception()
        if not call.cancelled() and error is None:
            return call.result()
        if error is not None and not isinstance(error, ActivityError):
            raise error
        now = self._journey.now
        if call.cancelled() or isinstance(getattr(error, "cause", None), CancelledError):
            cause = self._journey._exit or "the journey moved on"
            outcome = Outcome(kind=OutcomeKind.CANCELLED, detail=cause, at=now)
            return self._close(key, touch, outcome, "course", cause)
        detail = "Every try failed for as long as it would have been of use."
        workflow.logger.error("A touch failed for good.", extra={"step": touch.step})
        return self._close(key, touch, Outcome(kind=OutcomeKind.FAILED, detail=detail, at=now), "provider", detail)

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

    # --- what agents do ---------------------------------------------------------------------------------

    def act(self, action: Action) -> ActionResult:
        """Apply an agent's action, or say why not and what waits."""
        now, steering = self._journey.now, self._journey._steering
        if self._journey._exit is not None:
            return self._no(f"The journey has left its course ({self._journey._exit}).")
        match action.kind:
            case ActionKind.PAUSE:
                if steering.paused:
                    return self._no("The journey is paused already.")
                steering.pause(now)
            case ActionKind.RESUME:
                if not steering.paused:
                    return self._no("The journey is not paused.")
                self._shift(steering.resume(now, action.catch_up))
            case ActionKind.SKIP:
                return self._skip(action)
            case ActionKind.SEND_NOW:
                return self._send_now(action)
            case ActionKind.CANCEL:
                self._journey._leave("cancelled_by_agent")
        self._journey._reporter.changed()
        return ActionResult(applied=True)

    def _matching(self, action: Action) -> list[Touch]:
        return [
            t
            for t in self._waiting.values()
            if t.step == action.step and (not action.occurrence or t.occurrence == action.occurrence)
        ]

    def _skip(self, action: Action) -> ActionResult:
        done = ids.touch_key(self._journey._start.journey_id, action.step, action.occurrence)
        if done in self.outcomes:
            return self._no(f"'{action.step}' has ended already: {self.outcomes[done].kind}.")
        matching = self._matching(action)
        if any(t.under_way for t in matching):
            return self._no(f"'{action.step}' is being sent.")
        if not matching or not action.occurrence:
            self._skipped.append((action.step, action.occurrence))
        for touch in matching:
            touch.dropped = True
        return ActionResult(applied=True, detail="" if matching else "It will be skipped when it comes.")

    def _send_now(self, action: Action) -> ActionResult:
        matching = [t for t in self._matching(action) if not t.under_way]
        if self._journey._steering.paused:
            return self._no("The journey is paused; resume it first.")
        if len(matching) != 1:
            problem = "is not waiting" if not matching else "waits more than once; name its occurrence"
            return self._no(f"'{action.step}' {problem}.")
        matching[0].released = True
        return ActionResult(applied=True)

    def _shift(self, by: timedelta) -> None:
        for touch in self._waiting.values():
            if by and not touch.under_way:
                touch.due += by
                touch.wake = None if touch.wake is None else touch.wake + by
                touch.moved += 1

    def _no(self, detail: str) -> ActionResult:
        waiting = tuple(t.name for t in self._waiting.values())
        return ActionResult(applied=False, detail=detail, waiting=waiting)


def _skipped(reason: SkipReason, detail: str, at: datetime) -> Outcome:
    return Outcome(kind=OutcomeKind.SKIPPED, reason=reason, detail=detail, at=at)
