"""What an agent's action does to a journey, or why not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from doorstep.contracts import Action, ActionKind, ActionResult
from doorstep.domain import ids
from doorstep.domain.moments import in_words, zone
from doorstep.domain.outcomes import Outcome, OutcomeKind
from doorstep.errors import nearest
from doorstep.workflows.touching import Touch

if TYPE_CHECKING:
    from doorstep.workflows.core import JourneyCore

_ENDED = {
    OutcomeKind.SENT: "was sent",
    OutcomeKind.SKIPPED: "was left out",
    OutcomeKind.CANCELLED: "was called off",
    OutcomeKind.FAILED: "could not be sent, and was given up",
    OutcomeKind.UNKNOWN: "may have gone out, its provider never said; it was tried",
}


class Agents:
    """Applies actions to the touches at the desk and to the journey's course."""

    def __init__(self, journey: JourneyCore) -> None:
        self._journey = journey
        self._skipped: list[tuple[str, str]] = []

    def skips(self, touch: Touch) -> bool:
        """Whether an agent had asked, before it came, that this step be skipped."""
        return (touch.step, "") in self._skipped or (touch.step, touch.occurrence) in self._skipped

    def act(self, action: Action) -> ActionResult:
        """Apply an agent's action, or say why not and what waits."""
        now, steering = self._journey.now, self._journey._steering
        if self._journey._closing:
            return self._no("The journey has ended.")
        if self._journey._exit is not None:
            return self._no(f"The journey has left its course ({self._journey._exit.replace('_', ' ')}).")
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
            for t in self._journey._desk.waiting.values()
            if t.step == action.step and (not action.occurrence or t.occurrence == action.occurrence)
        ]

    def _skip(self, action: Action) -> ActionResult:
        matching = self._matching(action)
        over = self._over(action, matching)
        if over:
            return self._no(over)
        for touch in matching:
            touch.dropped = True
            touch.stir()
        if matching:
            return ActionResult(applied=True)
        self._skipped.append((action.step, action.occurrence))
        last, others = self._last(action), self._others(action)
        if (
            others
        ):  # a reader may have named one that is to come; whoever mistyped one that waits must hear of it
            ahead = f"{others} One about '{action.occurrence}' will be skipped if it comes."
        else:
            ahead = f"{last} Any later one will be left out." if last else "It will be skipped when it comes."
        return ActionResult(applied=True, detail=ahead)

    def _send_now(self, action: Action) -> ActionResult:
        every = self._matching(action)
        matching = [t for t in every if not t.under_way]
        over = "" if matching else self._over(action, every)
        if over:
            return self._no(over)
        last = "" if every else self._last(action)
        if last:
            return self._no(f"{last} None is waiting.")
        if self._journey._steering.paused:
            return self._no("The journey is paused; resume it first.")
        if len(matching) > 1:
            return self._no(f"'{action.step}' waits more than once; name its occurrence.")
        if not matching:
            return self._no(self._others(action) or self._not_yet(action.step))
        matching[0].released = True
        matching[0].stir()
        return ActionResult(applied=True)

    def _others(self, action: Action) -> str:
        """That the step waits, and about what, where it was named with another occurrence; empty: it does not."""
        others = [t.occurrence for t in self._journey._desk.waiting.values() if t.step == action.step]
        if not action.occurrence or not others or action.occurrence in others:
            return ""
        about = ", ".join(f"'{one}'" for one in others if one)
        waits = f"about {about}" if about else "once, about nothing in particular"
        return f"'{action.step}' waits {waits}; none about '{action.occurrence}'."

    def _not_yet(self, step: str) -> str:
        # One that is as good as the same word only: which steps are to come is not known here, and most are unlike.
        near = nearest(step, (t.step for t in self._journey._desk.waiting.values()), alike=0.8)
        return f"'{step}' does not wait yet.{near}"

    def _over(self, action: Action, matching: list[Touch]) -> str:
        """That it is too late for this step, and since when, by the customer's clock; empty: it is not."""
        key = ids.touch_key(self._journey._start.journey_id, action.step, action.occurrence)
        outcome = self._journey._desk.outcomes.get(key)
        if outcome is None:
            return f"'{action.step}' is being sent." if any(t.under_way for t in matching) else ""
        return self._ended(action.step, outcome)

    def _last(self, action: Action) -> str:
        """What became of the step last, where it goes once per parcel or refund and none was named; else empty.
        More of them may come, so it is told and keeps nobody from anything."""
        if action.occurrence:
            return ""
        every = ids.touch_key(self._journey._start.journey_id, action.step) + ":"
        ended = [o for key, o in self._journey._desk.outcomes.items() if key.startswith(every)]
        return self._ended(action.step, ended[-1]) if ended else ""

    def _ended(self, step: str, outcome: Outcome) -> str:
        ended = _ENDED.get(outcome.kind, "has ended")
        when = ""
        if outcome.at is not None:
            local = outcome.at.astimezone(zone(self._journey.zone))
            when = f" on {in_words(local)} (the customer's time)"
        return f"'{step}' {ended}{when}."

    def _shift(self, by: timedelta) -> None:
        for touch in self._journey._desk.waiting.values():
            if by and not touch.under_way:
                touch.due += by
                touch.wake = None if touch.wake is None else touch.wake + by
                touch.stir()

    def _no(self, detail: str) -> ActionResult:
        waiting = tuple(t.name for t in self._journey._desk.waiting.values())
        return ActionResult(applied=False, detail=detail, waiting=waiting)
