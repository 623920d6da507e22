"""What the gate reads is what is true now, and no more than it needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from doorstep.domain.customers import Facts, SuppressionCause
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import SkipReason, TouchState
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.errors import NotFound
from doorstep.models import compiled
from doorstep.models.base import Database
from doorstep.models.journeys import JourneyRow
from doorstep.models.people import ConsentRow, IdentityRow, PersonRow, SuppressionRow
from doorstep.models.store import SqlStore
from doorstep.models.stores import StoreRow
from doorstep.models.tables import table
from shop import (
    EMAIL,
    NOON,
    PERSON,
    SECRET,
    STATE,
    STORE,
    a_request,
    add,
    add_order,
    open_shop,
)


@pytest.fixture
def store(database: Database) -> SqlStore:
    open_shop(database)
    return SqlStore(database, secret=SECRET)


def facts(store: SqlStore, request: TouchRequest | None = None) -> Facts:
    with store.locked(STORE, PERSON) as tx:
        return tx.facts(request or a_request(), NOON)


def keep(store: SqlStore, *rows: LedgerRow) -> None:
    with store.locked(STORE, PERSON) as tx:
        for row in rows:
            tx.save(row)


def change(database: Database, model: type, **values: object) -> None:
    with database.writing() as connection:
        connection.execute(update(table(model)).values(**values))


def test_an_ordinary_person_is_read_whole(store: SqlStore) -> None:
    """Zone, addresses, consent and the order's state come together."""
    found = facts(store)
    assert found.zone == "Europe/Berlin"
    assert found.reachable == {Channel.EMAIL, Channel.SMS}
    assert {(c.channel, c.granted) for c in found.consents} == {(Channel.EMAIL, True), (Channel.SMS, True)}
    assert found.order == STATE
    assert (found.suppressions, found.counted, found.waiting, found.exited_at) == ((), (), (), None)


def test_a_person_of_another_store_is_not_found(store: SqlStore) -> None:
    """Persons are per store: a reference does not cross."""
    with store.locked("other", PERSON) as tx, pytest.raises(NotFound):
        tx.facts(a_request(store_id="other"), NOON)


def test_the_last_word_on_consent_holds_and_of_two_at_once_the_withdrawal(
    store: SqlStore, database: Database
) -> None:
    """Consent is the latest row per channel; a tie goes to the no."""
    again = {"store_id": STORE, "person_id": PERSON, "purpose": "marketing", "source": "page"}
    add(
        database,
        ConsentRow(channel="email", granted=False, at=NOON - timedelta(days=2), **again),
        ConsentRow(channel="sms", granted=False, at=NOON - timedelta(days=1), **again),
    )
    assert {c.channel: c.granted for c in facts(store).consents} == {Channel.EMAIL: True, Channel.SMS: False}


def test_a_suppression_follows_the_current_address_however_it_is_written(
    store: SqlStore, database: Database
) -> None:
    """The never-send list knows the address, not the person: a new address is free, the old one stays."""
    with store.locked(STORE, PERSON) as tx:
        tx.suppress(a_request(), Channel.EMAIL, SuppressionCause.BOUNCE, NOON)
        tx.suppress(a_request(), Channel.EMAIL, SuppressionCause.BOUNCE, NOON + timedelta(days=1))
        tx.suppress(a_request(), Channel.EMAIL, SuppressionCause.BOUNCE, NOON + timedelta(hours=1))
    (held,) = facts(store).suppressions
    told_last = NOON + timedelta(days=1)  # the same in whatever order it was told
    assert (held.channel, held.cause, held.since) == (Channel.EMAIL, SuppressionCause.BOUNCE, told_last)
    change(database, IdentityRow, value=EMAIL.upper())
    assert facts(store).suppressions
    new = IdentityRow(
        store_id=STORE, person_id=PERSON, kind="email", value="new@example.org", seen_at=NOON + timedelta(1)
    )
    add(database, new)
    assert facts(store).suppressions == ()
    with store.locked(STORE, PERSON) as tx:
        assert tx.address(a_request(), Channel.EMAIL) == "new@example.org"


def test_a_lifted_suppression_is_gone_until_it_is_told_again(store: SqlStore, database: Database) -> None:
    """Lifting is remembered; a new bounce holds from its own time."""
    for at in (NOON, NOON + timedelta(days=3)):
        with store.locked(STORE, PERSON) as tx:
            tx.suppress(a_request(), Channel.EMAIL, SuppressionCause.STOP, at)
        assert [s.since for s in facts(store).suppressions] == [at]
        change(database, SuppressionRow, lifted_at=at + timedelta(hours=1))
        assert facts(store).suppressions == ()


def test_the_never_send_list_holds_no_address(store: SqlStore, database: Database) -> None:
    """What outlives an erasure is a keyed hash."""
    with store.locked(STORE, PERSON) as tx:
        tx.suppress(a_request(), Channel.EMAIL, SuppressionCause.BOUNCE, NOON)
    with database.reading() as connection:
        (row,) = connection.execute(table(SuppressionRow).select()).all()
    assert EMAIL not in str(row)
    assert len(row.address_hash) == 64


def rival(step: str, state: TouchState, hours: float, **more: object) -> LedgerRow:
    at = NOON - timedelta(hours=hours)
    row = LedgerRow(request=a_request(step), state=state, decided_at=at)
    if state is not TouchState.RESERVED and state is not TouchState.DEFERRED:
        row = replace(row, sending_at=at)
    return replace(row, **more)  # type: ignore[arg-type]


