"""Why a message was sent, was not, waits, or what the gate would say of it: rule by rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Self

from pydantic import Field

from doorstep.api.schemas.plan import PlanAnswer, PlannedTouch
from doorstep.domain.outcomes import FINAL_STATES
from doorstep.errors import NotFound, nearest
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.goods import Moment, View
from doorstep.models.reading.past import paused_then
from doorstep.models.reading.pausing import Pause, pause_of
from doorstep.models.reading.views import JourneyDetail, Step, Wait
from doorstep.rehearsal.exploring.steps import ANYTHING

Steps = Callable[[str], Iterable[str]]
"""Workflow type → the steps that its code names, patterns (`cross-sell-*`) among them; and `*` where it may have
others, as where its code is gone."""


class Explanation(View):
    """`steps`: touches that were asked about, with every decision. `waits`: those that wait for their first time.
    `ahead`: for each that waits, what the gate would say at its next moment over the facts of now."""

    journey_id: str
    type: str
    as_of: Moment | None = Field(
        description="With `as_of`: the instant of the past of which this is told. Null: it is of now."
    )
    pause: Pause | None = Field(
        description="That the journey is paused: nothing can go then, and `ahead` is of what comes once it is resumed. "
        "Null: it is not."
    )
    steps: list[Step] = Field(
        description="Every touch the gate was asked about or the journey ended, each decision rule by rule: what was "
        "read, when, and the next moment it could go."
    )
    waits: list[Wait] = Field(description="Touches that wait and have not been asked about yet.")
    ahead: list[PlannedTouch] = Field(
        description="For each touch that waits: the gate's answer at the next moment it could go, over the facts of "
        "now, rule by rule, and what would stop it until then. Nothing is assumed to happen but what `assumed` names."
    )
    assumed: list[str] = Field(description="What was taken to happen for `ahead`, in words.")
    note: str = Field(
        description="Why `ahead` could not be told; empty when it could, or when nothing waits."
    )
    last_known: Moment | None = Field(
        description="Where `ahead` could not be told: when the journey last told the tables where it stands. What "
        "waits, and each `next`, is of then, and may be otherwise by now. Null: the journey itself was read, or "
        "nothing waits."
    )

    @classmethod
    def of(
        cls,
        detail: JourneyDetail,
        name: str | None,
        plan: PlanAnswer | None,
        steps_of: Steps,
        note: str = "",
        *,
        as_of: datetime | None = None,
    ) -> Self:
        """Of one step (its name, or a touch's key) or of all. `plan` is None where there is none to be had. `as_of`
        (aware): the instant of the past of which the detail and the plan are. Raises `NotFound` offering the nearest
        step, of those it had and of those its version can come to."""
        steps, waits, ahead = _chosen(detail, name, plan, steps_of)
        clock = Clock(detail.person.zone)
        note = note or ("" if plan is None or plan.rebuilt else plan.note)
        last = _last_known(detail, clock) if note and as_of is None else None
        if last is not None:
            note = (
                f"{note} What waits, and when it could go next, is what the tables last knew ({last.words})."
            )
            steps = [s if s.state in FINAL_STATES else _doubtful(s, last) for s in steps]
            waits = [_doubtful(w, last) for w in waits]
        return cls(
            journey_id=detail.id,
            type=detail.type,
            as_of=clock.maybe(as_of),
            pause=_pause(detail, plan, as_of),
            steps=[_as_expected(step, ahead) for step in steps],
            waits=waits,
            ahead=ahead,
            assumed=list(plan.assumed) if ahead and plan is not None else [],
            note=note,
            last_known=last,
        )


def _chosen(
    detail: JourneyDetail, name: str | None, plan: PlanAnswer | None, steps_of: Steps
) -> tuple[list[Step], list[Wait], list[PlannedTouch]]:
    """What had been asked about, what waits for its first time and what is to come, of one step or of all."""
    asked = {(s.step, s.occurrence) for s in detail.steps}
    coming = [w for w in detail.waits if w.kind == "touch"]
    waits = [w for w in coming if (w.name, w.occurrence) not in asked]
    steps, ahead = detail.steps, list(plan.touches) if plan is not None else []
    if name is None:
        open_ones = {(w.name, w.occurrence) for w in coming} | {
            (s.step, s.occurrence) for s in steps if s.state not in FINAL_STATES
        }
        ahead = [t for t in ahead if (t.step, t.occurrence) in open_ones]
    else:
        known = {s.step for s in steps} | {w.name for w in waits} | {t.step for t in ahead}
        steps = [s for s in steps if name in (s.step, s.key)]
        waits = [w for w in waits if w.name == name]
        ahead = [t for t in ahead if name in (t.step, t.key)]
        if not steps and not waits and not ahead:
            raise _unknown(name, known, frozenset(steps_of(detail.type)))
    return steps, waits, ahead


def _last_known(detail: JourneyDetail, clock: Clock) -> Moment:
    return detail.started if detail.projected_at is None else clock.moment(detail.projected_at)


def _doubtful[Told: (Step, Wait)](told: Told, known: Moment) -> Told:
    """What waits by the tables alone: it may have gone, or been called off, since."""
    said = f"{told.sentence.rstrip('.')}, as the tables last knew ({known.words})."
    return told.model_copy(update={"sentence": said})


def _pause(detail: JourneyDetail, plan: PlanAnswer | None, as_of: datetime | None) -> Pause | None:
    if plan is not None:
        return plan.pause
    since = None if as_of is None else paused_then(detail.actions, as_of)
    return pause_of(detail.actions, Clock(detail.person.zone), since) if detail.paused else None


def _as_expected(step: Step, ahead: list[PlannedTouch]) -> Step:
    """Without a next moment where it is known that it would not go then: what holds it back lasts."""
    coming = next((t for t in ahead if t.key == step.key), None)
    if step.next is None or coming is None or coming.outcome == "sent":
        return step
    return step.model_copy(update={"next": None})


def something_waits(detail: JourneyDetail) -> bool:
    """Whether there is a gate's answer to come. Behind what waits for an event alone there may be touches, too."""
    return detail.status == "open" and (
        bool(detail.waits) or any(s.state not in FINAL_STATES for s in detail.steps)
    )


def _unknown(name: str, known: set[str], named: frozenset[str]) -> NotFound:
    whole, named = ANYTHING not in named, named - {ANYTHING}
    if any(fnmatchcase(name, step) for step in named):
        return NotFound(
            f"This journey has not come to its step '{name}', and nothing says yet that it will.",
            mend="`doorstep explain` without a step tells what it had and what waits.",
            code="step_not_found",
        )
    every = known | named
    if not whole:
        return NotFound(
            f"Nothing is known of a step '{name}' of this journey, and it cannot be told whether it has one: the code "
            f"of its version is not here, or makes up names as it runs.{nearest(name, every)}",
            mend=f"Known of: {', '.join(sorted(every))}." if every else "Nothing is known of any step yet.",
            code="step_not_found",
        )
    return NotFound(
        f"This journey has no step '{name}', behind it or ahead.{nearest(name, every)}",
        mend=f"It has: {', '.join(sorted(every))}." if every else "It has had none yet.",
        code="step_not_found",
    )
