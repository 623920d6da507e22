"""What crosses into Temporal: the journey's input, its signals, updates and queries, and one typed stub
for every activity. Workflows know activities only by these; `activities/` implements them under the same
names (a test compares the signatures). Opaque references only: **no personal data**.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import RetryPolicy as Policy
from temporalio.common import RetryPolicy

from doorstep.domain.events import Envelope
from doorstep.domain.messages import Purpose
from doorstep.domain.moments import SendWindow
from doorstep.domain.outcomes import Outcome, RuleTrace
from doorstep.domain.touches import TouchRequest
from doorstep.domain.values import value

# --- the workflow's own input, signal, update, query -------------------------------------------------


@value(frozen=True, slots=True, kw_only=True)
class JourneyStart:
    """What a journey is started with. `placed` is the order's own `order.placed`; `events` were held for it."""

    journey_id: str
    store_id: str
    order_ref: str
    person_ref: str
    placed: Envelope
    zone: str
    locale: str = "en"
    country: str = ""
    window: SendWindow = field(default_factory=SendWindow)
    settle: timedelta = timedelta(seconds=2)
    """Events that arrive within this of one another are taken in the order they happened."""
    first_order: bool = True
    vip: bool = False
    events: tuple[Envelope, ...] = ()


class ActionKind(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"
    SKIP = "skip"
    SEND_NOW = "send_now"
    CANCEL = "cancel"


NEEDS_STEP = frozenset({ActionKind.SKIP, ActionKind.SEND_NOW})
"""Actions on one step: without it there is nothing to act on."""


class CatchUp(StrEnum):
    """What becomes of touches that fell due during a pause."""

    SKIP = "skip"
    SEND_STILL_USEFUL = "send_still_useful"
    SHIFT = "shift"


@value(frozen=True, slots=True, kw_only=True)
class Action:
    """An agent's action, claimed by the journey. `withdrawn`: the API had given it up already."""

    id: str
    kind: ActionKind
    step: str = ""
    occurrence: str = ""
    catch_up: CatchUp = CatchUp.SKIP
    withdrawn: bool = False


@value(frozen=True, slots=True, kw_only=True)
class ActionResult:
    """What the journey did with it. Not applied: `detail` says why, `waiting` what could be acted on."""

    applied: bool
    detail: str = ""
    waiting: tuple[str, ...] = ()


@value(frozen=True, slots=True, kw_only=True)
class ActionDone:
    """What became of a claimed action; told with the projection, so it is known even if the API died."""

    action_id: str
    result: ActionResult


@value(frozen=True, slots=True, kw_only=True)
class Wait:
    """One thing an open journey waits for. `kind`: `touch` (due at `until`), `event`, `moment`."""

    kind: str
    name: str
    until: datetime | None = None
    occurrence: str = ""
    note: str = ""


@value(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A step that ended inside the journey without asking the gate (stale, condition no longer true,
    skipped by an agent, cancelled by an exit): the ledger hears of it with the next projection."""

    request: TouchRequest
    outcome: Outcome
    trace: tuple[RuleTrace, ...] = ()


@value(frozen=True, slots=True, kw_only=True)
class Projection:
    """What support reads of an open journey. `revision` only grows; an older one is ignored."""

    journey_id: str
    revision: int
    at: datetime
    phase: str
    waits: tuple[Wait, ...] = ()
    paused: bool = False
    records: tuple[StepRecord, ...] = ()
    actions: tuple[ActionDone, ...] = ()
    closed: bool = False
    outcome: str = ""
    exited_at: datetime | None = None
    exit_cause: str = ""


@value(frozen=True, slots=True, kw_only=True)
class JourneyView:
    """The answer to the `state` query: the workflow's own word, beside which the tables are compared."""

    journey_id: str
    phase: str
    paused: bool
    waits: tuple[Wait, ...]
    steps: Mapping[str, Outcome]
    """Touch key → its last outcome."""
    exit_cause: str = ""
    outcome: str = ""


# --- what else a journey asks for ----------------------------------------------------------------------


@value(frozen=True, slots=True, kw_only=True)
class TicketRequest:
    """A case for a person in support. Idempotent by `key`."""

    key: str
    journey_id: str
    store_id: str
    order_ref: str
    person_ref: str
    reason: str
    at: datetime
    priority: str = "normal"


@value(frozen=True, slots=True, kw_only=True)
class PointsRequest:
    """A movement of loyalty points. Idempotent by `key`. Positive earns, negative takes back."""

    key: str
    journey_id: str
    store_id: str
    order_ref: str
    person_ref: str
    points: int
    reason: str
    at: datetime
    available_at: datetime | None = None
    """Pending until then; None: at once."""
    reverses: str = ""
    """The key of the movement this takes back: never more than it gave."""


@value(frozen=True, slots=True, kw_only=True)
class AdviceRequest:
    """Asks what fits this person now: recommendations, or when what they bought runs out."""

    journey_id: str
    store_id: str
    order_ref: str
    person_ref: str
    as_of: datetime
    limit: int = 3


@value(frozen=True, slots=True, kw_only=True)
class RunOut:
    """When a product of the order is predicted to run out (aware UTC), and how sure we are (0–1)."""

    product_ref: str
    at: datetime
    confidence: float
    basis: str


@value(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """Claims an agent's action for the journey; claimed again by the same journey it answers the same."""

    action_id: str
    journey_id: str
    at: datetime


# --- names and stubs -------------------------------------------------------------------------------------

TOUCH = "touch"
PROJECT = "project"
CLAIM_ACTION = "claim_action"
OPEN_TICKET = "open_ticket"
MOVE_POINTS = "move_points"
RECOMMEND = "recommend"
PREDICT_RUN_OUT = "predict_run_out"

DELIVER_SIGNAL = "deliver"
ACT_UPDATE = "act"
STATE_QUERY = "state"

#: one call of the touch activity; a sender's HTTP timeout stays well below
TOUCH_START_TO_CLOSE = timedelta(seconds=30)
_AT_LEAST, _SHOWING = timedelta(minutes=1), timedelta(seconds=10)


class _Policy(RetryPolicy):
    """A policy whose protobuf is made once, not for every activity."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._made = Policy()
        super().apply_to_proto(self._made)

    def apply_to_proto(self, proto: Policy) -> None:
        proto.CopyFrom(self._made)


_ONCE = _Policy(maximum_attempts=1)
_PATIENT = _Policy(
    initial_interval=timedelta(seconds=2), backoff_coefficient=2.0, maximum_interval=timedelta(minutes=10)
)
_URGENT = _Policy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(minutes=5)
)


def _ask[T](name: str, request: object, answer: type[T], **options: Any) -> Awaitable[T]:
    """A regular activity by its name, with its answer's type."""
    return workflow.start_activity(name, request, result_type=answer, **options)


async def touch(request: TouchRequest) -> Outcome:
    """Gate, ledger, render, send: the whole of one touch. Retried until it is of no use any more; a
    cancelled journey waits for a touch under way, so that its outcome is known."""
    left = max(request.expires_at - request.as_of, _AT_LEAST)
    return await _ask(
        TOUCH,
        request,
        Outcome,
        start_to_close_timeout=TOUCH_START_TO_CLOSE,
        schedule_to_close_timeout=left,
        retry_policy=_URGENT if request.purpose is Purpose.TRANSACTIONAL else _PATIENT,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )


async def project(projection: Projection) -> None:
    """Show support where the journey stands. One event; one attempt: what is lost is told with the next."""
    await workflow.start_local_activity(
        PROJECT,
        projection,
        schedule_to_close_timeout=_SHOWING,
        retry_policy=_ONCE,
    )


async def project_surely(projection: Projection) -> None:
    """The closing projection: retried for a day, for no later one repairs it."""
    await workflow.start_local_activity(
        PROJECT,
        projection,
        start_to_close_timeout=timedelta(seconds=20),
        schedule_to_close_timeout=timedelta(days=1),
        retry_policy=_URGENT,
    )


async def claim_action(request: ClaimRequest) -> Action:
    """Take an agent's action; `withdrawn` when the API had given it up."""
    action: Action = await workflow.start_local_activity(
        CLAIM_ACTION,
        request,
        result_type=Action,
        schedule_to_close_timeout=timedelta(seconds=10),
        retry_policy=RetryPolicy(maximum_attempts=3),
    )
    return action


async def open_ticket(request: TicketRequest) -> str:
    """Open a case with support; answers its reference, the same for the same key."""
    return await _ask(
        OPEN_TICKET,
        request,
        str,
        start_to_close_timeout=timedelta(seconds=20),
        schedule_to_close_timeout=timedelta(days=3),
        retry_policy=_URGENT,
    )


async def move_points(request: PointsRequest) -> int:
    """Move loyalty points; answers the points really moved."""
    return await _ask(
        MOVE_POINTS,
        request,
        int,
        start_to_close_timeout=timedelta(seconds=20),
        schedule_to_close_timeout=timedelta(days=3),
        retry_policy=_URGENT,
    )


async def recommend(request: AdviceRequest) -> tuple[str, ...]:
    """Product refs that fit this person after this order, best first; empty when none does."""
    return await _ask(
        RECOMMEND,
        request,
        tuple[str, ...],
        start_to_close_timeout=timedelta(seconds=20),
        schedule_to_close_timeout=timedelta(hours=12),
        retry_policy=_PATIENT,
    )


async def predict_run_out(request: AdviceRequest) -> tuple[RunOut, ...]:
    """When products of this order run out, soonest first; empty for what is not bought again."""
    return await _ask(
        PREDICT_RUN_OUT,
        request,
        tuple[RunOut, ...],
        start_to_close_timeout=timedelta(seconds=20),
        schedule_to_close_timeout=timedelta(hours=12),
        retry_policy=_PATIENT,
    )