def test_what_fills_a_cap_is_counted_over_the_widest_window(store: SqlStore) -> None:
    """Reserved, sending, accepted, unknown and held-out touches of the last week count; nothing else does."""
    keep(
        store,
        rival("reserved", TouchState.RESERVED, 0, reserved_until=NOON + timedelta(minutes=1)),
        rival("dead", TouchState.RESERVED, 1, reserved_until=NOON - timedelta(minutes=58)),
        rival("sending", TouchState.SENDING, 1),
        rival("accepted", TouchState.ACCEPTED, 24 * 6.9),
        rival("old", TouchState.ACCEPTED, 24 * 7.1),
        rival("unknown", TouchState.UNKNOWN, 2),
        rival("failed", TouchState.FAILED, 2),
        rival("shadow", TouchState.SKIPPED, 3, shadow=True),
        rival("skipped", TouchState.SKIPPED, 3),
        rival("care-guide", TouchState.ACCEPTED, 3),  # the asking touch itself
        LedgerRow(
            request=a_request("confirmation", purpose=Purpose.TRANSACTIONAL),
            state=TouchState.ACCEPTED,
            sending_at=NOON,
        ),
    )
    counted = {c.key.partition(":")[2]: c for c in facts(store).counted}
    assert set(counted) == {"reserved", "sending", "accepted", "unknown", "shadow"}
    assert counted["shadow"].shadow
    assert counted["sending"].at == NOON - timedelta(hours=1)


def test_what_waits_for_a_slot_is_due_and_still_of_use(store: SqlStore) -> None:
    """A touch of any journey waits while it is due; one held by something else does not stand in the way."""

    def waits(step: str, reason: SkipReason = SkipReason.FREQUENCY_CAPPED, **request: object) -> LedgerRow:
        asked = a_request(step, journey_id="jny_other", **request)
        return LedgerRow(request=asked, state=TouchState.DEFERRED, reason=reason, decided_at=NOON)

    keep(
        store,
        waits("due", priority=80),
        waits("quiet", SkipReason.QUIET_HOURS_EXPIRED),
        waits("trouble", SkipReason.OPEN_EXCEPTION),
        waits("later", due_at=NOON + timedelta(seconds=1)),
        waits("over", expires_at=NOON),
    )
    assert [(w.key, w.priority) for w in facts(store).waiting] == [
        ("jny_other:due", 80),
        ("jny_other:quiet", 50),
    ]


def test_a_store_changes_its_policy_while_we_run(store: SqlStore, database: Database) -> None:
    """The parsed policy is kept only as long as the column is the same."""
    assert facts(store).policy.holdout_percent == 0
    change(database, StoreRow, policy={"holdout_percent": 5})
    assert facts(store).policy.holdout_percent == 5


def test_an_exit_and_an_erasure_are_seen_at_once(store: SqlStore, database: Database) -> None:
    """The journey's exit comes from its row; an erased person's order is erased whatever its state says."""
    change(database, JourneyRow, exited_at=NOON)
    change(database, PersonRow, erased_at=NOON)
    found = facts(store)
    assert (found.exited_at, found.order.erased_at) == (NOON, NOON)


def test_what_is_owned_comes_from_every_order_the_person_keeps(store: SqlStore, database: Database) -> None:
    """Kept lines of all orders are owned; a cancelled order's and a returned line's are not."""
    other = replace(STATE, lines=(replace(STATE.lines[0], product_ref="cream"),))
    gone = replace(other, lines=(replace(STATE.lines[0], product_ref="mask"),), cancelled_at=NOON)
    with database.write() as session:
        add_order(session, "ord_two", "jny_two", PERSON, replace(other, shipments={}))
        add_order(session, "ord_gone", "jny_gone", PERSON, replace(gone, shipments={}))
    assert facts(store, a_request(offered=("cream",))).owned_products == {"serum", "towel", "cream"}


def test_a_transactional_touch_reads_neither_rivals_nor_other_orders(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Caps and what is owned bind marketing only, so a confirmation does not pay for them."""
    keep(store, rival("accepted", TouchState.ACCEPTED, 1))
    seen: list[str] = []
    traced = a_request(purpose=Purpose.TRANSACTIONAL)
    execute = compiled.Compiled.run

    def heard(made: compiled.Compiled, *told: Any) -> Any:
        seen.append(made.sql)
        return execute(made, *told)

    with store.locked(STORE, PERSON) as tx:
        monkeypatch.setattr(compiled.Compiled, "run", heard)
        found = tx.facts(traced, NOON)
    assert found.counted == ()
    assert len(seen) == 4
    assert not [s for s in seen if "ledger" in s]


def test_the_ledger_is_found_by_its_index(store: SqlStore, database: Database) -> None:
    """Counting a person's touches does not read the whole ledger."""
    explain, uses = "EXPLAIN QUERY PLAN", "USING INDEX ix_ledger_person"
    with database.writing() as connection:
        if not database.is_sqlite:
            explain, uses = "EXPLAIN", "ix_ledger_person"
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # an empty table is read whole
        plan = connection.exec_driver_sql(
            f"{explain} SELECT key FROM ledger WHERE person_id = 'p' AND purpose = 'marketing' "
            "AND (counted_at > '2026-01-01' OR (state = 'deferred' AND due_at <= '2026-01-01'))"
        ).fetchall()
    assert uses in str(plan)
