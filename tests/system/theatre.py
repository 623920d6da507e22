"""Scenarios on the real server: one database, one worker, one Temporal namespace; each scenario with a store, a
clock and journeys of its own, so that several play side by side.

What a scenario tells goes the production way: a body of the signed API is read by the adapter, accepted by ingest
and delivered by the gateway. Time moves in lock-step, from one thing that is due or told to the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from in_turn import in_turn
from sqlalchemy import select
from temporalio.client import Client
from timekeeping import VirtualTime, at_rest, begun, waits_to_retry

from doorstep.activities.ports import activities, build_ports
from doorstep.contracts import ActionResult
from doorstep.converter import data_converter
from doorstep.domain.customers import StorePolicy, SuppressionCause
from doorstep.domain.messages import Channel, Message, Receipt
from doorstep.errors import ProviderAmbiguous
from doorstep.gateway import Gateway
from doorstep.ingest.accept import accept
from doorstep.ingest.inputs import Raw, connected
from doorstep.models import store as sql_store
from doorstep.models.base import Database
from doorstep.models.journeys import ActionRow, JourneyRow
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.steering import ask
from doorstep.models.stores import ConnectionRow, StoreRow
from doorstep.models.tables import table
from doorstep.policies.reading import policy_json
from doorstep.ports import Ports, Sender
from doorstep.rehearsal.moments import After
from doorstep.rehearsal.providers import Fails, Taken, fail
from doorstep.rehearsal.rehearse import built_in
from doorstep.rehearsal.scenario import (
    FIRST,
    Entry,
    Failing,
    Ordered,
    Report,
    Reported,
    Scenario,
    Steered,
    Told,
)
from doorstep.rehearsal.script import Script
from doorstep.rehearsal.telling import ADDRESSES, Body, Teller, catalogue
from doorstep.rehearsal.world import CAUSES
from doorstep.settings import Settings
from doorstep.sources.base import SourceContext
from doorstep.sources.signed.adapter import Signed
from doorstep.temporal_namespace import ensure_namespace
from doorstep.touch import reported
from doorstep.worker import make_worker
from doorstep.workflows import registry
from servers import client_of

_JOURNEYS, _LEDGER = table(JourneyRow), table(LedgerRowModel)
SETTLED = timedelta(seconds=3)
RETRIED = timedelta(minutes=5)
"""How far time moves on for an activity that waits to be tried again."""


class Troubled:
    """A channel's sender that fails as scenarios say, each scenario's store for itself."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self.name, self.reconcile, self.timeout = sender.name, sender.reconcile, sender.timeout
        self.faults: dict[tuple[str, Channel], list[Fails]] = {}

    def send(self, message: Message) -> Receipt:
        try:
            for fails in self.faults.get((message.store_id, message.rendered.channel), ()):
                if fails.hits(message.at):
                    fail(fails.fault)
        except Taken:
            self._sender.send(message)
            raise ProviderAmbiguous("The provider did not answer.") from None
        return self._sender.send(message)

    def lookup(self, key: str) -> Receipt | None:
        return self._sender.lookup(key)


@dataclass(kw_only=True)
class Theatre:
    """What all scenarios share."""

    settings: Settings
    database: Database
    client: Client
    ports: Ports
    troubled: Troubled
    shown: Counter[str] = field(default_factory=Counter)

    def show(self, scenario: Scenario, first_day: Any) -> Show:
        """The scenario with a store of its own. Its name, which orders' spreads follow from, does not hang on what else
        is shown, and when."""
        self.shown[scenario.name] += 1
        name = f"show-{self.shown[scenario.name]}-{scenario.name}"
        shop = replace(scenario.shop, id=name, policy=untied(scenario.shop.policy))
        return Show(self, replace(scenario, shop=shop), first_day)


def untied(policy: StorePolicy) -> StorePolicy:
    """Caps whose windows are no whole days: a touch that waits for a cap of 168 hours comes back at the very instant
    for which another touch is due a week later, and of two that ask in one instant the first takes the slot: on a
    server whichever thread is first."""
    hour = timedelta(hours=1)
    caps = (
        replace(c, window=c.window - hour) if not c.window % timedelta(days=1) else c for c in policy.caps
    )
    return replace(policy, caps=tuple(caps))


@contextlib.asynccontextmanager
async def open_theatre(address: str, database_url: str, folder: Path) -> AsyncIterator[Theatre]:
    settings = Settings(
        data_dir=folder,
        database_url=database_url,
        temporal_address=address,
        temporal_namespace=f"theatre-{uuid4().hex[:12]}",
        task_queue="journeys",
        worker_concurrency=32,  # a touch that waits for its turn holds a place
    )
    registry.load()
    client = await client_of(address, namespace=settings.temporal_namespace, data_converter=data_converter())
    await ensure_namespace(client, timedelta(days=3))
    database = Database(database_url, pool_size=24)
    ports = build_ports(settings, database)
    troubled = Troubled(ports.senders[Channel.EMAIL])
    ports = replace(ports, renderer=built_in(), senders=dict.fromkeys(ports.senders, troubled))
    threads = ThreadPoolExecutor(64)
    functions = in_turn(activities(ports, database), client)
    worker = make_worker(client, settings, registry.journeys(), functions, threads)
    try:
        async with worker:
            yield Theatre(settings=settings, database=database, client=client, ports=ports, troubled=troubled)
    finally:
        threads.shutdown(wait=False)
        database.dispose()


