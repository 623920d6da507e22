"""One round of deliveries: start what has not started, signal the rest, write down what became of each.

At least once: the row is marked only after Temporal has it, so a crash between the two delivers again, and the
journey drops what it has heard (event id, fact key). Never a second run: a journey is started only while its row is
`pending`, with a workflow id that Temporal refuses to use twice; one that is over keeps its events on the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from doorstep.contracts import DELIVER_SIGNAL
from doorstep.domain.events import Envelope
from doorstep.domain.moments import COMES_ON_TOP, WHOLE_COURSE
from doorstep.errors import DoorstepError, NotFound, Unavailable
from doorstep.gateway import marks, queue
from doorstep.gateway.fleet import Fleet
from doorstep.gateway.marks import Delivered, Failed, Heard, Outcome, Over
from doorstep.gateway.queue import Errand, Round, Waiting
from doorstep.gateway.rpc import Refused, bounded
from doorstep.gateway.starts import Known, Start, look_up, start_of
from doorstep.models.base import Database
from doorstep.telemetry import metrics, tracing
from doorstep.workflows import registry

log = structlog.get_logger(__name__)

CALL_SECONDS = 10.0
LONGEST_JOURNEY = WHOLE_COURSE + COMES_ON_TOP
"""Temporal forgets none before that, unless it is not the Temporal we knew."""
AT_ONCE = 100
"""Events in one signal: some 50 kB, where Temporal takes 2 MB."""

Told = dict[str, Outcome]
"""Event → what became of it at one journey."""
Write = Callable[[Callable[[Connection], Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    round: Round
    starts: dict[str, Start | Failed]


@dataclass(slots=True, kw_only=True)
class Deliverer:
    """Carries events from the inbox to journeys. `at_most` bounds the calls that are under way at once."""

    client: Client
    db: Database
    task_queue: str
    settle: timedelta
    clock: Callable[[], datetime]
    write: Write
    at_most: asyncio.Semaphore
    fleet: Fleet

    async def deliver(self, journeys: Iterable[str], persons: Iterable[str]) -> Delivered:
        """Everything that waits for these journeys and persons. Never raises for what Temporal says: it is
        written beside each event, with when to try again."""
        wanted = (frozenset(journeys), frozenset(persons))
        plan = await asyncio.to_thread(self._plan, *wanted)
        if not plan.round.events:
            return Delivered()
        errands = [e for e in plan.round.errands.values() if e.events]
        came = await asyncio.gather(*(self._run(e, plan.starts.get(e.journey_id)) for e in errands))
        results = {e.journey_id: told for e, (told, _) in zip(errands, came, strict=True)}
        starts = {e.journey_id: how for e, (_, how) in zip(errands, came, strict=True)}
        now = self.clock()
        done: Delivered = await self.write(lambda conn: marks.write(conn, plan.round, results, starts, now))
        done.unavailable = bool(errands) and all(
            isinstance(how, Failed) and how.away for how in starts.values()
        )
        for result, events in (("delivered", done.delivered), ("kept", done.kept), ("failed", done.failed)):
            if events:
                metrics.deliveries(result, by=events)
        if done.failed:
            log.warning("events not delivered", failed=done.failed, delivered=done.delivered)
        return done

    def _plan(self, journeys: frozenset[str], persons: frozenset[str]) -> _Plan:
        with self.db.reading() as conn:
            round_ = queue.load(conn, journeys, persons, self.clock())
            new = [errand for errand in round_.errands.values() if errand.pending and errand.events]
            known = look_up(conn, new)
            carried = self.fleet.types(conn) if new else None
        starts = {e.journey_id: self._start_of(known[e.journey_id], e, carried) for e in new}
        return _Plan(round=round_, starts=starts)

    def _start_of(self, known: Known, errand: Errand, carried: frozenset[str] | None) -> Start | Failed:
        try:
            return start_of(known, errand, self.settle, carried)
        except registry.NotEverywhere as error:
            return Failed(why=error.what, soon=True)
        except DoorstepError as error:
            return Failed(why=error.what)
        except Exception as error:  # noqa: BLE001 - a store's routing is code of theirs: this order waits, others go on
            log.error("routing failed", journey_id=errand.journey_id, error=type(error).__name__)
            return Failed(why=f"Routing failed ({type(error).__name__}).")

    # --- one journey ------------------------------------------------------------------------------

    async def _run(self, errand: Errand, start: Start | Failed | None) -> tuple[Told, Outcome]:
        told_by = (waiting.trace_parent for waiting in errand.events)
        async with self.at_most:
            with tracing.span("inbox deliver", "consumer", follows=told_by, events=len(errand.events)):
                return await self._carry(errand, start)

    async def _carry(self, errand: Errand, start: Start | Failed | None) -> tuple[Told, Outcome]:
        if isinstance(start, Failed):
            return _all(errand.events, start), start
        if errand.closed:
            over: Outcome = Over()
            return _all(errand.events, over), over
        if start is not None:
            return await self._start(errand, start)
        return await self._signal_all(errand, "")

    async def _start(self, errand: Errand, start: Start) -> tuple[Told, Outcome]:
        """The start carries what else is known; should Temporal refuse that, the order alone, and the rest as
        signals, so that one bad event does not keep a journey from starting."""
        others = tuple(w.envelope for w in errand.events if w.envelope.id != start.input.placed.id)
        for carried in (others[:AT_ONCE], ()) if others else ((),):
            try:
                await bounded(self._start_workflow(start, carried), CALL_SECONDS)
            except _AlreadyThere as found:
                # Started before, by us or another process that did not live to say so: signal everything.
                return await self._signal_all(errand, found.type or start.type)
            except Refused as error:
                if carried:
                    continue
                failed: Outcome = Failed(
                    why=error.what
                )  # the order itself: never given up, somebody must look
                return _all(errand.events, failed), failed
            except DoorstepError as error:
                failed = Failed(why=error.what, away=isinstance(error, Unavailable))
                return _all(errand.events, failed), failed
            except Exception as error:  # noqa: BLE001 - the converter refused it: the round's others go on
                if carried:
                    continue
                failed = Failed(why=f"It cannot be started ({type(error).__name__}).")
                return _all(errand.events, failed), failed
            metrics.journeys_started(start.type)
            heard = {e.id for e in (start.input.placed, *carried)}
            left = [w for w in errand.events if w.id not in heard]
            told = _all([w for w in errand.events if w.id in heard], Heard())
            if left:
                told |= (await self._signal_all(replace(errand, events=left), start.type))[0]
            return told, Heard(started=start.type)
        raise AssertionError("unreachable: the last try carries nothing")

    async def _start_workflow(self, start: Start, carried: tuple[Envelope, ...]) -> None:
        try:
            await self.client.start_workflow(
                start.type,
                replace(start.input, events=carried),
                id=start.input.journey_id,
                task_queue=self.task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                rpc_timeout=timedelta(seconds=CALL_SECONDS),
            )
        except WorkflowAlreadyStartedError:
            raise _AlreadyThere(await self._type_of(start.input.journey_id)) from None

    async def _type_of(self, journey: str) -> str:
        try:
            return (await self.client.get_workflow_handle(journey).describe()).workflow_type
        except RPCError:
            return ""

    async def _signal_all(self, errand: Errand, started: str) -> tuple[Told, Outcome]:
        told: Told = {}
        how: Outcome = Heard(started=started)
        for at in range(0, len(errand.events), AT_ONCE):
            some = errand.events[at : at + AT_ONCE]
            outcome = await self._signal(errand, some, started)
            if isinstance(outcome, Failed) and outcome.final and len(some) > 1:
                told |= await self._one_by_one(errand, some, started)
                continue
            told |= _all(some, outcome)
            if not isinstance(outcome, Heard):
                how = outcome
        return told, how

    async def _one_by_one(self, errand: Errand, some: list[Waiting], started: str) -> Told:
        """Which of them Temporal refuses: the others must not wait for it."""
        return {w.id: await self._signal(errand, [w], started) for w in some}

    async def _signal(self, errand: Errand, some: list[Waiting], started: str) -> Outcome:
        handle = self.client.get_workflow_handle(errand.journey_id)
        envelopes = [w.envelope for w in some]
        sent = handle.signal(DELIVER_SIGNAL, envelopes, rpc_timeout=timedelta(seconds=CALL_SECONDS))
        try:
            await bounded(sent, CALL_SECONDS)
        except NotFound:
            return await self._is_over(errand, started)
        except Refused as error:
            return Failed(why=error.what, final=True)
        except Unavailable as error:
            return Failed(why=error.what, away=True)
        except Exception as error:  # noqa: BLE001 - the converter refused it: no later try differs
            return Failed(why=f"It cannot be sent ({type(error).__name__}).", final=True)
        return Heard(started=started)

    async def _is_over(self, errand: Errand, started: str) -> Outcome:
        """A signal found nothing that runs. Asked again, because a journey may be starting just now. One that
        Temporal does not know at all ran and was forgotten only if it is old enough for that; else this is an
        empty Temporal behind the same tables, and nothing may be closed or dropped for it."""
        journey = errand.journey_id
        try:
            described = await bounded(self.client.get_workflow_handle(journey).describe(), CALL_SECONDS)
        except NotFound:
            if errand.placed_at is not None and errand.placed_at + LONGEST_JOURNEY < self.clock():
                return Over(started=started)
            log.error("Temporal does not know a journey that is open here", journey_id=journey)
            return Failed(why="Temporal does not know this journey, which is open: is it another database?")
        except Unavailable as error:
            return Failed(why=error.what, away=True)
        except DoorstepError as error:
            return Failed(why=error.what)
        if described.status in (WorkflowExecutionStatus.RUNNING, None):
            return Failed(why="The journey could not be found just now.")
        return Over(started=started)


class _AlreadyThere(DoorstepError):
    """The workflow id is taken: by a run of this journey, open or closed."""

    def __init__(self, type_: str) -> None:
        super().__init__("The journey has been started already.")
        self.type = type_


def _all(events: Iterable[Waiting], outcome: Outcome) -> Told:
    return {waiting.id: outcome for waiting in events}
