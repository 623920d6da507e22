"""What a journey knew at an instant of its past: where it stood, what it had heard, what had been sent by then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import Field

from doorstep.api.schemas.knew_goods import (
    KnownAgain,
    KnownParcel,
    KnownRefund,
    KnownReturn,
    parcels_of,
    refunds_of,
    returns_of,
)
from doorstep.contracts import ActionKind
from doorstep.domain.event_words import happened
from doorstep.domain.events import Event
from doorstep.domain.facts import OrderedAgain, ReviewSubmitted
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.complaints import bad_review, complaints_of
from doorstep.models.reading.goods import Complaint, Moment, View
from doorstep.models.reading.past import actions_then
from doorstep.models.reading.views import ActionView, JourneyDetail, Step
from doorstep.rehearsal.plan import Plan
from doorstep.workflows.hearing import Hearing

_DONE = {
    ActionKind.PAUSE: "Paused",
    ActionKind.RESUME: "Resumed",
    ActionKind.SKIP: "Left out '{step}'",
    ActionKind.SEND_NOW: "Sent '{step}' at once",
    ActionKind.CANCEL: "Cancelled the journey",
}


class KnownTouch(View):
    """One message that had been sent, left out, put off or called off by then."""

    key: str
    step: str
    occurrence: str
    outcome: str = Field(
        description="`sent`, `skipped`, `deferred`, `cancelled`, `failed`, `unknown` or `open`, as it was then."
    )
    reason: str | None
    channel: str | None
    at: Moment | None = Field(description="When it was sent, or decided.")
    sentence: str


class KnownAction(View):
    """What an agent had done to the journey."""

    id: str
    kind: str = Field(description="`pause`, `resume`, `skip`, `send_now` or `cancel`.")
    step: str
    occurrence: str
    actor: str = Field(description="`key:<id>` of the key it was asked with.")
    reason: str
    at: Moment
    sentence: str


class Heard(View):
    """One event that had reached the journey."""

    type: str
    subject: str | None
    at: Moment = Field(description="When it happened.")
    heard: Moment = Field(description="When we heard of it.")
    sentence: str


class Knew(View):
    """What the journey knew at `as_of`. What it had been told is from its history, what had been sent from the ledger
    as it stood then; `pause` and `waits` stand beside it."""

    phase: str | None = Field(
        description="Where it stood; null: the code of its version is not here to tell."
    )
    exit_cause: str = Field(description="Why it had left its course by then; empty: it had not.")
    shipped: bool
    delivered: Moment | None = Field(description="When the last kept line arrived, had it been heard of.")
    cancelled: Moment | None
    parcels: list[KnownParcel]
    orders_again: list[KnownAgain]
    refunds: list[KnownRefund]
    returns: list[KnownReturn]
    complaints: list[Complaint]
    actions: list[KnownAction] = Field(description="What agents had done, oldest first.")
    touches: list[KnownTouch] = Field(
        description="What had been sent, left out or put off, by when it was due."
    )
    heard: list[Heard] = Field(description="Every event that had reached it, in the order we heard of them.")

    @classmethod
    def of(
        cls, plan: Plan, hearing: Hearing, steps: Sequence[Step], detail: JourneyDetail, clock: Clock
    ) -> Self:
        """`hearing`: what it had been told by then; `steps`: its touches as they were."""
        at, order = plan.at, hearing.order
        news = sorted(hearing.log, key=lambda e: e.received_at)
        again = [e for e in news if isinstance(e, OrderedAgain)]
        return cls(
            phase=plan.phase,
            exit_cause=plan.exit_cause or _left(detail, at),
            shipped=order.shipped,
            delivered=clock.maybe(order.delivered_at),
            cancelled=clock.maybe(order.cancelled_at),
            parcels=parcels_of(order, news, detail.shipments, clock),
            orders_again=[
                KnownAgain(
                    order_ref=e.subject or "", at=clock.moment(e.at), heard=clock.moment(e.received_at)
                )
                for e in again
            ],
            refunds=refunds_of(order, news, clock),
            returns=returns_of(order),
            complaints=complaints_of(order, _reviews(news), clock, past=True),
            actions=[_action(a, clock) for a in actions_then(detail.actions, at)],
            touches=[_touch(step) for step in steps],
            heard=[
                Heard(
                    type=e.name,
                    subject=e.subject,
                    at=clock.moment(e.at),
                    heard=clock.moment(e.received_at),
                    sentence=happened(e.name),
                )
                for e in news
            ],
        )


def _reviews(news: Sequence[Event]) -> dict[str, str]:
    return {e.fact_key: bad_review(e.rating) for e in news if isinstance(e, ReviewSubmitted)}


def _left(detail: JourneyDetail, at: datetime) -> str:
    return detail.exit_cause if detail.exited is not None and detail.exited.utc <= at else ""


def _touch(step: Step) -> KnownTouch:
    return KnownTouch(
        key=step.key,
        step=step.step,
        occurrence=step.occurrence,
        outcome=step.outcome,
        reason=step.reason,
        channel=step.channel,
        at=step.sent or step.decided,
        sentence=step.sentence,
    )


def _action(action: ActionView, clock: Clock) -> KnownAction:
    at = action.done_at or action.created_at
    kind = ActionKind(action.kind) if action.kind in ActionKind else None
    did = _DONE[kind].format(step=action.step) if kind is not None else action.kind
    return KnownAction(
        id=action.id,
        kind=action.kind,
        step=action.step,
        occurrence=action.occurrence,
        actor=action.actor,
        reason=action.reason,
        at=clock.moment(at),
        sentence=f"{did} on {clock.words(at)}, by an agent ({action.actor}: {action.reason}).",
    )
