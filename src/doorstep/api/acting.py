"""An agent's action from asking to its answer, within five seconds whatever happens to Temporal.

The row is written first, then the journey is told its id. What must never happen: we say "nothing changed" and
later it does. An update sent while no worker runs is carried out when one comes back, so before saying so the row
is withdrawn, by an update that takes hold only while the journey has not claimed it. Whoever moves the row first
wins; the other sees it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool

from doorstep.api.skipping import step_check
from doorstep.api.wiring import Services
from doorstep.contracts import NEEDS_STEP, ActionResult
from doorstep.domain.ids import digest
from doorstep.errors import BadInput, Conflict, NotFound, Unavailable
from doorstep.models import steering
from doorstep.models.ids import draw
from doorstep.models.journeys import ActionRow, ActionStatus, JourneyRow, JourneyStatus
from doorstep.models.keys import Caller
from doorstep.models.reading.detail import resolve

TOTAL_SECONDS = 4.9
ACT_SECONDS = 3.2  # for the journey to claim and answer
POLL_SECONDS = 0.8  # for a claimed action to end
ABANDONED = timedelta(seconds=15)  # pending for longer: whoever asked died before telling the journey
_ATTEMPTS = 50


class Withdrawn(Unavailable):
    """The journey could not be reached and will never act on this."""

    def __init__(self, action_id: str) -> None:
        super().__init__(
            "The journey did not answer in time; the action is withdrawn and nothing was changed.",
            mend="Try again in a moment; `doorstep doctor` says what is missing.",
        )
        self.extras = {"action_id": action_id} if action_id else {}


class Refused(Conflict):
    """The journey heard it and could not do it."""

    code = "action_refused"

    def __init__(self, row: ActionRow) -> None:
        names = ", ".join(str(name) for name in row.waiting) or "nothing"
        super().__init__(
            row.detail or "The journey could not do this now.",
            mend=f"What waits and could be acted on: {names}.",
        )
        self.extras = {"action_id": row.id, "waiting": [str(name) for name in row.waiting]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an agent asks. `idempotency_key`: the same key and request is the same action."""

    ref: str
    kind: str
    step: str
    occurrence: str
    catch_up: str
    reason: str
    idempotency_key: str | None


async def act(parts: Services, caller: Caller, asked: Asked) -> ActionRow:
    """Asks and answers the row as it stands: applied, or still on its way (claimed or pending).

    Raises `NotFound` (also for a step or an occurrence that the journey does not have), `Conflict` (journey over or not
    started), `Refused`, `Withdrawn`, and `BadInput` for an idempotency key that stood for something else.
    """
    deadline = time.monotonic() + TOTAL_SECONDS
    recorded = await _in_time(deadline, lambda: _record(parts, caller, asked))
    if recorded is None:
        raise Withdrawn("")  # the row may still be written; nobody tells the journey of it
    row, fresh = recorded
    if not fresh:
        return _ended(row)
    try:
        result = await _told(parts, row, deadline)
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the action must not stay behind, ready to happen
        return await _given_up(parts, row, deadline, error)
    settled = await _in_time(deadline, lambda: _settled(parts, row, result))
    return _ended(settled or row)


def _record(parts: Services, caller: Caller, asked: Asked) -> tuple[ActionRow, bool]:
    """The row, and whether it is new. One transaction, so that two requests with one key make one action."""
    check = step_check(parts) if asked.kind in NEEDS_STEP else None
    with parts.database.write() as session:
        journey = resolve(session, asked.ref, caller.store_id)
        if journey is None:
            raise NotFound(
                "There is no such journey that this key may see.",
                mend="Look it up with POST /journeys/search.",
            )
        action_id = draw("act")
        if asked.idempotency_key:
            # two requests with one key, told to two processes at once, must find each other (SQLite has one writer)
            session.get(JourneyRow, journey.id, with_for_update={"key_share": True})
            action_id, held = _held(session, parts, caller, journey, asked)
            if held is not None:
                session.expunge(held)
                return held, False
        _steerable(journey)
        if check is not None:
            check(session, journey, asked.step, asked.occurrence)
        row = ActionRow(
            id=action_id,
            store_id=journey.store_id,
            journey_id=journey.id,
            kind=asked.kind,
            step=asked.step,
            occurrence=asked.occurrence,
            catch_up=asked.catch_up,
            reason=asked.reason,
            actor=caller.actor,
            created_at=parts.clock(),
        )
        steering.ask(session, row)
        session.expunge(row)
        return row, True


