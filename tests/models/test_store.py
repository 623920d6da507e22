"""The Store port over SQL: the ledger, the lock, and a whole touch upon them."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from doorstep.domain.messages import Channel, Message, Purpose
from doorstep.domain.outcomes import (
    Defer,
    Outcome,
    OutcomeKind,
    RuleTrace,
    Send,
    Skip,
    SkipReason,
    TouchState,
    Verdict,
)
from doorstep.domain.touches import LedgerRow
from doorstep.models.base import Database
from doorstep.models.ledger import DecisionRow, LedgerRowModel
from doorstep.models.people import ConsentRow
from doorstep.models.store import SqlStore
from doorstep.models.stores import StoreRow
from doorstep.models.tables import table
from doorstep.ports import Ports
from doorstep.touch import perform, record
from senders import FakeRenderer, FakeSender
from shop import NOON, PERSON, SECRET, STORE, a_request, open_shop

FULL = LedgerRow(
    request=a_request(occurrence="shipment:shp_a:delivered", context={"offer": {"percent": 10}}),
    state=TouchState.SENDING,
    fence=3,
    reason=SkipReason.STALE,
    detail="why",
    channel=Channel.SMS,
    decided_at=NOON,
    deferred_until=NOON + timedelta(hours=1),
    reserved_until=NOON + timedelta(minutes=2),
    sending_at=NOON + timedelta(microseconds=5),
    accepted_at=NOON + timedelta(seconds=1),
    attempts=2,
    provider="fake",
    provider_message_id="m1",
    template_digest="td",
    body_digest="bd",
    shadow=True,
    tried=(Channel.EMAIL,),
)


@pytest.fixture
def store(database: Database) -> SqlStore:
    open_shop(database)
    return SqlStore(database, secret=SECRET)


@pytest.fixture
def sender() -> FakeSender:
    return FakeSender()


@pytest.fixture
def ports(store: SqlStore, sender: FakeSender) -> Ports:
    return Ports(store=store, renderer=FakeRenderer(), senders={Channel.EMAIL: sender})


def counted(database: Database, model: Any) -> int:
    with database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table(model))).scalar_one())


def test_a_ledger_row_comes_back_as_it_was_saved(store: SqlStore, database: Database) -> None:
    """Every field survives, and saving again replaces instead of adding."""
    for row in (LedgerRow(request=FULL.request, state=TouchState.PLANNED), FULL):
        with store.locked(STORE, PERSON) as tx:
            tx.save(row)
            assert tx.touch(row.request.key) == row
    with store.locked(STORE, PERSON) as tx:
        assert tx.touch(FULL.request.key) == FULL
        assert tx.touch("nothing") is None
    assert counted(database, LedgerRowModel) == 1


def test_a_row_remembers_when_it_was_made_and_when_it_last_changed(
    store: SqlStore, database: Database
) -> None:
    """`created_at` stays, `updated_at` moves: both by the touch's own times, no clock."""
    with store.locked(STORE, PERSON) as tx:
        tx.save(LedgerRow(request=FULL.request, state=TouchState.PLANNED))
        tx.save(FULL)
    with database.read() as session:
        row = session.get(LedgerRowModel, FULL.request.key)
        assert row is not None
        assert (row.created_at, row.updated_at) == (NOON, FULL.accepted_at)
        assert row.counted_at == FULL.sending_at


def test_decisions_are_only_ever_added(store: SqlStore, database: Database) -> None:
    """Every decision keeps its verdict, reason and trace."""
    trace = (RuleTrace(rule="consent", verdict=Verdict.PASS, facts={"a": [1]}, detail="fine"),)
    decisions = [
        Send(channel=Channel.EMAIL, trace=trace),
        Defer(until=NOON, reason=SkipReason.FREQUENCY_CAPPED, trace=trace),
        Skip(reason=SkipReason.HOLDOUT, trace=trace, shadow=True),
    ]
    with store.locked(STORE, PERSON) as tx:
        for decision in decisions:
            tx.decided(FULL, decision, NOON)
    with database.reading() as connection:
        rows = connection.execute(select(table(DecisionRow)).order_by(table(DecisionRow).c.id)).all()
    assert [(r.verdict, r.reason, r.channel, r.until) for r in rows] == [
        ("send", None, "email", None),
        ("defer", "frequency_capped", None, NOON),
        ("skip", "holdout", None, None),
    ]
    assert rows[0].trace == [{"rule": "consent", "verdict": "pass", "facts": {"a": [1]}, "detail": "fine"}]


def test_a_transaction_that_fails_leaves_no_trace(store: SqlStore, database: Database) -> None:
    """Row and decision commit together or not at all."""

    def fail() -> None:
        with store.locked(STORE, PERSON) as tx:
            tx.save(FULL)
            tx.decided(FULL, Send(channel=Channel.EMAIL), NOON)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (counted(database, LedgerRowModel), counted(database, DecisionRow)) == (0, 0)


