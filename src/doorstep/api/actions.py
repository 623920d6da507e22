"""Steering a journey: pause, resume, skip, send now, cancel; and what became of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from doorstep.api.acting import Asked, act
from doorstep.api.auth import Supporter
from doorstep.api.journeys import Ref
from doorstep.api.schemas import examples
from doorstep.api.schemas.actions import ActionAnswer, ActionRequest, Verb
from doorstep.api.schemas.errors import errors
from doorstep.api.wiring import Parts
from doorstep.contracts import NEEDS_STEP, ActionKind
from doorstep.domain.recorded_words import answered
from doorstep.errors import BadInput, NotFound
from doorstep.models import steering
from doorstep.models.journeys import ActionRow, ActionStatus
from doorstep.models.reading.detail import action_view, resolve

router = APIRouter(prefix="/journeys", tags=["actions"])

_DONE = {
    ActionKind.PAUSE: "Paused: nothing is sent until it is resumed; waits and exits go on.",
    ActionKind.RESUME: "Resumed.",
    ActionKind.SKIP: "The step is skipped.",
    ActionKind.SEND_NOW: "Asked for now. Consent, caps and relevance still decide; "
    "the journey's status says what became of it.",
    ActionKind.CANCEL: "Cancelled: the journey leaves its course now.",
}


@router.post(
    "/{ref}/actions/{verb}",
    summary="Steer a journey",
    description="`pause` stops new messages, not waits or exits. `resume` goes on (`catch_up` says what becomes of "
    "what fell due meanwhile). `skip` leaves a step out, also a future one. `send-now` sends a waiting touch at once; "
    "every rule but timing applies: a full frequency cap still holds it back. To either a step that the journey does "
    "not have is 404 with the nearest, and so is an `occurrence` that none of it can be about. "
    "`cancel` ends the journey. Answers within five seconds: 200 applied; 202 taken by "
    "the journey, result to follow; 409 refused, with what could be acted on; 503 the journey could not be reached — "
    "**then nothing was changed and nothing will be**, even when a worker comes back later.",
    responses={
        200: examples.ok(examples.ACTION_DONE),
        202: {
            "model": ActionAnswer,
            "description": "The journey has taken it; ask for the result at `Location`.",
            "content": {"application/json": {"examples": examples.named(examples.ACTION_TAKEN)}},
        },
        **errors(
            "not_json",
            "unauthenticated",
            "forbidden",
            "not_found",
            "step_not_found",
            "occurrence_not_found",
            "action_refused",
            "journey_closed",
            "journey_not_started",
            "invalid",
            "idempotency_key_reused",
            "unavailable",
        ),
    },
    openapi_extra=examples.body(examples.ACTION_REQUESTS),
)
async def steer(
    parts: Parts,
    caller: Supporter,
    ref: Ref,
    verb: Annotated[Verb, Path(description="What to do.")],
    asked: ActionRequest,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            description="Draw one per action: repeating the request with it cannot act twice.",
        ),
    ] = None,
) -> ActionAnswer:
    if verb.kind in NEEDS_STEP and not asked.step:
        raise BadInput(
            f"'{verb}' needs a step; nothing was changed.",
            mend="Name one in `step`; the journey's `waits` list them.",
        )
    row = await act(
        parts,
        caller,
        Asked(
            ref=ref,
            kind=verb.kind.value,
            step=asked.step,
            occurrence=asked.occurrence,
            catch_up=asked.catch_up.value,
            reason=asked.reason,
            idempotency_key=idempotency_key,
        ),
    )
    if row.status != ActionStatus.APPLIED:
        response.status_code = 202
        response.headers["Location"] = f"/journeys/{row.journey_id}/actions/{row.id}"
    return answer(row)


@router.get(
    "/{ref}/actions/{action_id}",
    summary="What became of an action",
    description="From the tables: it answers with every worker stopped.",
    responses={
        200: examples.ok(examples.ACTION_DONE),
        **errors("unauthenticated", "forbidden", "not_found", "invalid"),
    },
)
def read_action(
    parts: Parts,
    caller: Supporter,
    ref: Ref,
    action_id: Annotated[
        str, Path(pattern=r"^act_[a-z2-7]{10,40}$", description="The action.", examples=[examples.ACTION_ID])
    ],
) -> ActionAnswer:
    with parts.database.read() as session:
        journey = resolve(session, ref, caller.store_id)
    row = steering.find(parts.database, action_id)
    if journey is None or row is None or row.journey_id != journey.id:
        raise NotFound("There is no such action on this journey.", mend="The journey's `actions` list them.")
    return answer(row)


def answer(row: ActionRow) -> ActionAnswer:
    """The row with what it means in a sentence."""
    return ActionAnswer(action=action_view(row), sentence=_sentence(row))


def _sentence(row: ActionRow) -> str:
    match row.status:
        case ActionStatus.APPLIED:
            return answered(row.detail) or _DONE.get(ActionKind(row.kind), "Done.")
        case ActionStatus.CLAIMED:
            return "The journey has taken it; the result follows."
        case ActionStatus.REFUSED:
            return row.detail or "The journey could not do it; nothing was changed."
        case ActionStatus.WITHDRAWN:
            return "Withdrawn before the journey took it; nothing was changed."
    return "Not yet taken by the journey; ask again in a moment."
