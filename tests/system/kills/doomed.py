"""The real worker and the real API, with a look at every boundary. Nothing of production is replaced: each call
goes through, and what stands here only says where the process is.

Boundaries of a touch (subject: its key): `reserve|sending|record.before_commit|after_commit`, `rendered`,
`provider.accepted`; of a journey: `projection.…`, `claim.…`. Of the inbox (subject: the webhook's id):
`inbox.before_commit|after_commit`; of its delivery (`journey|event type`): `start.before|after`,
`signal.before|after`, `mark.before_commit|after_commit`.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio.client import Client, WorkflowHandle
from tests.system.kills.plan import Plan

from doorstep import contracts, worker
from doorstep.activities import showing
from doorstep.domain.outcomes import TouchState
from doorstep.gateway import core, delivery
from doorstep.ingest import inbox, writer
from doorstep.maintenance import schedules
from doorstep.models.base import Database
from doorstep.ports import Ports
from doorstep.workflows.maintenance import Job

RECONCILE = timedelta(seconds=6)
"""R of the test's provider: longer than an activity of a dead worker waits for its next attempt."""
NAMES = {TouchState.RESERVED: "reserve", TouchState.SENDING: "sending", TouchState.ACCEPTED: "record"}


def impatient() -> None:
    """Shorter waits for what died: an activity's end, a workflow task's, a sticky queue's, an inbox row's.
    The figures are test's; which waits there are is production's."""
    contracts.TOUCH_START_TO_CLOSE = timedelta(seconds=float(os.environ["KILLS_START_TO_CLOSE"]))
    worker.Worker = partial(worker.Worker, sticky_queue_schedule_to_start_timeout=timedelta(seconds=1))  # type: ignore
    inbox.SWEEP_AFTER = inbox.RUSH_SWEEP_AFTER = timedelta(seconds=1)
    core.sweep_forever.__kwdefaults__["interval"] = 0.5
    schedules.PLANS[Job.RECONCILE] = replace(
        schedules.PLANS[Job.RECONCILE], every=timedelta(seconds=10), offset=timedelta(0)
    )


# --- the touch ------------------------------------------------------------------------------------------


@dataclass
class Watched:
    """A transaction that remembers which touch it took where."""

    tx: Any
    saved: tuple[str, str] | None = None

    def save(self, row: Any) -> None:
        self.tx.save(row)
        self.saved = (NAMES.get(row.state, row.state.value), row.request.key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tx, name)


class DoomedStore:
    def __init__(self, store: Any, plan: Plan, now: threading.local) -> None:
        self._store, self._plan, self._now = store, plan, now

    @contextmanager
    def locked(self, store_id: str, person_ref: str) -> Iterator[Watched]:
        with self._store.locked(store_id, person_ref) as tx:
            watched = Watched(tx)
            yield watched
            self._at(watched, "before_commit")
        self._at(watched, "after_commit")

    def _at(self, watched: Watched, when: str) -> None:
        if watched.saved is not None:
            name, key = watched.saved
            self._plan.hit(f"{name}.{when}", key)

    def content(self, request: Any, *rest: Any) -> Any:
        self._now.key = request.key
        return self._store.content(request, *rest)


class Through:
    """Everything of the inner one, but for what a subclass looks at."""

    def __init__(self, inner: Any, plan: Plan, now: threading.local) -> None:
        self._inner, self._plan, self._now = inner, plan, now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class DoomedRenderer(Through):
    def render(self, *said: Any) -> Any:
        rendered = self._inner.render(*said)
        self._plan.hit("rendered", self._now.key)
        return rendered


class DoomedSender(Through):
    reconcile = RECONCILE
    silent: frozenset[str]
    """Keys of touches about which this provider cannot be asked."""

    def send(self, message: Any) -> Any:
        receipt = self._inner.send(message)
        self._plan.hit("provider.accepted", message.key)
        return receipt

    def lookup(self, key: str) -> Any:
        return None if key in self.silent else self._inner.lookup(key)


def doomed_touches(plan: Plan) -> None:
    """The production ports, watched."""
    now, build = threading.local(), worker.build_ports
    DoomedSender.silent = plan.silent

    def doomed(*settings: Any) -> Ports:
        ports = build(*settings)
        return replace(
            ports,
            store=DoomedStore(ports.store, plan, now),
            renderer=DoomedRenderer(ports.renderer, plan, now),
            senders={channel: DoomedSender(sender, plan, now) for channel, sender in ports.senders.items()},
        )

    worker.build_ports = doomed  # type: ignore[assignment]


