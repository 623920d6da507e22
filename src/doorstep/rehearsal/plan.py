"""What comes next for a live journey: rebuilt from its history as it stands (or stood), and run on in a world made of
the real facts, under named assumptions. The gate, the caps and the quiet hours are the production code; nothing is
rendered, nothing is sent, and no personal data is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHistory

from doorstep.contracts import CLAIM_ACTION, DELIVER_SIGNAL, TOUCH, JourneyView, Wait
from doorstep.domain.events import Envelope
from doorstep.domain.orders import OrderState
from doorstep.rehearsal.activities import ActivityFunction
from doorstep.rehearsal.asides import ahead
from doorstep.rehearsal.assuming import Arrival, Assumption, assumed, claims, paused_since, resume, run_on
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.rebuild import CodeGone, rebuild
from doorstep.rehearsal.siblings import Siblings
from doorstep.rehearsal.trouble import RehearsalError
from doorstep.rehearsal.trying import falls, heard
from doorstep.rehearsal.unchanged import unchanged_by_json
from doorstep.rehearsal.watching import Ahead as Ahead
from doorstep.rehearsal.watching import Watch
from doorstep.rehearsal.world import World

#: no plan looks further ahead than this
HORIZON = timedelta(days=400)
_MOMENT = timedelta(minutes=1)
"""For what falls due in one instant to be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A journey's plan as of `at` (aware UTC). Not `rebuilt`: this code cannot carry it on, `note` says why, and only
    what was recorded is known. `waits`: what it waited for at `at`. `ends_at` is None when it would wait for ever."""

    journey_id: str
    type: str
    at: datetime
    assumption: Assumption
    assumed: tuple[str, ...]
    """What was taken to happen, in words; nothing where it is not `rebuilt`: nothing was run."""
    rebuilt: bool
    note: str = ""
    paused_since: datetime | None = None
    """When the pause began that held it at `at` (aware UTC): the plan is of what comes once it is resumed."""
    phase: str | None = None
    """Where it stood at `at`; None where it is not `rebuilt`."""
    exit_cause: str = ""
    """Why it had left its course by then and not ended yet; empty: it had not."""
    waits: tuple[Wait, ...] = ()
    ahead: tuple[Ahead, ...] = ()
    ends_at: datetime | None = None
    outcome: str = ""


Living = tuple[World, Mapping[str, ActivityFunction]]
"""A world, and the activities that replace some of its."""


def plan(
    history: WorkflowHistory,
    workflows: Mapping[str, type[Any]],
    world: World,
    *,
    at: datetime,
    assumption: Assumption = Assumption.NOTHING,
    arrivals: tuple[Arrival, ...] = (),
    activities: Mapping[str, ActivityFunction] | None = None,
    again: Callable[[], Living] | None = None,
) -> Plan:
    """The plan of the journey of that history. `world` holds the facts as of `at`; `activities` replace some of its.
    `again`: both anew, as they were to begin with, to try out in what the journey waits for; None: that is not tried
    out. Raises `Unreadable` for what is no history."""
    course = _Course(history, workflows, at, arrivals if assumption is Assumption.ARRIVES else ())
    told: dict[str, Any] = {
        "journey_id": history.workflow_id,
        "type": history.events[0].workflow_execution_started_event_attributes.workflow_type.name,
        "at": at,
        "assumption": assumption,
    }
    try:
        led = course.led((world, activities or {}))
    except (CodeGone, RehearsalError) as error:
        return Plan(**told, assumed=(), rebuilt=False, note=f"{error.what} {error.mend}".strip())
    view, engine = led.view, led.engine
    resumed = led.since is not None
    return Plan(
        **told,
        assumed=assumed(assumption, arrivals, resumed=resumed, siblings=led.siblings),
        rebuilt=True,
        paused_since=led.since,
        phase="closed" if view is None else view.phase,
        exit_cause="" if view is None else view.exit_cause,
        waits=() if view is None else view.waits,
        ahead=tuple(led.watch.ahead(course.falls(led, again) if again is not None else {})),
        ends_at=engine.now if engine.done else None,
        outcome=str(engine.result) if engine.done and engine.failure is None else "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Led:
    """A journey that was led to its end. `state`: of its order at the plan's instant; `view`: of itself then, None: it
    had ended."""

    engine: Engine
    watch: Watch
    view: JourneyView | None
    since: datetime | None
    siblings: bool
    state: OrderState


@dataclass(frozen=True, slots=True)
class _Course:
    """What leads a journey on from an instant: once for the plan, and once for each event that is tried out."""

    history: WorkflowHistory
    workflows: Mapping[str, type[Any]]
    at: datetime
    arrivals: tuple[Arrival, ...]

    def led(self, living: Living, tried: tuple[Envelope, ...] = (), before: _Led | None = None) -> _Led:
        """`tried`: heard at that instant beside what was; it is then led on for as long as something went `before`,
        and each touch comes to what it came to then: the gate is dear, and asked for is asked for. Raises `CodeGone`
        and `RehearsalError` for one that cannot be carried on."""
        world, activities = living
        watch = Watch(world)
        touch = watch.touch if before is None else watch.as_in(before.watch)
        played = {**world.activities(), **activities, TOUCH: touch, CLAIM_ACTION: claims(world)}
        with (
            ahead(),
            rebuild(
                self.history, self.workflows, at=self.at, activities=played, vouched=unchanged_by_json
            ) as engine,
        ):
            if not engine.done:
                engine.run_until(engine.now)  # what is under way may be its end
            view: JourneyView | None = None if engine.done else engine.query("state")
            watch.engine = engine
            since = paused_since(engine)
            resume(engine)
            orders = [o for o in world.records.orders.values() if o.journey_id == engine.workflow_id]
            state = orders[0].state if orders else OrderState()
            if tried and not engine.done:
                for order in orders:
                    order.state = heard(order.state, tried)
                engine.signal(DELIVER_SIGNAL, [*tried])
            siblings, until = Siblings(world, self.history.workflow_id), self.at + HORIZON
            if before is not None:
                until = max(before.watch.sent().values(), default=self.at) + _MOMENT
            run_on(engine, world, until, self.arrivals, siblings if before is None else None)
            return _Led(
                engine=engine, watch=watch, view=view, since=since, siblings=siblings.waited, state=state
            )

    def falls(self, led: _Led, again: Callable[[], Living]) -> Mapping[str, tuple[str, ...]]:
        """What of the touches ahead would not go any more, by the events that the journey waits for."""

        def goes(tried: tuple[Envelope, ...]) -> frozenset[str] | None:
            try:
                return self.led(again(), tried, led).watch.asked
            except (CodeGone, RehearsalError):
                return None

        now = () if led.view is None else (wait.name for wait in led.view.waits if wait.kind == "event")
        waited = dict.fromkeys((*now, *led.watch.waited))
        return falls(waited, frozenset(led.watch.sent()), led.state, self.at, goes)