def _steerable(journey: Any) -> None:
    if journey.status == JourneyStatus.CLOSED:
        raise _closed()
    if journey.status == JourneyStatus.PENDING:
        raise Conflict(
            "The journey has not started yet; nothing was changed.",
            mend="It starts by itself within moments when Temporal runs; try again then.",
            code="journey_not_started",
        )


def _held(
    session: Any, parts: Services, caller: Caller, journey: Any, asked: Asked
) -> tuple[str, ActionRow | None]:
    """The id for that idempotency key, and the action already under it. A withdrawn one changed nothing: the same
    key then makes the next attempt, under an id of its own, so that the old one stays withdrawn for good."""
    for attempt in range(_ATTEMPTS):
        seed = (caller.key_id, journey.id, asked.idempotency_key or "", str(attempt))
        action_id = f"act_{digest('action', *seed)}"
        held = session.get(ActionRow, action_id)
        if held is None:
            return action_id, None
        _same(held, asked)
        if held.status == ActionStatus.PENDING and parts.clock() - held.created_at > ABANDONED:
            held.status, held.detail, held.done_at = ActionStatus.WITHDRAWN, "given up", parts.clock()
            session.add(held)
            session.flush()
        if held.status != ActionStatus.WITHDRAWN:
            return action_id, held
    raise Conflict("This Idempotency-Key was tried too often.", mend="Draw a new key.")


def _same(held: ActionRow, asked: Asked) -> None:
    before = (held.kind, held.step, held.occurrence, held.catch_up, held.reason)
    if before != (asked.kind, asked.step, asked.occurrence, asked.catch_up, asked.reason):
        raise Reused()


class Reused(BadInput):
    """An idempotency key that stood for something else."""

    code = "idempotency_key_reused"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used before with another request; nothing was changed.",
            mend="Draw a new key for every new action; repeat one only with the identical request.",
        )


def _closed() -> Conflict:
    return Conflict(
        "The journey has ended; there is nothing left to steer, and nothing was changed.",
        mend="GET the journey to see how it ended.",
        code="journey_closed",
    )


async def _told(parts: Services, row: ActionRow, deadline: float) -> ActionResult:
    """Lets the journey act. Bounded here too: an RPC's own timeout has been seen to take twice what it said."""
    left = min(ACT_SECONDS, max(0.1, deadline - time.monotonic() - POLL_SECONDS - 0.4))
    return await asyncio.wait_for(parts.gateway.act(row.journey_id, row.id, left), left + 0.2)


async def _given_up(parts: Services, row: ActionRow, deadline: float, error: Exception) -> ActionRow:
    """No good answer: withdraw it, unless the journey was faster; then see what it made of it."""
    over = isinstance(error, NotFound)
    why = "the journey is over" if over else "the journey did not answer in time"
    withdrawn = await _in_time(
        deadline, lambda: steering.withdraw(parts.database, row.id, parts.clock(), why)
    )
    if withdrawn and over:
        raise _closed() from error
    if withdrawn:
        raise Withdrawn(row.id) if isinstance(error, Unavailable | TimeoutError) else error
    if withdrawn is None:
        return row  # the database itself is stuck: pending, and nothing may be promised
    until = min(deadline, time.monotonic() + POLL_SECONDS)
    latest = row
    while True:
        seen = await _in_time(deadline, lambda: steering.find(parts.database, row.id))
        latest = seen or latest
        if latest.status in steering.OVER or time.monotonic() + 0.1 > until:
            return _ended(latest)
        await asyncio.sleep(0.1)


def _settled(parts: Services, row: ActionRow, result: ActionResult) -> ActionRow | None:
    return steering.settle(
        parts.database,
        row.id,
        applied=result.applied,
        detail=result.detail,
        waiting=result.waiting,
        now=parts.clock(),
    )


def _ended(row: ActionRow) -> ActionRow:
    if row.status == ActionStatus.REFUSED:
        raise Refused(row)
    if row.status == ActionStatus.WITHDRAWN:
        raise Withdrawn(row.id)
    return row


async def _in_time[T](deadline: float, work: Callable[[], T]) -> T | None:
    """The work, in a thread; None at the deadline, and the thread then ends on its own."""
    task = asyncio.ensure_future(run_in_threadpool(work))
    done, _ = await asyncio.wait({task}, timeout=max(0.05, deadline - time.monotonic()))
    if done:
        return task.result()
    task.add_done_callback(_heard)
    return None


def _heard(task: asyncio.Future[Any]) -> None:
    """Takes a late error, so that the loop does not complain of one nobody waited for."""
    if not task.cancelled():
        task.exception()
