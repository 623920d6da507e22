"""A journey's plan: what would come next, when, over which channel, and what would stop it."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from doorstep.api.schemas.knew import Knew
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.goods import Moment, View
from doorstep.models.reading.past import paused_then
from doorstep.models.reading.pausing import Pause, pause_of
from doorstep.models.reading.recorded import facts_told, in_words, told
from doorstep.models.reading.sentences import why
from doorstep.models.reading.steps import waits as waits_told
from doorstep.models.reading.views import JourneyDetail, Rule, Wait
from doorstep.rehearsal.plan import Ahead, Plan


class PlannedTouch(View):
    """One touch to come."""

    step: str
    occurrence: str
    key: str
    purpose: str
    template: str
    channel: str = Field(description="The channel it would take; empty when it would not go.")
    when: Moment = Field(description="When it would go, or be decided not to.")
    due: Moment
    waits: str = Field(description="Why it would wait from `due` to `when`, in words; empty: it would not.")
    expires: Moment = Field(description="Of no use after this.")
    outcome: str = Field(description="`sent` is expected to go; `skipped`, `cancelled`, `deferred` are not.")
    reason: str
    sentence: str = Field(description="The expectation in words.")
    stops: list[str] = Field(description="What would stop it; empty when it would not go anyway.")
    rules: list[Rule] = Field(description="The gate's trace for that moment, rule by rule.")

    @classmethod
    def of(cls, ahead: Ahead, clock: Clock, journey: str) -> Self:
        """As the person's clock shows it. `journey`: its type."""
        return cls(
            **{name: getattr(ahead, name) for name in ("step", "occurrence", "key", "purpose", "template")},
            channel=ahead.channel if ahead.outcome == "sent" else "",
            when=clock.moment(ahead.at),
            due=clock.moment(ahead.due_at),
            waits="; ".join(why(reason, waiting=True) for reason in ahead.waited),
            expires=clock.moment(ahead.expires_at),
            outcome=ahead.outcome,
            reason=ahead.reason,
            sentence=_sentence(ahead, clock, journey),
            stops=list(ahead.stops),
            rules=[
                Rule(
                    rule=r.rule,
                    verdict=r.verdict.value,
                    facts=facts_told(r.facts),
                    detail=told(r.detail, clock, journey=journey, ahead=True),
                )
                for r in ahead.trace
            ],
        )


def _sentence(ahead: Ahead, clock: Clock, journey: str) -> str:
    words = clock.words(ahead.at)
    if ahead.outcome == "sent":
        return f"Goes {f'by {ahead.channel} ' if ahead.channel else ''}on {words}, if nothing stops it."
    because = told(ahead.detail, clock, journey=journey, ahead=True) or why(ahead.reason)
    return f"Would not go ({words}): {because.rstrip('.')}." if because else f"Would not go ({words})."


class PlanAnswer(View):
    """The plan. Where `rebuilt` is false the journey's code is not here or goes another way: `note` says which, and
    only what was recorded is told."""

    journey_id: str
    type: str
    as_of: Moment = Field(description="The instant the plan is made for.")
    pause: Pause | None = Field(
        description="That the journey was paused then; the plan is of what comes once it is resumed. Null: it was not."
    )
    assumption: str = Field(description="`nothing` or `arrives`.")
    assumed: list[str] = Field(
        description="What was taken to happen, in words; none where it is not rebuilt."
    )
    rebuilt: bool
    note: str
    knew: Knew | None = Field(
        description="With `as_of`: what the journey knew then. Null without: `GET /journeys/{ref}` tells what it knows."
    )
    waits: list[Wait] = Field(description="What it waited for then.")
    touches: list[PlannedTouch] = Field(description="What would come, in order.")
    ends: Moment | None = Field(description="When the journey would end; null: it would go on waiting.")
    outcome: str = Field(description="How it would end.")

    @classmethod
    def of(cls, plan: Plan, detail: JourneyDetail, *, past: bool = False, knew: Knew | None = None) -> Self:
        """By the person's clock. `past`: the plan is of then, and `knew` may tell of it. Of a journey that could not be
        rebuilt, what the tables say of now; of the past they tell its pauses, and not what it waited for."""
        clock, waits = Clock(detail.person.zone), [] if past else detail.waits
        since, paused = plan.paused_since, detail.paused
        if plan.rebuilt:
            paused = since is not None
            waits = waits_told(plan.waits, paused, clock)
        elif past:
            since = paused_then(detail.actions, plan.at)
            paused = since is not None
        return cls(
            journey_id=plan.journey_id,
            type=plan.type,
            as_of=clock.moment(plan.at),
            pause=pause_of(detail.actions, clock, since) if paused else None,
            assumption=plan.assumption.value,
            assumed=[in_words(said, clock) for said in plan.assumed],
            rebuilt=plan.rebuilt,
            note=in_words(plan.note, clock),
            knew=knew,
            waits=waits,
            touches=[PlannedTouch.of(a, clock, plan.type) for a in plan.ahead],
            ends=clock.maybe(plan.ends_at),
            outcome=plan.outcome,
        )