@pytest.mark.parametrize("limit", [1, 5])
def test_fifty_touches_of_one_person_at_once_fill_the_cap_and_no_more(
    database: Database, ports: Ports, sender: FakeSender, limit: int
) -> None:
    """However many threads race, a cap lets exactly its limit through; the others are told why."""
    policy = {"caps": [{"limit": limit, "hours": 24}], "headroom": 0}
    with database.writing() as connection:
        connection.execute(update(table(StoreRow)).values(policy=policy))
    requests = [a_request(f"step-{n}") for n in range(50)]
    with ThreadPoolExecutor(50) as threads:
        outcomes = list(threads.map(lambda request: perform(ports, request, NOON), requests))
    assert Counter(outcome.sent for outcome in outcomes) == {True: limit, False: 50 - limit}
    assert len(sender.sent) == limit
    assert {o.reason for o in outcomes if not o.sent} == {SkipReason.FREQUENCY_CAPPED}
    assert counted(database, LedgerRowModel) == 50


def test_two_processes_fill_one_persons_cap_together(
    database: Database, database_url: str, ports: Ports, sender: FakeSender
) -> None:
    """The lock is the database's: workers that share nothing else still let one message through."""
    other = Database(database_url, pool_size=10)
    stores = [ports.store, SqlStore(other, secret=SECRET)]

    def touch(n: int) -> bool:
        return perform(replace(ports, store=stores[n % 2]), a_request(f"step-{n}"), NOON).sent

    with ThreadPoolExecutor(10) as threads:
        sent = list(threads.map(touch, range(20)))
    other.dispose()
    assert (sum(sent), len(sender.sent)) == (1, 1)


def test_one_touch_asked_for_fifty_times_at_once_is_sent_once(ports: Ports, sender: FakeSender) -> None:
    """The same key in many hands reaches the provider once."""
    with ThreadPoolExecutor(50) as threads:
        outcomes = list(threads.map(lambda _: perform(ports, a_request(), NOON), range(50)))
    assert len(sender.sent) == 1
    assert any(o.sent for o in outcomes)
    assert perform(ports, a_request(), NOON).sent


class Killed(BaseException):
    """The process dies here: nothing catches it."""


def test_a_crash_after_reserving_is_taken_over(ports: Ports, sender: FakeSender) -> None:
    """Reserved, then dead before the provider was called: the next attempt sends, once."""

    class Dying(FakeRenderer):
        def render(self, *_: Any) -> Any:
            raise Killed

    with pytest.raises(Killed):
        perform(replace(ports, renderer=Dying()), a_request(), NOON)
    assert sender.sent == []
    assert perform(ports, a_request(), NOON + timedelta(minutes=5)).sent
    assert len(sender.sent) == 1


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_crash_while_sending_never_sends_marketing_twice(ports: Ports, purpose: Purpose) -> None:
    """Dead between the provider's yes and our commit: marketing is unknown for ever, transactional goes
    again once the provider has had its time to report back."""
    dies = [True]

    def answer(message: Message) -> None:
        if dies.pop() if dies else False:
            sender.sent.append(message)
            raise Killed

    sender = FakeSender(answer)
    ports = replace(ports, senders={Channel.EMAIL: sender})
    request = a_request(purpose=purpose)
    with pytest.raises(Killed):
        perform(ports, request, NOON)
    soon = perform(ports, request, NOON + timedelta(minutes=1))
    later = perform(ports, request, NOON + sender.reconcile * 2)
    if purpose is Purpose.MARKETING:
        assert soon.kind is later.kind is OutcomeKind.UNKNOWN
        assert len(sender.sent) == 1
    else:
        assert (soon.kind, later.kind) == (OutcomeKind.DEFERRED, OutcomeKind.SENT)
        assert [message.key for message in sender.sent] == [request.key] * 2


def test_an_opt_out_committed_before_sending_wins(
    ports: Ports, sender: FakeSender, database: Database
) -> None:
    """A withdrawal that lands while the message is being rendered stops it."""

    class Interrupted(FakeRenderer):
        def render(self, *args: Any) -> Any:
            word = ConsentRow(
                store_id=STORE,
                person_id=PERSON,
                channel="email",
                purpose="marketing",
                granted=False,
                at=NOON,
                source="one-click",
            )
            with database.write() as session:
                session.add(word)
            return super().render(*args)

    outcome = perform(replace(ports, renderer=Interrupted()), a_request(), NOON)
    assert (outcome.kind, outcome.reason) == (OutcomeKind.SKIPPED, SkipReason.NOT_CONSENTED)
    assert sender.sent == []


def test_a_step_that_ended_inside_the_journey_stands_in_the_ledger(store: SqlStore) -> None:
    """`touch.record` works upon this store."""
    record(store, a_request(), Outcome(kind=OutcomeKind.SKIPPED, reason=SkipReason.STALE), NOON)
    with store.locked(STORE, PERSON) as tx:
        row = tx.touch(a_request().key)
    assert row is not None
    assert (row.state, row.reason) == (TouchState.SKIPPED, SkipReason.STALE)


def test_a_touch_costs_milliseconds(ports: Ports) -> None:
    """Three transactions and the content of one touch: far below what a worker may spend on it.
    (Measured about 2–4 ms of CPU; the bound only catches a mistake of an order of magnitude.)"""
    request = a_request(purpose=Purpose.TRANSACTIONAL)
    perform(ports, request, NOON)
    started = time.process_time()
    for n in range(50):
        assert perform(ports, replace(request, key=f"k{n}"), NOON).sent
    assert (time.process_time() - started) / 50 < 0.025