@dataclass
class Show:
    """One scenario on its way through the real server."""

    theatre: Theatre
    scenario: Scenario
    first_day: Any
    answers: list[ActionResult] = field(default_factory=list)

    def __post_init__(self) -> None:
        theatre, shop = self.theatre, self.scenario.shop
        self.database = theatre.database
        self.placed = self.scenario.placed.resolve(self.first_day, self.scenario.person.zone)
        self.teller = Teller(self.scenario, self.placed)
        self.time = VirtualTime(theatre.client, retries_rest=True)
        self.gateway = Gateway(self.time.client, self.database, theatre.settings, clock=self.time.now)
        self.connection = f"{shop.id}-api"
        self.script = Script(self.scenario, self.teller)
        self._answered: set[str] = set()
        self._names = {self.teller.order_ref(name): name for name in self.scenario.orders}
        self._settles: list[datetime] = []
        """When news that a journey was told has settled: it shows nobody that it waits for that."""
        self.lag = timedelta()
        """The furthest that the clock has been past a moment when all of it had happened: no journey's is further ahead
        of the story, for while the machine works at a moment the server's clock goes on, and what is due next waits."""
        at = self.placed - timedelta(days=1)
        with self.database.write() as session:
            session.add(
                StoreRow(
                    id=shop.id, name=shop.name, zone=shop.zone, locale=shop.locale, country=shop.country,
                    currency=shop.currency, policy=policy_json(shop.policy), brand=dict(shop.brand), created_at=at,
                )
            )  # fmt: skip
            session.flush()
            session.add(ConnectionRow(id=self.connection, store_id=shop.id, source="signed", created_at=at))
            session.flush()
            found = connected(session, self.connection)
        assert found is not None
        self._connected = found

    async def run(self) -> None:
        """To the end of every journey."""
        self.time.reached(self.placed - timedelta(seconds=1))
        await self._tell(catalogue(self.scenario), self.placed - timedelta(hours=1), "catalogue")
        for _ in range(500):
            rows, now = await self._open(), self.time.now()
            dues = [row.next_due_at for row in rows if row.next_due_at and not row.paused]
            if dues and min(dues) <= now:  # an attempt that waits to be made again
                dues = [*(due for due in dues if due > now), now + RETRIED]
            due = min([*dues, *self._settles], default=None)
            self._settles = [moment for moment in self._settles if moment != due]
            told = self.script.next_at
            if due is not None and (told is None or due <= told):
                at = due
                await self._until(rows, at)
            elif told is not None:
                at, number, entry = self.script.pop()
                await self._until(rows, at)
                await self._happen(at, number, entry)
            elif not rows:
                return
            else:
                raise AssertionError(f"{self.scenario.name}: a journey waits for nothing that comes")
            await self._settled()
            await asyncio.to_thread(self._answer_messages)
            self.lag = max(self.lag, self.time.now() - at)
        raise AssertionError(f"{self.scenario.name} does not end")

    # --- time -------------------------------------------------------------------------------------

    async def _open(self) -> list[Any]:
        return await asyncio.to_thread(self._read, "open")

    def _read(self, *statuses: str) -> list[Any]:
        with self.database.reading() as conn:
            found = select(_JOURNEYS).where(_JOURNEYS.c.store_id == self.scenario.shop.id)
            chosen = found.where(_JOURNEYS.c.status.in_(statuses))
            return list(conn.execute(chosen.order_by(_JOURNEYS.c.started_at, _JOURNEYS.c.id)))

    async def _until(self, rows: list[Any], moment: datetime) -> None:
        """Every journey as far as `moment`, one after the other in the order in which they started, as in the engine:
        of two touches that ask at once the first takes the slot."""
        for row in rows:
            await self.time.forward(self.theatre.client.get_workflow_handle(row.id), moment)
            if len(rows) > 1 and row.next_due_at and row.next_due_at <= moment:
                await self._acted(row.id, moment)
        self.time.reached(moment)

    async def _acted(self, journey: str, moment: datetime) -> None:
        """Until one journey has done what was due: the server fires a timer a little after it is."""
        for _ in range(2000):
            await at_rest(self.theatre.client.get_workflow_handle(journey), retries_rest=True)
            now = [row for row in await self._open() if row.id == journey]
            late = [row for row in now if row.next_due_at and row.next_due_at <= moment and not row.paused]
            if not late or await self._retried(late):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{self.scenario.name}: something is due and does not come")

    async def _settled(self) -> None:
        """Nothing under way and nothing overdue: the server fires a timer a little after it is due."""
        for _ in range(2000):
            for row in await self._open():
                await at_rest(self.theatre.client.get_workflow_handle(row.id), retries_rest=True)
            rows, now = await self._open(), self.time.now()
            late = [row for row in rows if row.next_due_at and row.next_due_at <= now and not row.paused]
            if not late or await self._retried(late):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{self.scenario.name}: something is due and does not come")

    async def _retried(self, rows: list[Any]) -> bool:
        """Whether all of these journeys wait for an activity's next attempt."""
        for row in rows:
            described = await self.theatre.client.get_workflow_handle(row.id).describe()
            if not any(waits_to_retry(a) for a in described.raw_description.pending_activities):
                return False
        return True

    def _answer_messages(self) -> None:
        with self.database.reading() as conn:
            columns = (_LEDGER.c.key, _LEDGER.c.step, _LEDGER.c.order_ref, _LEDGER.c.sending_at)
            rows = conn.execute(
                select(*columns)
                .where(_LEDGER.c.store_id == self.scenario.shop.id, _LEDGER.c.state == "accepted")
                .order_by(_LEDGER.c.sending_at)
            ).all()
        for row in rows:
            if row.key in self._answered:
                continue
            self._answered.add(row.key)
            self.script.sent(row.step, self._names[row.order_ref], row.sending_at)

    # --- what happens -----------------------------------------------------------------------------

    async def _happen(self, at: datetime, number: int, entry: Entry | None) -> None:
        match entry:
            case None:
                await self._tell(self.teller.first(), at, FIRST)
            case Told():
                happened = self.script.happened(entry, at)
                for n in range(entry.times):
                    await self._tell(self.teller.told(entry, happened, number), at, f"{number}-{n}")
            case Ordered():
                happened = self.script.happened(entry, at)
                for n in range(entry.times):
                    await self._tell(self.teller.ordered(entry, happened), at, f"{number}-{n}")
            case Reported():
                await self._report(entry, at)
            case Failing():
                until = None if entry.lasts is None else at + entry.lasts
                place = (self.scenario.shop.id, entry.channel)
                self.theatre.troubled.faults.setdefault(place, []).append(
                    Fails(entry.fault, at, until, entry.calls)
                )
            case Steered():
                await self._steer(entry, at, number)

    async def _tell(self, body: Body, at: datetime, name: str) -> None:
        """One webhook, as its sender would send it then."""
        raw = json.dumps(body).encode()
        context = SourceContext(
            connection_id=self.connection, store_id=self.scenario.shop.id, received_at=at,
            currency=self.scenario.shop.currency, country=self.scenario.shop.country,
        )  # fmt: skip
        reading = Signed().read({"webhook-id": f"msg-{name}"}, raw, context)
        assert not reading.problems, reading.problems
        taken = await asyncio.to_thread(
            accept, self.database, self._connected, reading, Raw(external_id=f"msg-{name}", body=raw), at
        )
        await self.gateway.deliver(taken.journeys, taken.persons)
        for row in await self._open():
            handle = self.theatre.client.get_workflow_handle(row.id)
            await self.time.forward(handle, at)  # one just started still has to wait for virtual time
            if row.revision == 0:
                await begun(handle)
        self._settles.append(self.time.now() + SETTLED)  # counted by the journeys' clock, from when they know

    async def _report(self, entry: Reported, at: datetime) -> None:
        step = entry.step or (entry.at.step if isinstance(entry.at, After) else "")
        await asyncio.to_thread(self._say, entry, step, at)

    def _say(self, entry: Reported, step: str, at: datetime) -> None:
        """As `ingest.reports` and `ingest.inbound` write it down."""
        secret, shop = self.theatre.settings.secret_key(), self.scenario.shop.id
        if step:
            with self.database.reading() as conn:
                row = conn.execute(
                    select(_LEDGER).where(
                        _LEDGER.c.order_ref == self.teller.order_ref(entry.order),
                        _LEDGER.c.step == step,
                        _LEDGER.c.attempts > 0,
                    )
                ).first()
            if row is not None:
                reported(
                    self.theatre.ports.store, store_id=shop, person_ref=row.person_id, key=row.key,
                    receipt=Receipt(provider="outbox", provider_message_id=""), at=at,
                )  # fmt: skip
        place = (shop, entry.channel, ADDRESSES[entry.channel])
        with self.database.writing() as conn:
            if entry.report in CAUSES:
                sql_store.suppress(conn, secret, *place, CAUSES[entry.report], at)
            if entry.report is Report.STARTED:
                sql_store.lift(conn, secret, *place, SuppressionCause.STOP, at)

    async def _steer(self, entry: Steered, at: datetime, number: int) -> None:
        step, _, occurrence = entry.step.partition(":")
        journey = self.teller.journey_id(entry.order)
        id_ = f"act_{self.scenario.shop.id}_{number}"
        with self.database.write() as session:
            ask(
                session,
                ActionRow(
                    id=id_, store_id=self.scenario.shop.id, journey_id=journey, kind=entry.action.value, step=step,
                    occurrence=occurrence, catch_up=entry.catch_up.value, reason="a test says so", actor="tests",
                    created_at=at,
                ),
            )  # fmt: skip
        self.answers.append(await self.gateway.act(journey, id_, 20))


def soon() -> datetime:
    """A moment to begin at: time only goes forward."""
    return datetime.now(UTC) + timedelta(days=1)