# --- what a journey shows ---------------------------------------------------------------------------------


def doomed_showing(plan: Plan) -> None:
    """`project` and `claim` each write in one transaction of their own: its commit is the boundary."""
    for name, boundary in (("project", "projection"), ("claim", "claim")):
        inner = getattr(showing, name)

        def doomed(
            database: Database, told: Any, inner: Callable[..., Any] = inner, boundary: str = boundary
        ) -> Any:
            answer = inner(
                Committing(database, lambda: plan.hit(f"{boundary}.before_commit", told.journey_id)), told
            )
            plan.hit(f"{boundary}.after_commit", told.journey_id)
            return answer

        setattr(showing, name, doomed)


class Committing:
    """A database that says when it is about to commit."""

    def __init__(self, database: Database, about_to: Callable[[], None]) -> None:
        self._database, self._about_to = database, about_to

    @contextmanager
    def writing(self) -> Iterator[Any]:
        with self._database.writing() as connection:
            yield connection
            self._about_to()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


# --- the inbox ----------------------------------------------------------------------------------------------


def doomed_inbox(plan: Plan) -> None:
    together, accept, answer, group = writer.accept_together, writer.accept_in, writer._answer, []

    def taken(*names: str) -> None:
        group.extend(names)
        plan.hit("inbox.before_commit", *names)

    def accepting_together(conn: Any, incoming: Any, *more: Any) -> Any:
        accepted = together(conn, incoming, *more)
        taken(*(one.raw.external_id for one in incoming))
        return accepted

    def accepting(conn: Any, connection: Any, reading: Any, raw: Any, at: Any, *more: Any) -> Any:
        accepted = accept(conn, connection, reading, raw, at, *more)
        taken(raw.external_id)
        return accepted

    def answering(items: Any) -> None:
        committed = list(group)
        group.clear()
        plan.hit("inbox.after_commit", *committed)
        answer(items)

    writer.accept_together, writer.accept_in = accepting_together, accepting
    writer._answer = answering


def held_sweep(plan: Plan) -> None:
    """The sweep waits while the test says so: on a busy machine it would do first what the API is to die at."""
    sweep = core.Gateway.sweep

    async def sweeping(self: Any, *more: Any) -> Any:
        while plan.sweep_waits:
            await asyncio.sleep(0.05)
        return await sweep(self, *more)

    core.Gateway.sweep = sweeping  # type: ignore[method-assign]


def doomed_calls(plan: Plan) -> None:
    """The gateway's two calls to Temporal."""
    start, signal = Client.start_workflow, WorkflowHandle.signal

    async def starting(self: Any, kind: str, told: Any, **options: Any) -> Any:
        subject = f"{told.journey_id}|{told.placed.type}"
        await plan.ahit("start.before", subject)
        handle = await start(self, kind, told, **options, task_timeout=timedelta(seconds=2))
        await plan.ahit("start.after", subject)
        return handle

    async def signalling(self: Any, name: str, envelopes: Any, **options: Any) -> None:
        subjects = [f"{self.id}|{envelope.type}" for envelope in envelopes]
        await plan.ahit("signal.before", *subjects)
        await signal(self, name, envelopes, **options)
        await plan.ahit("signal.after", *subjects)

    Client.start_workflow, WorkflowHandle.signal = starting, signalling  # type: ignore


def doomed_marks(plan: Plan) -> None:
    """The commit that says delivered."""
    mark, write, done = delivery.marks.write, core.Gateway._write, threading.local()

    def marking(conn: Any, round_: Any, *rest: Any) -> Any:
        told = mark(conn, round_, *rest)
        done.subjects = [
            f"{journey}|{round_.events[event].envelope.type}"
            for event, journeys in round_.targets.items()
            for journey in journeys
        ]
        plan.hit("mark.before_commit", *done.subjects)
        return told

    async def writing(self: Any, work: Callable[[Any], Any]) -> Any:
        marked: list[str] = []

        def noted(conn: Any) -> Any:
            told = work(conn)
            marked.extend(done.subjects)
            return told

        told = await write(self, noted)
        await plan.ahit("mark.after_commit", *marked)
        return told

    delivery.marks.write, core.Gateway._write = marking, writing  # type: ignore[method-assign]
